# SPDX-License-Identifier: Apache-2.0
"""The findings in sentences and short tables: pure functions over the paper's numbers.

Paper and README print them unchanged. A sentence counts and lists, with little grammar, so that it
is true and correct for zero, one and many (issue 18, point 3).
"""
