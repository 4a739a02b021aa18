# SPDX-License-Identifier: Apache-2.0
"""What the project itself did to a lane, and when: what may disturb another lane (issue 14, §1).

Looked at are the five kinds of act after which a node stops, starts or continues processes: a fault
is injected or undone, a mesh is installed, a lane is wiped, a trial begins to collect. Other phases
begin by asking and disturb nothing.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from nsm_resilience.judge.rules import NANOSECONDS, to_ns
from nsm_resilience.judge.wall_clock import parse_wall
from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record
from nsm_resilience.study.fault import FAILURES, UNDOABLE, fault_id

ActKind = Literal["undo", "injection", "wipe", "collect", "install"]
"""The kinds, the most telling first: of two in one instant the first is named."""

KINDS: tuple[ActKind, ...] = get_args(ActKind)

_DONE = {str(name): said.done for name, said in FAILURES.items()}
_UNDONE = {str(name): said.undone for name, said in FAILURES.items() if said.undone}
_PHASES: dict[str, tuple[ActKind, str]] = {
    "install": ("install", "installed its mesh"),
    "collect": ("collect", "began to collect"),
    "wipe": ("wipe", "wiped its nodes"),
}
UNDOING_PHASES = ("undo", "collect")
"""Where faults that last until the end of a trial are undone: in records before issue 14 that is
the beginning of `collect`."""

UNDOING_NS = 100_000_000
"""A record that says only when undoing had ended was made by an agent that looks every 20 ms
whether what it continued runs: five looks before, it can have begun at the earliest."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act.

    Attributes:
        kind: Which of the five.
        begin_ns: The earliest instant at which it can have been done, nanoseconds.
        end_ns: The latest one; the same where the record knows it to the instant.
        at: `begin_ns` as UTC, to the second.
        text: What was done, as it goes on after "which": `continued vpp`.
        line: Line of `events.jsonl` that tells of it, from 1.
        on_fault: Whether it acted on the path of its own lane on purpose (injection, undoing).
    """

    kind: ActKind
    begin_ns: int
    end_ns: int
    at: str
    text: str
    line: int

    @property
    def on_fault(self) -> bool:
        """Whether it was meant to act on what its own trial measures."""
        return self.kind in ("undo", "injection")


def find_acts(record: Record) -> tuple[Act, ...]:
    """Every act of a record, in the order of their begin; an event without an instant is none."""
    found = [*_phases(record), *_injections(record), *_undone(record)]
    return tuple(sorted(found, key=lambda act: (act.begin_ns, KINDS.index(act.kind))))


def _phases(record: Record) -> list[Act]:
    found = []
    for event in record.all_of("phase"):
        known = _PHASES.get(str(event.data.get("name")))
        if known is not None and event.data.get("state") == "begin":
            kind, text = known
            found.append(_act(record, kind, event.t_ns, event.t_ns, text, event))
    return found


def _injections(record: Record) -> list[Act]:
    found = []
    for event in record.all_of("injection"):
        begin, end = _integer(event, "t_begin_ns"), _integer(event, "t_done_ns")
        begin = event.t_ns if begin is None else begin
        end = begin if end is None else max(begin, end)
        method = str(event.data.get("method"))
        text = f"{_DONE.get(method, method)} {_what(event)}"
        found.append(_act(record, "injection", begin, end, text, event))
    return found


def _undone(record: Record) -> list[Act]:
    """Undoings of faults that last: of what is over at once nothing is undone.

    Records say when undoing had ended, and newer ones when it began. In older ones it began no
    earlier than UNDOING_NS before, nor than the time of a fault that has one was over, and else no
    earlier than the phase.
    """
    injected = {str(e.data.get("id")): e for e in record.all_of("injection")}
    lasted = {fault_id(n): _for_s(f) for n, f in enumerate(_faults(record), start=1)}
    entered = sorted(
        event.t_ns
        for event in record.all_of("phase")
        if event.data.get("name") in UNDOING_PHASES and event.data.get("state") == "begin"
    )
    found = []
    for event in record.all_of("undo"):
        name = str(event.data.get("id"))
        injection = injected.get(name)
        if injection is None or injection.data.get("method") not in UNDOABLE:
            continue
        if event.source == "runner" and not event.data.get("made_anew"):
            continue  # it looked that what an agent had undone serves again
        begin = _integer(event, "t_begin_ns")
        if begin is None:
            since = _undoing_since(entered, event, injection, lasted.get(name))
            begin = max(since, event.t_ns - UNDOING_NS)
        text = f"{_UNDONE[str(injection.data['method'])]} {_what(event)}"
        found.append(_act(record, "undo", min(begin, event.t_ns), event.t_ns, text, event))
    return found


def _undoing_since(entered: list[int], undo: Event, injection: Event, for_s: float | None) -> int:
    done = _integer(injection, "t_done_ns")
    over = done + to_ns(for_s) if done is not None and for_s is not None else None
    if over is not None and over <= undo.t_ns:
        return over
    before = bisect.bisect_right(entered, undo.t_ns)
    return entered[before - 1] if before else undo.t_ns


def _act(record: Record, kind: ActKind, begin: int, end: int, text: str, event: Event) -> Act:
    return Act(kind, begin, end, _utc(record, begin), text, event.seq + 1)


def _utc(record: Record, t_ns: int) -> str:
    """An instant as UTC by the clocks of the record's first event; empty when it has no time."""
    first = record.events[0]
    began_ns = parse_wall(first.wall)
    if began_ns is None:
        return ""
    try:
        return (
            f"{datetime.fromtimestamp((began_ns + t_ns - first.t_ns) // NANOSECONDS, UTC):%H:%M:%S}"
        )
    except (ValueError, OverflowError, OSError):
        return ""


def _what(event: Event) -> str:
    name = str(event.target or "something").partition("@")[0]
    if name.startswith("interface:"):
        return f"the {name.removeprefix('interface:')}'s interface"
    return "the socket files" if name == "socket:all" else name.removeprefix("socket:")


def _faults(record: Record) -> list[Any]:
    scenario = record.meta.get("scenario")
    faults = scenario.get("faults") if isinstance(scenario, dict) else None
    return list(faults) if isinstance(faults, list) else []


def _for_s(fault: Any) -> float | None:
    value = fault.get("for_s") if isinstance(fault, dict) else None
    return float(value) if isinstance(value, int | float) and 0 < value < 1e6 else None


def _integer(event: Event, key: str) -> int | None:
    value = event.data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
