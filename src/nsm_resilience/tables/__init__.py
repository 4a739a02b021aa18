# SPDX-License-Identifier: Apache-2.0
"""Tidy tables from verdicts: one file per table, as CSV for people and Parquet for programs.

`schemas.py` says what every column means, its unit, and when it is empty. Pure: the tables are a
function of the verdicts and the campaign's study file, and the same input gives the same bytes.
"""
