# SPDX-License-Identifier: Apache-2.0
"""The first sign in a watch, and doubts that make it unknown.

`Nothing was shown`, `nothing was told` and `first` all rest on the absence of signs. A doubt is an
interval that may hide a sign: a wall time beside a step of the clock, a gap in a log, a line that
cannot be read. If a doubt begins before the first known sign, the first one is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nsm_resilience.judge.evidence import Evidence, of_event
from nsm_resilience.judge.wall_clock import Moment
from nsm_resilience.record.events import Event

LISTED = 5
"""How many signs are listed as evidence; the first one decides, the record holds all."""

NOT_APPLICABLE = "not applicable"
"""Begin of the reason of what is not known because it is not asked."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign, or one notification of a client: its time, its name and its place in the record."""

    when: Moment
    by: str
    evidence: Evidence


def at_event(what: str, event: Event, by: str, text: str) -> Sign:
    """An event as a sign."""
    return Sign(Moment(event.t_ns, event.t_ns), by, of_event(what, event, text))


@dataclass(frozen=True, slots=True)
class FirstSign:
    """The first sign in the watch.

    Attributes:
        seconds: From the fault; None without a sign, or when the first one is not known.
        unknown: Why the first sign, or its absence, is not known or not asked; None when it is.
        watched: Whether everything was recorded, so that None proves that there was no sign.
    """

    seconds: float | None = None
    by: str | None = None
    evidence: tuple[Evidence, ...] = ()
    unknown: str | None = None
    watched: bool = True


@dataclass(frozen=True, slots=True)
class Doubt:
    """An interval (nanoseconds of the runner's clock) that may hide a sign, and why."""

    earliest_ns: float
    latest_ns: float
    why: str
    evidence: Evidence | None = None


def signs_in(
    watch: tuple[int, int], found: Iterable[Sign], doubts: Iterable[Doubt], when: str, whether: str
) -> tuple[list[tuple[int, Sign]], FirstSign | None]:
    """The signs in a watch with their instants, by time; also why the first one is not known.

    `when` names the unknown fact if there are signs, `whether` if there are none.
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
    before_ns = signs[0][0] - 1 if signs else watch[1]  # a later doubt does not change the first
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
