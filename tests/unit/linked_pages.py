# SPDX-License-Identifier: Apache-2.0
"""HTML pages of a folder as a reader follows them: links, ids, headings, text; and dead links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_DOCUMENTS = ("report.pdf", "supplement.pdf", "report.html")
LEADS_TO = frozenset((*_DOCUMENTS, "site", "tables", "notebooks", "source", "verdicts"))
"""What links of both PDFs, the HTML report and the site lead to in the folder of results, but for
the records of the campaigns."""


class Page(HTMLParser):
    """Addresses, ids, headings and text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self._said: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.text = "".join(self._said)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag in ("link", "script", "img") and (given.get("href") or given.get("src")):
            self.loaded.append(given.get("href") or given.get("src") or "")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data: str) -> None:
        self._said.append(data)

    @property
    def words(self) -> str:
        """Its text with single spaces."""
        return " ".join(self.text.split())


@cache
def _read(path: Path, _written: int) -> Page:
    return Page(path)


def read_page(path: Path) -> Page:
    """A page, which is read once for all who look at it."""
    return _read(path, path.stat().st_mtime_ns)


@cache
def ids_of(path: Path) -> frozenset[str]:
    """The ids of a page."""
    return frozenset(read_page(path).ids)


@cache
def target_of(page: Path, address: str) -> tuple[Path, str]:
    """File and id that an address of a page leads to."""
    parts = urlsplit(address)
    assert not parts.scheme and not parts.netloc, (page, address)
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
    return path, unquote(parts.fragment)


def dead_links(page: Path, inside: Path) -> Iterator[tuple[str, str]]:
    """Links of a page that lead to no file, or to no such id of an HTML page.

    Args:
        page: the page.
        inside: only what leads into this folder is looked at.
    """
    read = read_page(page)
    for address in (*read.links, *read.loaded):
        if address.startswith(("data:", "https://", "http://")):
            continue
        path, anchor = target_of(page, address)
        if not path.is_relative_to(inside.resolve()):
            continue
        if not path.exists():
            yield address, "no such file"
        elif anchor and path.suffix == ".html" and anchor not in ids_of(path):
            yield address, "no such id"
