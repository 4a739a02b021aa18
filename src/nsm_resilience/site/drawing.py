# SPDX-License-Identifier: Apache-2.0
"""The model of the interactive timeline of one attempt, and its summary in words.

Rows are things (a component, a socket, who noticed), each with spans of time and instants. A
template draws them; the only HTML in here are the addresses of marks.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in seconds, with its look (`kind`) and its words (`text`)."""

    begin_s: float
    end_s: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An instant in seconds, and the address of its details."""

    t_s: float
    kind: str
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Row:
    """One lane.

    Attributes:
        kind: `phase`, `event`, `component`, `socket`, `watchdog` or `asked`.
        colour: the component's in all figures; empty for the page's text colour.
        spans: stretches of time, later ones drawn over earlier ones.
        about: the full name if the label is shortened.
    """

    label: str
    kind: str
    colour: str
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...] = ()
    about: str = ""


@dataclass(frozen=True)
class Replies:
    """Bins of equal width with the echoes sent in them.

    Attributes:
        first_s: begin of the first bin.
        median_ms: median time of the replies of each bin; None without reply.
        limits_ms: whole decades around the medians.
    """

    width_s: float
    first_s: float
    median_ms: tuple[float | None, ...]
    sent: tuple[int, ...]
    lost: tuple[int, ...]
    limits_ms: tuple[float, float]


@dataclass(frozen=True)
class Drawing:
    """The timeline of one attempt; seconds from the fault.

    Attributes:
        end_s: right edge: the end of the phase after the watch, so that the new client is shown.
        gaps: interruptions of the path, as in the table `outages`.
        faults: when any fault was being injected, without overlaps.
    """

    begin_s: float
    end_s: float
    watch_s: float
    replies: Replies
    gaps: tuple[Span, ...]
    faults: tuple[Span, ...]
    rows: tuple[Row, ...]


def summary(drawing: Drawing) -> str:
    """Describe the timeline in a paragraph, for those who do not see it."""
    gaps = [_stretch(gap) for gap in drawing.gaps]
    path = f"no reply {', '.join(gaps)}" if gaps else "the path was never interrupted"
    parts = [f"Replies: {path}"]
    for row in drawing.rows:
        odd = [s for s in row.spans if s.kind in ("gone", "stopped", "changed")]
        if row.kind in ("component", "socket") and odd:
            parts.append(f"{row.label}: " + ", ".join(f"{s.text} {_stretch(s)}" for s in odd))
    return (
        f"Seconds from the fault, {drawing.begin_s:g} to {drawing.end_s:.0f}; the watch ended at "
        f"{drawing.watch_s:.1f} s. {'. '.join(parts)}."
    )


def _stretch(span: Span) -> str:
    return f"from {span.begin_s:.2f} to {span.end_s:.2f} s"
