# SPDX-License-Identifier: Apache-2.0
"""What is found, in sentences and short tables: pure functions over the paper's numbers.

Paper and README print them as they are. A sentence counts and lists; it has as little grammar as it
can, so that it is true and right for zero, one and many (issue 18, point 3).
"""
