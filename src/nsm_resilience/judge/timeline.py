# SPDX-License-Identifier: Apache-2.0
"""The instants of a trial and the length of its phases, from the record's events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import get_args

from nsm_resilience.judge.rules import NANOSECONDS, to_s
from nsm_resilience.record.events import Event, Phase
from nsm_resilience.record.reader import Record

CLOCKS_NS = NANOSECONDS
"""How far two clocks of a trial may be apart: times of nodes are converted with an offset whose
error is half a round trip to the agent, which answers within a second or the trial is void."""


@dataclass(frozen=True, slots=True)
class Instants:
    """The instants of the judged outage; None where the record lacks one.

    Attributes:
        fault: Event of the judged fault (in a control: the instant at which it would have come).
        watch_end: Event that ended the watch.
        steady: Begin of the steady phase, and the fault, nanoseconds: the steady state. The agents
            are armed between the end of the phase and the fault; that time belongs to it as well,
            because the fault cannot have an effect yet.
    """

    fault: Event | None
    watch_end: Event | None
    steady: tuple[int, int] | None

    @property
    def fault_ns(self) -> int | None:
        """When the fault came, nanoseconds of the runner's clock."""
        return None if self.fault is None else self.fault.t_ns

    @property
    def watch(self) -> tuple[int, int] | None:
        """Begin and end of the watch, nanoseconds; None unless both are known and in order."""
        if self.fault is None or self.watch_end is None or self.watch_end.t_ns <= self.fault.t_ns:
            return None
        return self.fault.t_ns, self.watch_end.t_ns

    def since_fault(self, t_ns: int) -> float | None:
        """Seconds from the fault; None without a fault."""
        return None if self.fault is None else to_s(t_ns - self.fault.t_ns)


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """One phase of a trial. `begin_s` counts from the fault; `seconds` is None for a cut phase."""

    phase: str
    begin_s: float | None
    seconds: float | None


def phase_begun(event: Event) -> str | None:
    """The phase that an event begins, or None."""
    begins = event.kind == "phase" and event.data.get("state") == "begin"
    return str(event.data.get("name")) if begins else None


def find_instants(record: Record) -> Instants:
    """The instants of the judged outage, which is the last one of the record.

    A record of a second outage in one connection holds two fault instants; the first only prepares
    the second.
    """
    fault = _last(record.all_of("fault_instant"))
    steady = None
    if fault is not None:
        phases = (e for e in record.all_of("phase") if phase_begun(e) == "steady")
        begun = [e.t_ns for e in phases if e.t_ns <= fault.t_ns]
        steady = (begun[-1], fault.t_ns) if begun else None
    return Instants(fault, _last(record.all_of("watch_end")), steady)


def find_phases(record: Record, instants: Instants) -> tuple[PhaseSpan, ...]:
    """Every phase in the order of begin; a repeated phase has two spans."""
    spans: list[PhaseSpan] = []
    open_: dict[str, tuple[int, int]] = {}
    for event in record.all_of("phase"):
        name, state = str(event.data.get("name")), event.data.get("state")
        if name not in get_args(Phase):
            continue
        if state == "begin":
            open_[name] = len(spans), event.t_ns
            spans.append(PhaseSpan(name, instants.since_fault(event.t_ns), None))
        elif state == "end" and name in open_:
            at, begin_ns = open_.pop(name)
            spans[at] = replace(spans[at], seconds=to_s(event.t_ns - begin_ns))
    return tuple(spans)


def turns_of(record: Record) -> list[tuple[int, int]]:
    """The turns of a record: from each fault to the end of its watch, nanoseconds.

    A watch without an end lasts until the end of the record.
    """
    ends = [event.t_ns for event in record.all_of("watch_end")]
    faults = [event.t_ns for event in record.all_of("fault_instant")]
    last = record.events[-1].t_ns
    return [(begin, ends[n] if n < len(ends) else last) for n, begin in enumerate(faults)]


def turn_at(turns: list[tuple[int, int]], t_ns: int) -> int | None:
    """The number of the last turn that had begun at an instant of any clock; None for none."""
    begun = [n for n, (begin, _) in enumerate(turns) if begin - CLOCKS_NS <= t_ns]
    return begun[-1] if begun else None


def union(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join spans of time that overlap or touch, in order of time."""
    joined: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined


def _last(events: list[Event]) -> Event | None:
    return events[-1] if events else None
