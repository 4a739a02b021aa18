# SPDX-License-Identifier: Apache-2.0
"""Analysis of the tables: intervals, survival, and figures as functions of tables.

Nothing in here reads a record or a cluster. Import the module you need
(`nsm_resilience.statistics.intervals`); this package imports nothing itself, so that a command
that only wants an interval does not pay for a plotting library.
"""
