# SPDX-License-Identifier: Apache-2.0
"""Write the pages that all campaigns share: the tidy tables, and the executed notebooks."""

from __future__ import annotations

import csv
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from nsm_resilience.analysis.figures.cells import cell_id
from nsm_resilience.report.site_links import (
    EVIDENCE,
    ROWS_SHOWN,
    claim_anchor,
    index_of,
    page_of,
    page_of_cell,
    page_of_notebook,
    page_of_table,
)
from nsm_resilience.site.notebook_page import notebook_page
from nsm_resilience.site.overview import NOT_TESTED
from nsm_resilience.site.pages import SiteFolder
from nsm_resilience.tables.columns import Table
from nsm_resilience.tables.contrasts import CONTRAST_TABLES
from nsm_resilience.tables.language import counted, shortened
from nsm_resilience.tables.row_numbers import FIRST
from nsm_resilience.tables.schemas import TABLES

LONGEST = 160
"""Most characters of a field that are shown: a trial's evidence is one field of thousands."""

# a trial's evidence is one field
csv.field_size_limit(sys.maxsize)

Target = tuple[PurePosixPath, str]
"""A page of the site and an anchor on it, or an empty one."""
Field = tuple[str, Target | None]
"""A text of the file, cut if it is long, and the target of its link."""


@dataclass(frozen=True, slots=True)
class Document:
    """A page that was written, with its name and its contents in words."""

    page: PurePosixPath
    name: str
    about: str


def write_tables(
    site: SiteFolder,
    description: Mapping[str, Any],
    tables_dir: Path,
    pages: Collection[PurePosixPath],
) -> list[Document]:
    """Write a page for every table that exists; its rows link only to `pages`."""
    written = []
    for table in (*TABLES, *CONTRAST_TABLES):
        file = tables_dir / f"{table.name}.csv"
        if not file.is_file():
            continue
        page = page_of_table(table.name)
        lines, rows = first_rows(table, file, pages)
        outside = site.outside(page)
        site.fill(
            page,
            "table.html.j2",
            description,
            table=table,
            lines=lines,
            rows=rows,
            longest=LONGEST,
            downloads=[
                (outside(file.with_suffix(suffix)), kind)
                for suffix, kind in ((".csv", "CSV"), (".parquet", "Parquet"))
                if file.with_suffix(suffix).is_file()
            ],
        )
        written.append(Document(page, table.name, f"{table.meaning} {counted(rows, 'row')}."))
    return written


def first_rows(
    table: Table, csv_file: Path, pages: Collection[PurePosixPath]
) -> tuple[list[tuple[int, list[Field]]], int]:
    """Read the first rows of a table, each by its number, and count all."""
    with csv_file.open(encoding="utf-8", newline="") as text:
        reader = csv.DictReader(text)
        first = list(islice(reader, ROWS_SHOWN))
        rows = len(first) + sum(1 for _ in reader)
    shown: list[tuple[int, list[Field]]] = []
    for number, row in enumerate(first, FIRST):
        targets = {name: to for name, to in _targets(table.name, row).items() if to[0] in pages}
        fields = [(shortened(row[name], LONGEST), targets.get(name)) for name in table.names]
        shown.append((number, fields))
    return shown, rows


def _targets(table: str, row: Mapping[str, str]) -> dict[str, Target]:
    """Targets of the links in a row, by column."""
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


def write_notebooks(
    site: SiteFolder, description: Mapping[str, Any], folder: Path
) -> list[Document]:
    """Write a page for every executed notebook of a folder, with its pictures."""
    written = []
    for file in sorted(folder.glob("[!.]*.ipynb")):
        content = notebook_page(file)
        page = page_of_notebook(content.name)
        for name, picture in content.pictures.items():
            site.write(page.with_name(name), picture)
        download = site.outside(page)(file)
        site.fill(page, "notebook.html.j2", description, notebook=content, download=download)
        written.append(Document(page, content.name, content.title))
    return written
