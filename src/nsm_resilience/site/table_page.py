# SPDX-License-Identifier: Apache-2.0
"""A tidy table as a page: its first rows, what its columns mean, and where the whole of it is."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from nsm_resilience.analysis.figures.cells import cell_id
from nsm_resilience.report.site_links import (
    EVIDENCE,
    ROWS_SHOWN,
    claim_anchor,
    index_of,
    page_of,
    page_of_cell,
)
from nsm_resilience.site.overview import NOT_TESTED
from nsm_resilience.tables.columns import Column, Table
from nsm_resilience.tables.row_numbers import FIRST

LONGEST = 160
"""Characters of a field that are shown: the evidence of a trial is one field of thousands."""

# a trial's evidence is one field
csv.field_size_limit(sys.maxsize)

Target = tuple[PurePosixPath, str]
"""A page of the site and an anchor on it, which may be none."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its text as the file has it, cut where it is long, and where it leads."""

    text: str
    to: Target | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row, by its number as spreadsheets count: the header is row 1."""

    number: int
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class TablePage:
    """The page of a table: its first `lines`, of `rows` that there are."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    rows: int


def table_page(table: Table, csv_file: Path, pages: Collection[PurePosixPath]) -> TablePage:
    """Read the first rows of a table.

    Args:
        pages: pages that there are; what has none is not linked.
    """
    with csv_file.open(encoding="utf-8", newline="") as text:
        reader = csv.DictReader(text)
        first = list(islice(reader, ROWS_SHOWN))
        rows = len(first) + sum(1 for _ in reader)
    return TablePage(
        name=table.name,
        meaning=table.meaning,
        columns=table.columns,
        lines=tuple(
            Line(number, _fields(table, row, pages)) for number, row in enumerate(first, FIRST)
        ),
        rows=rows,
    )


def _fields(
    table: Table, row: Mapping[str, str], pages: Collection[PurePosixPath]
) -> tuple[Field, ...]:
    targets = {
        column: found
        for column, target in _TARGETS.items()
        if column in row and (found := target(table.name, row)) is not None and found[0] in pages
    }
    return tuple(Field(_cut(row[name]), targets.get(name)) for name in table.names)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _campaign(_: str, row: Mapping[str, str]) -> Target | None:
    return index_of(row["campaign"]), ""


def _attempt(_: str, row: Mapping[str, str]) -> Target | None:
    if not {"campaign", "trial", "attempt"} <= row.keys() or not row["attempt"].isdigit():
        return None
    return page_of(row["campaign"], row["trial"], int(row["attempt"])), ""


def _verdict(table: str, row: Mapping[str, str]) -> Target | None:
    found = _attempt(table, row)
    return None if found is None else (found[0], EVIDENCE)


def _cell(table: str, row: Mapping[str, str]) -> Target | None:
    if table != "scenarios":
        return None
    return page_of_cell(row["campaign"], cell_id(row)), ""


def _claim(table: str, row: Mapping[str, str]) -> Target | None:
    if table != "claims" or row["agreement"] == NOT_TESTED:
        return None
    return index_of(row["campaign"]), claim_anchor(row["claim"], row["plane"])


_TARGETS: Mapping[str, Callable[[str, Mapping[str, str]], Target | None]] = {
    "campaign": _campaign,
    "trial": _attempt,
    "verdict": _verdict,
    "n": _cell,
    "k": _cell,
    "claim": _claim,
}
"""Where a column's fields lead, by the column."""
