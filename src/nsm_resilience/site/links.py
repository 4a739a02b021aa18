# SPDX-License-Identifier: Apache-2.0
"""Relative addresses between pages, and out of the site (where they are: `report.site_links`)."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from urllib.parse import quote


def between_pages(source: PurePosixPath, target: PurePosixPath, anchor: str = "") -> str:
    """Relative address from one page of the site to another of its files."""
    address = quote(PurePosixPath(os.path.relpath(target, source.parent)).as_posix())
    return f"{address}#{quote(anchor)}" if anchor else address


def out_of_site(site: Path, source: PurePosixPath, target: Path) -> str:
    """Relative address from a page of a site in the folder `site` to a file outside it."""
    return quote(Path(os.path.relpath(target, site / source.parent)).as_posix())
