# SPDX-License-Identifier: Apache-2.0
"""From tables to documents: executed notebooks, the numbers of the paper, the paper."""
