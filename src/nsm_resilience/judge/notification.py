# SPDX-License-Identifier: Apache-2.0
"""Was the client told of the failure: by which channel, and when?

Channels are those that the client in its arm really has (study.md, "One trial"): what the sidecar
of a monitored client got from the system and wrote down (systems/base.py, Sidecar); conditions of
the client's pod; Warning events about it. What the client could have found out by itself, such as
an interface that is gone, is none, and neither is what a stream of ours heard beside it
(judge/listener.py).

In an arm with a watchdog the client has one channel more: what that tells it of a dead path, by a
condition of its pod, an event, or a line in its workspace. That folder is mounted where the pod
asks for NSM's device: in nsm-monitor, so a plain client cannot read it while it runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nsm_resilience.judge.container_log import find_gaps, read_log
from nsm_resilience.judge.detection import is_bad_condition
from nsm_resilience.judge.doubt import Doubt, doubt_of, unsettled
from nsm_resilience.judge.evidence import Evidence, of_event
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.judge.wall_clock import Moment, WallClocks, wall_clocks
from nsm_resilience.judge.warning_events import read_warnings
from nsm_resilience.judge.watchdog_events import (
    CONDITIONS,
    REPORTER,
    is_bad_news,
    is_own_condition,
    say,
    watchdog_events,
)
from nsm_resilience.record.reader import Record
from nsm_resilience.systems.base import Sidecar
from nsm_resilience.systems.known import system_of

LISTED = 5
"""How many notifications are referred to; the first one decides, the record holds all."""


@dataclass(frozen=True, slots=True)
class Notification:
    """The first thing that the client was told in the watch.

    Attributes:
        seconds: From the fault; None when it was told nothing, or when that is not known.
        by: Which channel; None when it was told nothing, or when that is not known.
        watched: Whether every channel was recorded, so that nothing heard means nothing said.
        evidence: The first few, in order.
        unknown: Why nobody can tell whether it was told anything, or what was first.
    """

    seconds: float | None
    by: str | None
    watched: bool
    evidence: tuple[Evidence, ...]
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    t_ns: int
    by: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Stamped:
    when: Moment
    by: str
    evidence: Evidence


def find_notification(record: Record, instants: Instants) -> Notification:
    """The first notification between the fault and the end of the watch."""
    watch = instants.watch
    if watch is None or _client_is_hit(record):
        return Notification(None, None, False, ())
    pod = _client_pod(record)
    monitored = record.meta["factors"].get("client") == "monitored"
    sidecar = system_of(record.meta["factors"]).sidecar if monitored else None
    told = [*_from_events(record, pod), *_from_watchdog(record, pod, monitored=monitored)]
    doubts: list[Doubt] = []
    clocks = wall_clocks(record)
    if not clocks.is_known:
        doubts.append(Doubt(-math.inf, math.inf, "nothing tells how the wall clock went"))
    else:
        stamped = [
            *_from_warnings(record, pod),
            *(_from_sidecar(record, pod, sidecar, clocks) if sidecar is not None else ()),
        ]
        told += [_Told(o.when.t_ns, o.by, o.evidence) for o in stamped if o.when.t_ns is not None]
        doubts += [doubt_of(o.when, o.evidence) for o in stamped if o.when.t_ns is None]
    if sidecar is not None:
        doubts += _not_heard(record, pod, sidecar)
    heard = sorted(
        (one for one in told if watch[0] <= one.t_ns <= watch[1]),
        key=lambda one: (one.t_ns, one.by, one.evidence.file, one.evidence.line or 0),
    )
    doubt = unsettled(doubts, *watch, heard[0].t_ns if heard else None)
    if doubt is not None:
        what = "when the client was first told" if heard else "whether the client was told"
        text = f"{what} is not known: {doubt.why}"
        evidence = () if doubt.evidence is None else (doubt.evidence,)
        return Notification(None, None, False, evidence, text)
    if not heard:
        return Notification(None, None, True, ())
    listed = tuple(one.evidence for one in heard[:LISTED])
    return Notification(instants.since_fault(heard[0].t_ns), heard[0].by, True, listed)


def _client_is_hit(record: Record) -> bool:
    """Whether the client itself is what fails: that its own pod says so is told to nobody."""
    faults = record.meta["scenario"].get("faults") or []
    return any(isinstance(f, dict) and f.get("workload") == "client" for f in faults)


def _client_pod(record: Record) -> str:
    connected = record.first("connected")
    return str((connected.data.get("pod") if connected is not None else None) or "client")


def _from_events(record: Record, pod: str) -> Iterator[_Told]:
    for event in record.events:
        data = event.data
        if is_bad_condition(event) and data.get("pod") == pod:
            kind = str(data.get("type"))
            text = f"pod condition: {kind} is {data.get('status')}"
            by = f"watchdog: condition {kind.removeprefix(CONDITIONS)}"
            found = of_event("notification", event, text)
            yield _Told(event.t_ns, by if is_own_condition(event) else text, found)


def _from_warnings(record: Record, pod: str) -> Iterator[_Stamped]:
    for warned in read_warnings(record, "notification"):
        if (warned.kind, warned.name) == ("Pod", pod):
            who = "watchdog: event" if warned.by == REPORTER else "Kubernetes event:"
            yield _Stamped(warned.when, f"{who} {warned.reason}", warned.evidence)


def _from_watchdog(record: Record, pod: str, *, monitored: bool) -> Iterator[_Told]:
    """What the watchdog said to this client; what it says to others is none of its business."""
    for event in watchdog_events(record, "told"):
        about = (event.target or pod).rpartition("/")[2]
        unread = event.data.get("by") == "workspace file" and not monitored
        if unread or not is_bad_news(event):
            continue
        if event.data.get("to") == "client" and about == pod:
            by = f"watchdog: {event.data.get('by') or 'an unnamed way'}"
            yield _Told(event.t_ns, by, of_event("notification", event, say(event)))


def _logs(record: Record, pod: str, sidecar: Sidecar) -> list[Path]:
    return sorted(record.folder.glob(f"logs/*/{pod}/{sidecar.container}.log"))


def _from_sidecar(
    record: Record, pod: str, sidecar: Sidecar, clocks: WallClocks
) -> Iterator[_Stamped]:
    """What the sidecar wrote; each line begins with the wall time of its node, the client's."""
    for path in _logs(record, pod, sidecar):
        file = path.relative_to(record.folder).as_posix()
        for line in read_log(path):
            saying = next((name for name, said in sidecar.sayings if said.search(line.text)), None)
            if saying is None:
                continue
            found = Evidence("notification", file, line.number, None, None, _short(line.text))
            when = (
                Moment.at_any_time("a line of its log has no time")
                if line.wall_ns is None
                else clocks.of_node("client").moment(line.wall_ns)
            )
            yield _Stamped(when, f"{sidecar.container}: {saying}", found)


def _not_heard(record: Record, pod: str, sidecar: Sidecar) -> list[Doubt]:
    """When the sidecar may have written what is not in the record."""
    if not _logs(record, pod, sidecar):
        return [Doubt(-math.inf, math.inf, f"{sidecar.container}'s log was not recorded")]
    return find_gaps(record, pod, sidecar.container)


def _short(text: str, length: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
