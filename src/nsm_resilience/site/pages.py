# SPDX-License-Identifier: Apache-2.0
"""Pages as HTML: templates filled with the models, short numbers, addresses."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nsm_resilience.report.site_links import FRONT, WORDS, claim_anchor, index_of, row_anchor
from nsm_resilience.report.words import HEADINGS
from nsm_resilience.site.drawing import Drawing, Replies, summary
from nsm_resilience.tables.cell import CELL

if TYPE_CHECKING:
    from jinja2 import Environment

ASSETS = ("site.css", "timeline.css", "timeline.js", "attempts.js")
"""Files that the pages share."""

_TICKS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
"""Distances of ticks on the time axis, for template and script."""
_MOST_TICKS = 12


@dataclass(frozen=True)
class SiteFolder:
    """Folder that is written, and its final place, to which links are relative."""

    folder: Path
    place: Path

    def write(self, page: PurePosixPath, content: str | bytes) -> None:
        """Write a page, or another file of the site."""
        path = self.folder / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def fill(
        self, page: PurePosixPath, template: str, description: Mapping[str, Any], /, **values: Any
    ) -> None:
        """Write a page from a template; `description` as `around` takes it."""
        self.write(page, render(template, **around(page, description), **values))

    def outside(self, page: PurePosixPath) -> Callable[[Path], str]:
        """A function that gives addresses of files outside the site, relative to a page."""
        folder = self.place / page.parent
        return lambda target: quote(Path(os.path.relpath(target, folder)).as_posix())


def between_pages(source: PurePosixPath, target: PurePosixPath, anchor: str = "") -> str:
    """Relative address from one page of the site to another of its files."""
    address = quote(PurePosixPath(os.path.relpath(target, source.parent)).as_posix())
    return f"{address}#{quote(anchor)}" if anchor else address


def asset(name: str) -> str:
    """Text of a file of `ASSETS`."""
    return (files("nsm_resilience.site") / "assets" / name).read_text(encoding="utf-8")


def render(template: str, **values: Any) -> str:
    """Fill a template; a missing value is an error."""
    return _environment().get_template(template).render(**values)


def around(page: PurePosixPath, description: Mapping[str, Any]) -> dict[str, Any]:
    """Values of every page: addresses relative to it, and its campaign.

    Args:
        description: content of the campaign's `campaign.json`; for a page of several campaigns that
            of a synthetic one, if there is one, for its notice.
    """

    def to(target: PurePosixPath, anchor: str = "") -> str:
        return between_pages(page, target, anchor)

    return {
        "campaign": description,
        "front": to(FRONT),
        "words": to(WORDS),
        "index": to(index_of(str(description["campaign"]))),
        "assets": to(PurePosixPath("assets")),
        "to": to,
    }


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("nsm_resilience.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        short=short,
        bins=bins,
        dots=dots,
        ticks=ticks,
        share=share,
        height=height,
        summary=summary,
        decades=decades,
    )
    environment.globals.update(
        tick_steps=_TICKS_S,
        most_ticks=_MOST_TICKS,
        asset=asset,
        claim_anchor=claim_anchor,
        row_anchor=row_anchor,
        cell_columns=CELL,
        headings=HEADINGS,
    )
    return environment


def short(value: float) -> str:
    """Write seconds to the millisecond without trailing zeros.

    >>> short(1.5), short(-10.0), short(0.0004)
    ('1.5', '-10', '0')
    """
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def share(t_s: float, drawing: Drawing) -> str:
    """Position of a time between the edges of a timeline, in per cent."""
    return short(100 * (t_s - drawing.begin_s) / (drawing.end_s - drawing.begin_s))


def height(value_ms: float, replies: Replies) -> float:
    """Position of a reply time on its logarithmic axis: 100 at the bottom, 0 at the top."""
    low, high = (math.log10(limit) for limit in replies.limits_ms)
    at = (math.log10(max(value_ms, 1e-6)) - low) / (high - low)
    return round(100 - 100 * min(1.0, max(0.0, at)), 1)


def decades(replies: Replies) -> list[float]:
    """Labelled values of the axis of reply times, milliseconds."""
    low, high = replies.limits_ms
    values = [low]
    while values[-1] < high * 0.999:
        values.append(values[-1] * 10)
    return values


def dots(replies: Replies) -> str:
    """Path of one dot per bin with a reply: lines of no length with round ends."""
    found = []
    for at, median in enumerate(replies.median_ms):
        if median is not None:
            t_s = replies.first_s + (at + 0.5) * replies.width_s
            found.append(f"M{t_s:.2f} {height(median, replies):g}h0")
    return "".join(found)


def bins(replies: Replies) -> str:
    """The bins as JSON, for the values at the reading line."""
    data = {
        "first": round(replies.first_s, 6),
        "width": round(replies.width_s, 6),
        "median": [None if m is None else float(f"{m:.3g}") for m in replies.median_ms],
        "sent": replies.sent,
        "lost": replies.lost,
    }
    return json.dumps(data, separators=(",", ":"))


def ticks(drawing: Drawing) -> list[float]:
    """Ticks of the whole axis, in seconds."""
    length = drawing.end_s - drawing.begin_s
    step = next((s for s in _TICKS_S if length / s <= _MOST_TICKS), _TICKS_S[-1])
    first, last = math.ceil(drawing.begin_s / step), math.floor(drawing.end_s / step)
    return [number * step for number in range(first, last + 1)]
