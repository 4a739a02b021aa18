# SPDX-License-Identifier: Apache-2.0
"""Where the time of the lanes went: what the study requires, what the system needs, what is ours.

A lane's time runs from the beginning of its first attempt to the end of its last one. The study
requires the steady state, the watch and what is asked after it; the system under test takes its
own time to start and to connect; everything else is the harness's: cleaning, giving orders,
collecting, wiping, the time between two attempts, and attempts that came to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.tables.columns import Row

KINDS = {
    "install": "system",
    "connect": "system",
    "steady": "study",
    "watch": "study",
    "after": "study",
    "clean": "ours",
    "fault": "ours",
    "undo": "ours",
    "collect": "ours",
    "wipe": "ours",
    "between attempts": "ours",
    "incomplete attempts": "ours",
    "pause": "none",
}
"""What each part of a lane's time is for; the order is that of the table's rows."""

PAUSE_S = 60.0
"""A longer time between two attempts is no lane's inefficiency: the campaign stood still (it was
interrupted, or its cluster was replaced). It is shown, and is not lane time. Seconds."""


@dataclass(frozen=True)
class AttemptTime:
    """When an attempt ran, where, and how long its phases took (seconds; unended ones left out)."""

    lane: str
    started: datetime
    complete: bool
    phases: tuple[tuple[str, float], ...]

    @property
    def seconds(self) -> float:
        """From its beginning to its end."""
        return sum(seconds for _, seconds in self.phases)


def attempt_times(judgements: Iterable[Judgement]) -> Iterator[AttemptTime]:
    """The times of every attempt that says when and where it began."""
    for j in judgements:
        if j.lane and j.started:
            phases = tuple(
                (span.phase, span.seconds) for span in j.measures.phases if span.seconds is not None
            )
            started = datetime.fromisoformat(j.started)
            yield AttemptTime(j.lane, started, j.outcome == "complete", phases)


def efficiency_rows(campaign: str, attempts: Iterable[AttemptTime]) -> list[Row]:
    """One row for each part of the lanes' time, in the order of `KINDS`; none without attempts."""
    parts: dict[str, list[float]] = {part: [] for part in KINDS}
    lanes: dict[str, list[AttemptTime]] = {}
    for attempt in attempts:
        lanes.setdefault(attempt.lane, []).append(attempt)
        if not attempt.complete:
            parts["incomplete attempts"].append(attempt.seconds)
            continue
        for phase, seconds in attempt.phases:
            parts[phase].append(seconds)
    for own in lanes.values():
        own.sort(key=lambda attempt: attempt.started)
        for before, after in pairwise(own):
            gap = (after.started - before.started).total_seconds() - before.seconds
            parts["pause" if gap > PAUSE_S else "between attempts"].append(max(0.0, gap))
    lane_time = sum(sum(times) for part, times in parts.items() if KINDS[part] != "none")
    if not lane_time:
        return []
    return [
        {
            "campaign": campaign,
            "part": part,
            "kind": KINDS[part],
            "n": len(times),
            "total_s": sum(times),
            "share": sum(times) / lane_time if KINDS[part] != "none" else None,
            "median_s": median(times) if times else None,
            "most_s": max(times) if times else None,
        }
        for part, times in parts.items()
    ]
