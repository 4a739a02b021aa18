# SPDX-License-Identifier: Apache-2.0
"""Write the pages of what all campaigns share: the tidy tables, and the executed notebooks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from nsm_resilience.report.site_links import page_of_notebook, page_of_table
from nsm_resilience.site.notebook_page import notebook_page
from nsm_resilience.site.pages import SiteFolder
from nsm_resilience.site.table_page import LONGEST, first_rows
from nsm_resilience.tables.contrasts import CONTRAST_TABLES
from nsm_resilience.tables.schemas import TABLES


@dataclass(frozen=True, slots=True)
class Document:
    """A page that was written, with what it is called and what it holds."""

    page: PurePosixPath
    name: str
    about: str


def write_tables(
    site: SiteFolder,
    description: Mapping[str, Any],
    tables_dir: Path,
    pages: Collection[PurePosixPath],
) -> list[Document]:
    """Write a page for every table that is there; `pages` are those that its rows may lead to."""
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
        written.append(Document(page, table.name, f"{table.meaning} {rows} rows."))
    return written


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
