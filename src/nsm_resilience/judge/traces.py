# SPDX-License-Identifier: Apache-2.0
"""The trace of a record, for the comparison of lanes: its clock, its acts, its losses and stalls.

Traces are small, so that those of a whole campaign fit into memory: a few numbers for each stretch
in which the path lost or delayed echoes.
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
    """A time in which a path lost or delayed echoes; nanoseconds of the runner's clock.

    Attributes:
        kind: `loss`: a run of echoes that were never answered; `stall`: a time without replies that
            overlaps no loss.
        begin_ns: Of a loss, when the first lost echo was sent; of a stall, the last reply before.
        end_ns: The first reply after it; without one (`open_end`), when the last echo was sent.
        echoes: Number of lost, or delayed, echoes.
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
        """Its length."""
        return self.end_ns - self.begin_ns


@dataclass(frozen=True, slots=True, order=True)
class RunnerClock:
    """Identity of the monotonic clock of a record's times.

    Attributes:
        host: Boot id of the runner's host; in records without it, the host's description.
        booted_s: UTC minus the monotonic clock at the record's begin, seconds; 0 where the boot is
            known.
    """

    cluster: str
    host: str
    booted_s: float


@dataclass(frozen=True, slots=True)
class Trace:
    """The data of one attempt for the comparison of lanes.

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
    """The trace of a record, by its rules or by altered ones; None without a wall time.

    It ends when the trial begins to collect: later echoes are not judged. A table of echoes that
    cannot be read, or contradicts itself, has no stretches.
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
    """Losses and stalls that are long enough to be compared, in the order of begin.

    A loss has at least as many echoes in a row as fit into `shared_least_s`, a stall lasts longer
    than that. Single losses, and echoes sent late, are shorter.
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
        # the first reply to a later echo: a reply in flight when the loss began does not end it
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
    """Times without a reply although echoes were sent; a pause of the prober is no stall."""
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
