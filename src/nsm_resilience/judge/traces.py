# SPDX-License-Identifier: Apache-2.0
"""What is kept of a record for the look across lanes: its clock, its acts, where its path stood.

Small, so that a whole campaign's fit into memory: a few numbers for each stretch in which the path
lost echoes or kept them waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nsm_resilience.judge.acts import Act, find_acts
from nsm_resilience.judge.altered import Alteration, altered
from nsm_resilience.judge.outages import Echoes, SamplesError, read_echoes
from nsm_resilience.judge.rules import Rules, to_ns, to_s
from nsm_resilience.judge.timeline import phase_begun
from nsm_resilience.judge.wall_clock import parse_wall
from nsm_resilience.record.reader import Record, RecordError

StretchKind = Literal["loss", "stall"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a path did not answer as it should; nanoseconds of the runner's clock.

    Attributes:
        kind: `loss`: a run of echoes that were never answered; `stall`: no reply came for as long,
            and none was lost for good.
        begin_ns: When the first echo lost was sent; of a stall, when the last reply before it came.
        end_ns: When the first reply after it came; the last echo sent, when none came any more
            (`open_end`).
        echoes: How many were lost; of a stall, kept waiting.
    """

    kind: StretchKind
    begin_ns: int
    end_ns: int
    first_seq: int
    last_seq: int
    echoes: int
    open_end: bool = False

    @property
    def length_ns(self) -> int:
        """How long it was."""
        return self.end_ns - self.begin_ns


@dataclass(frozen=True, slots=True, order=True)
class RunnerClock:
    """Which monotonic clock the times of a record are of.

    Attributes:
        host: Boot of the runner's host; where a record does not know it, the host's description.
        booted_s: UTC minus the monotonic clock at the record's begin, seconds; 0 where the boot is
            known.
    """

    cluster: str
    host: str
    booted_s: float


@dataclass(frozen=True, slots=True)
class Trace:
    """What the look across lanes needs of one attempt.

    `tolerance_ns` is `Rules.shared_tolerance_s` of its study.
    """

    trial: str
    attempt: int
    lane: str
    clock: RunnerClock
    tolerance_ns: int
    stretches: tuple[Stretch, ...]
    acts: tuple[Act, ...]


def trace_of(record: Record, alterations: Sequence[Alteration] = ()) -> Trace | None:
    """The trace of a record, by its rules or by altered ones; None without a clock to compare by.

    What is looked at ends when the trial begins to collect: after that nobody judges the path. A
    table of echoes that cannot be read, or contradicts itself, has no stretches.
    """
    clock = _clock_of(record)
    if clock is None:
        return None
    rules = altered(Rules.of(record.meta), alterations)
    try:
        echoes = read_echoes(record.table("path"))
    except (SamplesError, RecordError):
        stretches: tuple[Stretch, ...] = ()
    else:
        begun = (e.t_ns for e in record.events if phase_begun(e) == "collect")
        stretches = find_shared_candidates(echoes, rules, next(begun, None))
    return Trace(
        record.trial,
        record.attempt,
        str(record.meta.get("lane", "")),
        clock,
        to_ns(rules.shared_tolerance_s),
        stretches,
        find_acts(record),
    )


def _clock_of(record: Record) -> RunnerClock | None:
    wall_ns = parse_wall(record.events[0].wall) if record.events else None
    if wall_ns is None:
        return None
    cluster, boot = str(record.meta["cluster"].get("id")), record.meta.get("boot")
    if boot:
        return RunnerClock(cluster, str(boot), 0.0)
    host = record.meta.get("host")
    described = sorted(host.items()) if isinstance(host, dict) else host
    return RunnerClock(cluster, repr(described), to_s(wall_ns - record.events[0].t_ns))


def find_shared_candidates(
    echoes: Echoes, rules: Rules, until_ns: int | None = None
) -> tuple[Stretch, ...]:
    """Stretches of loss and stalls that are long enough to be looked at, in the order begun.

    A loss is as many echoes in a row as fit into `shared_least_s`, a stall is that long. So much
    without a reply is no echo that was dropped by chance, nor one that was sent late.
    """
    if until_ns is not None and len(echoes):
        echoes = echoes.between(int(echoes.sent[0]), until_ns)
    losses = _losses(echoes, max(1, round(rules.shared_least_s / rules.interval_s)))
    stalls = _stalls(echoes, to_ns(rules.shared_least_s), to_ns(rules.interval_s))
    lost = [(s.begin_ns, s.end_ns) for s in losses]
    alone = [s for s in stalls if not any(b <= s.end_ns and s.begin_ns <= e for b, e in lost)]
    return tuple(sorted([*losses, *alone], key=lambda s: (s.begin_ns, s.kind)))


def _losses(echoes: Echoes, least: int) -> list[Stretch]:
    lost = ~echoes.answered
    edges = np.flatnonzero(np.diff(np.concatenate(([False], lost, [False])).astype(np.int8)))
    arrivals = np.sort(echoes.arrival[echoes.answered])
    found = []
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        if after - first < least:
            continue
        last_sent = int(echoes.sent[after - 1])
        # the first reply to what was sent after it: one on its way when it began ends nothing
        came = echoes.arrival[after:][echoes.answered[after:]]
        end = int(came.min()) if len(came) else None
        if end is None and len(arrivals) and arrivals[-1] > last_sent:
            end = int(arrivals[-1])
        found.append(
            Stretch(
                "loss", int(echoes.sent[first]), last_sent if end is None else max(end, last_sent),
                int(echoes.seq[first]), int(echoes.seq[after - 1]), int(after - first), end is None,
            )
        )  # fmt: skip
    return found


def _stalls(echoes: Echoes, least: int, interval: int) -> list[Stretch]:
    """Times without a reply although echoes were sent; a prober that rested has none."""
    arrivals = np.sort(echoes.arrival[echoes.answered])
    found = []
    for at in np.flatnonzero(np.diff(arrivals) > least):
        begin, end = int(arrivals[at]), int(arrivals[at + 1])
        low = int(np.searchsorted(echoes.sent, begin, "right"))
        high = int(np.searchsorted(echoes.sent, end, "left"))
        if high <= low or end - int(echoes.sent[low]) <= least - interval:
            continue  # nothing was sent meanwhile, or it was answered in time
        found.append(
            Stretch(
                "stall", begin, end, int(echoes.seq[low]), int(echoes.seq[high - 1]), high - low
            )
        )  # fmt: skip
    return found
