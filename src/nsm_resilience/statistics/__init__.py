# SPDX-License-Identifier: Apache-2.0
"""Intervals, tests and families: pure functions over numbers, which know nothing of trials."""
