# SPDX-License-Identifier: Apache-2.0
"""The first rows of a tidy table for its page, each field with the page that it leads to."""

from __future__ import annotations

import csv
import sys
from collections.abc import Collection, Mapping
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
from nsm_resilience.tables.columns import Table
from nsm_resilience.tables.row_numbers import FIRST

LONGEST = 160
"""Characters of a field that are shown: the evidence of a trial is one field of thousands."""

# a trial's evidence is one field
csv.field_size_limit(sys.maxsize)

Target = tuple[PurePosixPath, str]
"""A page of the site and an anchor on it, which may be none."""
Field = tuple[str, Target | None]
"""A text as the file has it, cut where it is long, and where it leads."""


def first_rows(
    table: Table, csv_file: Path, pages: Collection[PurePosixPath]
) -> tuple[list[tuple[int, list[Field]]], int]:
    """Read the first rows of a table, each by its number, and count all.

    Args:
        pages: pages that there are; what has none is not linked.
    """
    with csv_file.open(encoding="utf-8", newline="") as text:
        reader = csv.DictReader(text)
        first = list(islice(reader, ROWS_SHOWN))
        rows = len(first) + sum(1 for _ in reader)
    shown = []
    for number, row in enumerate(first, FIRST):
        targets = {name: to for name, to in _targets(table.name, row).items() if to[0] in pages}
        shown.append((number, [(_cut(row[name]), targets.get(name)) for name in table.names]))
    return shown, rows


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _targets(table: str, row: Mapping[str, str]) -> dict[str, Target]:
    """Where the fields of a row lead, by column."""
    found: dict[str, Target] = {}
    if "campaign" in row:
        found["campaign"] = index_of(row["campaign"]), ""
    if "attempt" in row:
        page = page_of(row["campaign"], row["trial"], int(row["attempt"]))
        found |= {"trial": (page, ""), "verdict": (page, EVIDENCE)}
    if table == "scenarios":
        cell = page_of_cell(row["campaign"], cell_id(row)), ""
        found |= {"n": cell, "k": cell}
    if table == "claims" and row["agreement"] != NOT_TESTED:
        anchor = claim_anchor(row["claim"], row["plane"])
        found["claim"] = index_of(row["campaign"]), anchor
    return found
