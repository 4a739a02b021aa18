# SPDX-License-Identifier: Apache-2.0
"""Acts of the project on a lane, and their times: they may disturb another lane (issue 14, §1).

An act stops, starts or continues processes on a node. There are five kinds: a fault is injected or
undone, a mesh is installed, a lane is wiped, a trial begins to collect. Other phases begin with
queries and disturb nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from nsm_resilience.judge.declared import faults_of
from nsm_resilience.judge.rules import NANOSECONDS, to_ns
from nsm_resilience.judge.timeline import phase_begun
from nsm_resilience.judge.wall_clock import parse_wall
from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record
from nsm_resilience.study.fault import FAILURES, UNDOABLE, Fault

ActKind = Literal["undo", "injection", "wipe", "collect", "install"]
"""The kinds, the likeliest cause first: of two at one instant the first is named."""

KINDS: tuple[ActKind, ...] = get_args(ActKind)

_DONE = {str(name): said.done for name, said in FAILURES.items()}
_UNDONE = {str(name): said.undone for name, said in FAILURES.items() if said.undone}
_PHASES: dict[str, tuple[ActKind, str]] = {
    "install": ("install", "installed its mesh"),
    "collect": ("collect", "began to collect"),
    "wipe": ("wipe", "wiped its nodes"),
}
UNDOING_PHASES = ("undo", "collect")
"""Phases that undo faults which last until the end of a trial; records before issue 14 undo them
at the beginning of `collect`."""

UNDOING_NS = 100_000_000
"""How long an undo takes at most, where the record holds only its end. The agents of those records
check every 20 ms whether the continued process runs: five checks."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act.

    Attributes:
        begin_ns: Earliest possible instant, nanoseconds.
        end_ns: Latest possible instant; equal to `begin_ns` where the record holds the instant.
        at: `begin_ns` as UTC, to the second.
        text: The act as a clause that follows "which": `continued vpp`.
        line: Its line in `events.jsonl`, from 1.
    """

    kind: ActKind
    begin_ns: int
    end_ns: int
    at: str
    text: str
    line: int

    @property
    def on_fault(self) -> bool:
        """Whether it acts on the path that its own trial measures (injection, undo)."""
        return self.kind in ("undo", "injection")


def find_acts(record: Record) -> tuple[Act, ...]:
    """Every act of a record, sorted by begin."""
    found = [*_phases(record), *_injections(record), *_undos(record)]
    return tuple(sorted(found, key=lambda act: (act.begin_ns, KINDS.index(act.kind))))


def _phases(record: Record) -> Iterator[Act]:
    for event in record.all_of("phase"):
        known = _PHASES.get(phase_begun(event) or "")
        if known is not None:
            yield _act(record, known[0], event.t_ns, event.t_ns, known[1], event)


def _injections(record: Record) -> Iterator[Act]:
    for event in record.all_of("injection"):
        begin = event.data.get("t_begin_ns", event.t_ns)
        end = max(begin, event.data.get("t_done_ns", begin))
        method = str(event.data.get("method"))
        text = f"{_DONE.get(method, method)} {_target_name(event)}"
        yield _act(record, "injection", begin, end, text, event)


def _undos(record: Record) -> Iterator[Act]:
    """The undos of lasting faults; a kill or a deletion has no undo.

    Every record holds the end of an undo, and newer ones its begin. In older ones it began at most
    UNDOING_NS earlier, but not before the fault's duration was over (for a fault without one: not
    before its phase began).
    """
    injected = {str(e.data.get("id")): e for e in record.all_of("injection")}
    faults = faults_of(record)
    for event in record.all_of("undo"):
        name = str(event.data.get("id"))
        injection = injected.get(name)
        if injection is None or injection.data.get("method") not in UNDOABLE:
            continue
        if event.source == "runner" and not event.data.get("made_anew"):
            continue  # the runner only checked that the component serves again after the undo
        begin = event.data.get("t_begin_ns")
        if begin is None:
            since = _earliest_undo(record, event, injection, faults.get(name))
            begin = max(since, event.t_ns - UNDOING_NS)
        text = f"{_UNDONE[str(injection.data['method'])]} {_target_name(event)}"
        yield _act(record, "undo", min(begin, event.t_ns), event.t_ns, text, event)


def _earliest_undo(record: Record, undo: Event, injection: Event, fault: Fault | None) -> int:
    done = injection.data.get("t_done_ns")
    if done is not None and fault is not None and fault.for_s is not None:
        over: int = done + to_ns(fault.for_s)
        if over <= undo.t_ns:
            return over
    begun = (e.t_ns for e in record.all_of("phase") if phase_begun(e) in UNDOING_PHASES)
    return max((t_ns for t_ns in begun if t_ns <= undo.t_ns), default=undo.t_ns)


def _act(record: Record, kind: ActKind, begin: int, end: int, text: str, event: Event) -> Act:
    return Act(kind, begin, end, _utc(record, begin), text, event.seq + 1)


def _utc(record: Record, t_ns: int) -> str:
    """An instant as UTC by the clocks of the record's first event; empty when it has no time."""
    first = record.events[0]
    began_ns = parse_wall(first.wall)
    if began_ns is None:
        return ""
    return f"{datetime.fromtimestamp((began_ns + t_ns - first.t_ns) // NANOSECONDS, UTC):%H:%M:%S}"


def _target_name(event: Event) -> str:
    """The target of a fault as an object of a clause: `vpp`, `the client's interface`."""
    name = str(event.target or "something").partition("@")[0]
    if name.startswith("interface:"):
        return f"the {name.removeprefix('interface:')}'s interface"
    return "the socket files" if name == "socket:all" else name.removeprefix("socket:")
