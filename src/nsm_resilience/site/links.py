# SPDX-License-Identifier: Apache-2.0
"""Relative addresses between pages, and out of the site.

Where pages and anchors are is said in `report.site_links`, which paper and HTML report read too:
a package below the site may not import from it.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from nsm_resilience.report.site_links import (
    EVIDENCE,
    FRONT,
    ROWS_SHOWN,
    WORDS,
    claim_anchor,
    event_anchor,
    evidence_anchor,
    in_results,
    index_of,
    kubernetes_anchor,
    page_of,
    page_of_cell,
    page_of_notebook,
    page_of_table,
    row_anchor,
)

__all__ = [
    "EVIDENCE",
    "FRONT",
    "ROWS_SHOWN",
    "WORDS",
    "between_pages",
    "claim_anchor",
    "event_anchor",
    "evidence_anchor",
    "in_results",
    "index_of",
    "kubernetes_anchor",
    "out_of_site",
    "page_of",
    "page_of_cell",
    "page_of_notebook",
    "page_of_table",
    "row_anchor",
]


def between_pages(source: PurePosixPath, target: PurePosixPath, anchor: str = "") -> str:
    """Relative address from one page of the site to another of its files."""
    address = quote(PurePosixPath(os.path.relpath(target, source.parent)).as_posix())
    return f"{address}#{quote(anchor)}" if anchor else address


def out_of_site(site: Path, source: PurePosixPath, target: Path) -> str:
    """Relative address from a page of a site in the folder `site` to a file outside it."""
    return quote(Path(os.path.relpath(target, site / source.parent)).as_posix())
