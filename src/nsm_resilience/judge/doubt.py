# SPDX-License-Identifier: Apache-2.0
"""What may have happened in a watch and cannot be told: it makes a first time unknown.

`Nothing was shown` and `nothing was told` rest on the absence of something, and so does `first`. A
doubt is an interval in which something that would count may lie: a wall time beside a step of the
clock, a gap in a log, a line that cannot be read. If it could come before what is known to be the
first, nobody knows which was, nor when.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nsm_resilience.judge.evidence import Evidence
from nsm_resilience.judge.wall_clock import Moment


@dataclass(frozen=True, slots=True)
class Doubt:
    """Between two instants (nanoseconds of the runner's clock) something may be; `why` unknown."""

    earliest_ns: float
    latest_ns: float
    why: str
    evidence: Evidence | None = None


def doubt_of(moment: Moment, evidence: Evidence) -> Doubt:
    """The doubt about something of which only the moment is not known."""
    return Doubt(moment.earliest_ns, moment.latest_ns, moment.why, evidence)


def unsettled(
    doubts: Iterable[Doubt], begin_ns: int, end_ns: int, first_ns: int | None
) -> Doubt | None:
    """The first doubt that could lie in the watch and before what is known to be first there."""
    before_ns = end_ns if first_ns is None else first_ns - 1
    open_ones = [d for d in doubts if d.latest_ns >= begin_ns and d.earliest_ns <= before_ns]
    return min(open_ones, key=lambda d: (d.earliest_ns, d.latest_ns, d.why), default=None)
