# SPDX-License-Identifier: Apache-2.0
"""Faults: one module per kind, with its order, its proof and its undo."""
