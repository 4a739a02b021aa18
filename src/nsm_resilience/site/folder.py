# SPDX-License-Identifier: Apache-2.0
"""The folder that a site is written to, and the place where it will be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nsm_resilience.site.links import out_of_site


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
        return lambda target: out_of_site(self.place, page, target)
