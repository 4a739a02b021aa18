# SPDX-License-Identifier: Apache-2.0
"""Figures as functions of tables, one module each; nothing in here reads or writes a file.

Each module has `draw…` (tables → matplotlib figure) and `describe…` (the same tables → the figure
in words, and the tables and trials it rests on). The notebooks call both, the paper's numbers only
the second, so a figure and its description cannot differ.
"""
