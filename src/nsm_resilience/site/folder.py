# SPDX-License-Identifier: Apache-2.0
"""The folder that a site is written to, and relative addresses from its pages."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote


@dataclass(frozen=True)
class SiteFolder:
    """Folder that is written, and the place where it will be, from which links are counted."""

    folder: Path
    place: Path

    def write(self, page: PurePosixPath, content: str | bytes) -> None:
        """Write a page, or another file of the site."""
        path = self.folder / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def outside(self, page: PurePosixPath) -> Callable[[Path], str]:
        """Addresses of files outside the site, as seen from a page."""
        folder = self.place / page.parent
        return lambda target: quote(Path(os.path.relpath(target, folder)).as_posix())


def between_pages(source: PurePosixPath, target: PurePosixPath, anchor: str = "") -> str:
    """Relative address from one page of the site to another of its files."""
    address = quote(PurePosixPath(os.path.relpath(target, source.parent)).as_posix())
    return f"{address}#{quote(anchor)}" if anchor else address
