# SPDX-License-Identifier: Apache-2.0
"""The instants of a trial and the length of its phases, from the record's events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from nsm_resilience.judge.rules import to_s
from nsm_resilience.record.events import Event, Phase
from nsm_resilience.record.reader import Record


@dataclass(frozen=True, slots=True)
class Instants:
    """When the judged fault came and how long it was watched; None where the record lacks it.

    Attributes:
        fault: Event of the judged fault (of a control: the instant at which it would have come).
        fault_ns: Its instant, nanoseconds of the runner's clock.
        watch_end: Event that ended the watch.
        steady: Begin of the steady phase and the fault, nanoseconds: all of it must be green.
    """

    fault: Event | None
    fault_ns: int | None
    watch_end: Event | None
    steady: tuple[int, int] | None

    @property
    def watch(self) -> tuple[int, int] | None:
        """Begin and end of the watch, nanoseconds; None unless both are known and in order."""
        if self.fault_ns is None or self.watch_end is None or self.watch_end.t_ns <= self.fault_ns:
            return None
        return self.fault_ns, self.watch_end.t_ns

    def since_fault(self, t_ns: int) -> float | None:
        """Seconds from the fault; None when there was none."""
        return None if self.fault_ns is None else to_s(t_ns - self.fault_ns)


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """One phase of a trial. `begin_s` counts from the fault; `seconds` is None for a cut phase."""

    phase: str
    begin_s: float | None
    seconds: float | None


def find_instants(record: Record) -> Instants:
    """The instants of the judged outage: the last fault of the record and what came around it.

    A record of a second outage in one connection holds two fault instants; the first is the history
    that the trial needs, the last is the one that is judged.
    """
    fault = _last(record.all_of("fault_instant"))
    fault_ns = None
    if fault is not None:
        given = fault.data.get("t_fault_ns")
        fault_ns = given if isinstance(given, int) and not isinstance(given, bool) else fault.t_ns
    watch_end = _last(record.all_of("watch_end"))
    steady = None
    begin = _last(
        [
            e
            for e in record.all_of("phase")
            if e.data.get("name") == "steady"
            and e.data.get("state") == "begin"
            and (fault_ns is None or e.t_ns <= fault_ns)
        ]
    )
    if begin is not None:
        end = next(
            (
                e
                for e in record.all_of("phase")
                if e.data.get("name") == "steady"
                and e.data.get("state") == "end"
                and e.seq > begin.seq
            ),
            None,
        )
        if end is not None:
            # Between the end of the phase and the fault the agents are only being armed: what is
            # not green there is not the fault's doing either.
            steady = (begin.t_ns, max(begin.t_ns, end.t_ns if fault_ns is None else fault_ns))
    return Instants(fault, fault_ns, watch_end, steady)


def find_phases(record: Record, instants: Instants) -> tuple[PhaseSpan, ...]:
    """Every phase in the order begun; a phase that was entered twice has two spans."""
    spans: list[PhaseSpan] = []
    following: dict[object, Event] = {}
    for event in reversed(record.all_of("phase")):
        name, state = event.data.get("name"), event.data.get("state")
        if name not in get_args(Phase) or state not in ("begin", "end"):
            continue
        if state == "begin":
            next_one = following.get(name)
            ended = next_one is not None and next_one.data.get("state") == "end"
            spans.append(
                PhaseSpan(
                    str(name),
                    instants.since_fault(event.t_ns),
                    to_s(next_one.t_ns - event.t_ns) if next_one is not None and ended else None,
                )
            )
        following[name] = event
    return tuple(reversed(spans))


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
