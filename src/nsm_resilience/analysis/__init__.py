# SPDX-License-Identifier: Apache-2.0
"""Analysis of the tables: coverage, contrasts, figures. Nothing in here touches a cluster."""
