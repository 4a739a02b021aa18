# SPDX-License-Identifier: Apache-2.0
"""The first sign of something in a watch, and what makes it unknown.

`Nothing was shown` and `nothing was told` rest on the absence of something, and so does `first`. A
doubt is an interval in which something that would count may lie: a wall time beside a step of the
clock, a gap in a log, a line that cannot be read. If it could come before what is known to be the
first, nobody knows which was, nor when.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nsm_resilience.judge.evidence import Evidence, of_event
from nsm_resilience.judge.wall_clock import Moment
from nsm_resilience.record.events import Event

LISTED = 5
"""How many signs are referred to; the first one decides, the record holds all."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing shown, or told to a client: when, by whom and what, and where it stands."""

    when: Moment
    by: str
    evidence: Evidence


def at_event(what: str, event: Event, by: str, text: str) -> Sign:
    """The sign that an event is."""
    return Sign(Moment(event.t_ns, event.t_ns), by, of_event(what, event, text))


@dataclass(frozen=True, slots=True)
class FirstSign:
    """The first sign in the watch.

    Attributes:
        seconds: From the fault; None when there was none, or when that is not known.
        unknown: Why nobody can tell whether there was any, or what was first.
        watched: Whether everything was recorded, so that no sign means that there was none.
    """

    seconds: float | None = None
    by: str | None = None
    evidence: tuple[Evidence, ...] = ()
    unknown: str | None = None
    watched: bool = True


@dataclass(frozen=True, slots=True)
class Doubt:
    """Between two instants (nanoseconds of the runner's clock) something may be; `why` unknown."""

    earliest_ns: float
    latest_ns: float
    why: str
    evidence: Evidence | None = None


def signs_in(
    watch: tuple[int, int], found: Iterable[Sign], doubts: Iterable[Doubt], when: str, whether: str
) -> tuple[list[tuple[int, Sign]], FirstSign | None]:
    """The signs in a watch with their instants, by time; or why the first of them is not known.

    `when` says what is not known where there are signs, `whether` where there are none.
    """
    signs: list[tuple[int, Sign]] = []
    undated: list[Doubt] = []
    for one in found:
        t_ns = one.when.t_ns
        if t_ns is None:
            moment = one.when
            undated.append(Doubt(moment.earliest_ns, moment.latest_ns, moment.why, one.evidence))
        elif watch[0] <= t_ns <= watch[1]:
            signs.append((t_ns, one))
    signs.sort(key=lambda s: (s[0], s[1].by, s[1].evidence.file, s[1].evidence.line or 0))
    before_ns = signs[0][0] - 1 if signs else watch[1]  # what comes later leaves the first as it is
    open_ones = [
        one
        for one in (*undated, *doubts)
        if one.latest_ns >= watch[0] and one.earliest_ns <= before_ns
    ]
    doubt = min(open_ones, key=lambda d: (d.earliest_ns, d.latest_ns, d.why), default=None)
    if doubt is None:
        return signs, None
    evidence = () if doubt.evidence is None else (doubt.evidence,)
    text = f"{when if signs else whether} is not known: {doubt.why}"
    return signs, FirstSign(None, None, evidence, text, watched=False)
