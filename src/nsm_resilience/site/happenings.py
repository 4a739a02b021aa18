# SPDX-License-Identifier: Apache-2.0
"""The events of a record in words, each with its line and its time from the fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nsm_resilience.judge.detection import is_bad_condition
from nsm_resilience.judge.kubernetes_events import read_kubernetes_events
from nsm_resilience.judge.rules import to_s
from nsm_resilience.judge.timeline import find_instants
from nsm_resilience.judge.watchdog_events import say
from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record
from nsm_resilience.tables.language import shortened

_INTERNAL = frozenset(
    {"opened", "clock", "cluster", "clean", "shared", "snapshot", "log", "closed"}
)
"""The harness's own book-keeping, which says nothing about the system."""
_LONGEST = 300
"""Most characters of an event's data that are shown; the record has all."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event in words.

    Attributes:
        line: its line in its file, from 1.
        t_s: seconds from the zero of `Clock`.
        kind: kind of the event; the reason of a Kubernetes event.
        bad: whether it shows that something was wrong.
    """

    line: int
    t_s: float
    kind: str
    where: str
    text: str
    bad: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """Zero of a page's times, in nanoseconds of the runner's clock, and its name."""

    zero_ns: int
    since: str

    def seconds(self, t_ns: int) -> float:
        """Return seconds from the zero."""
        return to_s(t_ns - self.zero_ns)


def clock_of(record: Record) -> Clock:
    """Count from the judged fault, or from the first event if there is none."""
    fault_ns = find_instants(record).fault_ns
    if fault_ns is not None:
        return Clock(fault_ns, "the fault")
    return Clock(record.events[0].t_ns if record.events else 0, "the begin of the record")


def happenings(record: Record, clock: Clock) -> Iterator[Happening]:
    """Events of the runner, the agents and the watch of pods, in the order written."""
    for event in record.events:
        if event.kind in _INTERNAL or event.data.get("state") == "end":
            continue
        if event.kind == "watchdog" and event.data.get("what") == "beat":
            continue
        yield Happening(
            line=event.seq + 1,
            t_s=clock.seconds(event.t_ns),
            kind=event.kind.replace("_", " "),
            where=_where(event),
            text=_text(event),
            bad=event.kind in ("void", "warning", "log_gap", "interface_lost", "restart")
            or is_bad_condition(event)
            or (event.kind == "watchdog" and event.data.get("what") == "finding")
            or event.data.get("proved") is False,
        )


def kubernetes_happenings(record: Record, clock: Clock) -> list[Happening]:
    """Kubernetes events of the lane by time; one that was seen twice is at both times."""
    found = [
        Happening(
            line=event.line,
            t_s=clock.seconds(moment.earliest_ns),
            kind=event.reason,
            where=f"{event.kind} {event.name}",
            text=event.message if moment.t_ns is not None else f"{event.message} ({moment.why})",
            bad=event.type == "Warning",
        )
        for event in read_kubernetes_events(record)
        for moment in dict.fromkeys(event.moments)
    ]
    return sorted(found, key=lambda one: (one.t_s, one.line))


def _where(event: Event) -> str:
    target, node = event.target or "", event.node or ""
    return f"{target}, {node}" if target and node and "@" not in target else target or node


def _text(event: Event) -> str:
    data = event.data
    match event.kind:
        case "phase":
            return f"{data.get('name')} begins"
        case "fault_instant":
            return "the instant that is counted from"
        case "injection":
            problem = f", error: {data['error']}" if data.get("error") else ""
            return f"{data.get('method') or 'injection'}{problem}"
        case "injection_proof":
            return ("proved: " if data.get("proved") else "not proved: ") + _checks(data)
        case "watchdog":
            return say(event)
        case "restart":
            code = data.get("exit_code")
            ended = f", exit code {code}" if code is not None else ""
            return f"restart count {data.get('count_before')} → {data.get('count_after')}{ended}"
        case "condition":
            reason = f" ({data['reason']})" if data.get("reason") else ""
            return f"{data.get('type')} is {data.get('status')}{reason}"
        case "address":
            state = "up" if data.get("up") else "down"
            return f"{data.get('interface')} has {data.get('address')}, {state}"
        case "interface_lost":
            return f"{data.get('interface')} is gone"
        case "new_connection" | "bystander":
            done = data.get("answered", data.get("started"))
            word = "answered" if event.kind == "new_connection" else "started"
            return f"{word} after {_number(data.get('seconds'))} s" if done else f"not {word}"
        case "void" | "watch_end":
            return str(data.get("reason") or data.get("because") or "")
        case "undo":
            looked = f": {_checks(data)}" if event.source == "runner" else ""
            return ("done" if data.get("ok") else "failed") + looked
        case "log_gap":
            lost = data.get("bytes")
            return f"{'an unknown number of' if lost is None else lost} bytes: {data.get('why')}"
        case "notification":
            return f"{data.get('channel')}: {data.get('text')}"
        case _:
            return shortened(json.dumps(data, ensure_ascii=False), _LONGEST) if data else ""


def _checks(data: dict[str, Any]) -> str:
    """Each check once, with the number of things checked, if several, and whether it failed."""
    counts: dict[str, int] = {}
    for check in data.get("checks") or []:
        failed = "" if check.get("ok") else " (failed)"
        name = f"{check.get('check')}{failed}"
        counts[name] = counts.get(name, 0) + 1
    texts = [name if n == 1 else f"{name} ({n}×)" for name, n in counts.items()]
    return shortened("; ".join(texts) or "no check is recorded", _LONGEST)


def _number(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else "?"
