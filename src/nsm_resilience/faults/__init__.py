# SPDX-License-Identifier: Apache-2.0
"""Faults: one module per kind. Each says how it is ordered, proved and undone."""
