# SPDX-License-Identifier: Apache-2.0
"""Numbers of rows in the tables, as a spreadsheet counts them: the header is row 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FIRST = 2
"""Number of the first row after the header (RFC 7111 counts the rows of a CSV file so)."""

Span = tuple[int, int]


def rows_of(rows: pd.DataFrame) -> list[Span]:
    """Return the numbers of these rows in the table that they were taken from, by their index."""
    return spans(sorted(int(at) + FIRST for at in rows.index))


def spans(numbers: Iterable[int]) -> list[Span]:
    """Join ascending numbers that follow each other.

    >>> spans([2, 3, 4, 9])
    [(2, 4), (9, 9)]
    """
    found: list[Span] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def in_words(rows: Sequence[Span]) -> str:
    """Write spans for people.

    >>> in_words([(2, 4), (9, 9)])
    '2–4, 9'
    """
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in rows)
