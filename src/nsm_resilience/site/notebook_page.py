# SPDX-License-Identifier: Apache-2.0
"""An executed notebook as a page: its text, its outputs, and its code in closed sections.

Pictures become files beside the page, because SVG files in one page could have the same ids.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
"""Escape sequences of terminals, as in outputs of notebooks."""
_TITLE = re.compile(r"\s*#[ \t]+(.+)")
"""The heading at the beginning of a notebook; it becomes the page's."""


@dataclass(frozen=True)
class NotebookPage:
    """The page of a notebook: HTML of text, code and outputs, and its pictures by name."""

    name: str
    title: str
    parts: tuple[str, ...]
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def notebook_page(notebook: Path) -> NotebookPage:
    """Make the page of an executed notebook (format 4), or NoNotebook."""
    title = ""
    pictures: dict[str, bytes] = {}
    parts: list[str] = []
    for cell in _cells(notebook):
        source = _text(cell["source"])
        if cell["cell_type"] == "markdown":
            if not title and (found := _TITLE.match(source)):
                title, source = found[1].strip(), source[found.end() :]
            parts.append(_prose(source))
        elif cell["cell_type"] == "code":
            if source.strip():
                parts.append(_code(source))
            parts += _outputs(cell.get("outputs", []), notebook.stem, pictures)
    return NotebookPage(notebook.stem, title or notebook.stem, tuple(parts), pictures)


class NoNotebook(ValueError):
    """A file is no executed notebook; the message says how to make it again."""


def _cells(notebook: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        if content["nbformat"] != 4:
            raise ValueError(f"format {content['nbformat']}")
        return list(content["cells"])
    except (ValueError, KeyError, TypeError) as error:
        raise NoNotebook(
            f"{notebook} is no notebook of format 4 ({error}); make it again with "
            f"`snakemake --force {notebook}`"
        ) from error


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _prose(source: str) -> str:
    """Markdown as HTML, with headings below the title of the page."""
    parser = _markdown()
    tokens = parser.parse(source)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{max(2, int(token.tag[1]))}"
    return str(parser.renderer.render(tokens, parser.options, {}))


def _code(source: str) -> str:
    lines = len(source.splitlines())
    word = "line" if lines == 1 else "lines"
    return (
        f"<details><summary>code, {lines} {word}</summary>"
        f'<pre class="code" tabindex="0"><code>{escape(source)}</code></pre></details>'
    )


def _outputs(outputs: list[dict[str, Any]], name: str, pictures: dict[str, bytes]) -> Iterator[str]:
    for output in outputs:
        if output["output_type"] == "stream":
            yield _plain(_text(output["text"]))
        elif output["output_type"] == "error":
            yield _plain("\n".join(output["traceback"]))
        else:
            yield _shown(output["data"], name, pictures)


def _shown(data: Mapping[str, Any], name: str, pictures: dict[str, bytes]) -> str:
    """The richest form of an output that a page can show."""
    plain = _text(data.get("text/plain", ""))
    for kind, suffix in (("image/svg+xml", "svg"), ("image/png", "png")):
        if kind in data and "text/html" not in data:
            content = _text(data[kind])
            file = f"{name}-{len(pictures) + 1}.{suffix}"
            pictures[file] = base64.b64decode(content) if suffix == "png" else content.encode()
            image = f'<img src="{escape(file)}" alt="{escape(plain)}">'
            return f'<p class="picture"><a href="{escape(file)}">{image}</a></p>'
    if "text/html" in data:
        return f'<div class="wide output" tabindex="0">{_text(data["text/html"])}</div>'
    if "text/markdown" in data:
        return _prose(_text(data["text/markdown"]))
    return _plain(plain)


def _plain(text: str) -> str:
    return f'<pre class="output" tabindex="0">{escape(_COLOURS.sub("", text))}</pre>'
