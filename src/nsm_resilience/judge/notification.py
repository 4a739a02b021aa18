# SPDX-License-Identifier: Apache-2.0
"""Was the client notified of the failure: by which channel, and when?

The channels are those that the client of the arm really has (study.md, "One trial"): rulebook.md,
"told". Our own stream is none of them (judge/listener.py).

In an arm with a watchdog the client has one more channel: the watchdog reports a dead path by a
condition of the client's pod, an event, or a line in its workspace. That folder is mounted in the
container that requests NSM's device: in nsm-monitor, so a plain client cannot read it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from nsm_resilience.judge.container_log import find_gaps, read_log
from nsm_resilience.judge.declared import faults_of
from nsm_resilience.judge.detection import is_bad_condition
from nsm_resilience.judge.evidence import Evidence
from nsm_resilience.judge.first_sign import (
    LISTED,
    NOT_APPLICABLE,
    Doubt,
    FirstSign,
    Sign,
    at_event,
    signs_in,
)
from nsm_resilience.judge.kubernetes_events import KubernetesEvent, warnings_as_signs
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.judge.wall_clock import Moment, wall_clocks
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


def find_notification(record: Record, instants: Instants) -> FirstSign:
    """The first notification between the fault and the end of the watch."""
    watch = instants.watch
    if watch is None:
        return FirstSign(watched=False)
    if _client_is_hit(record):
        return FirstSign(unknown=f"{NOT_APPLICABLE}: the client itself is broken", watched=False)
    pod = _client_pod(record)
    monitored = record.meta["factors"].get("client") == "monitored"
    sidecar = system_of(record.meta["factors"]).sidecar if monitored else None
    told = [*_from_events(record, pod), *_from_warnings(record, pod)]
    told += _from_watchdog(record, pod, monitored=monitored)
    doubts: list[Doubt] = []
    if sidecar is not None:
        told += _from_sidecar(record, pod, sidecar)
        doubts += _log_doubts(record, pod, sidecar)
    what = "when the client was first told", "whether the client was told"
    heard, unknown = signs_in(watch, told, doubts, *what)
    return unknown or first_told(heard, instants)


def first_told(heard: Sequence[tuple[int, Sign]], instants: Instants) -> FirstSign:
    """The first of some notifications in order of time, from a complete observation."""
    if not heard:
        return FirstSign()
    t_ns, first = heard[0]
    listed = tuple(sign.evidence for _, sign in heard[:LISTED])
    return FirstSign(instants.since_fault(t_ns), first.by, listed)


def _client_is_hit(record: Record) -> bool:
    """Whether the client itself fails: a condition of its own pod notifies nobody then."""
    return any(fault.workload == "client" for fault in faults_of(record).values())


def _client_pod(record: Record) -> str:
    connected = record.first("connected")
    return str((connected.data.get("pod") if connected is not None else None) or "client")


def _from_events(record: Record, pod: str) -> Iterator[Sign]:
    for event in record.events:
        data = event.data
        if is_bad_condition(event) and data.get("pod") == pod:
            kind = str(data.get("type"))
            text = f"pod condition: {kind} is {data.get('status')}"
            by = f"watchdog: condition {kind.removeprefix(CONDITIONS)}"
            yield at_event("notification", event, by if is_own_condition(event) else text, text)


def _from_warnings(record: Record, pod: str) -> Iterator[Sign]:
    def by(event: KubernetesEvent) -> str | None:
        who = "watchdog: event" if event.by == REPORTER else "Kubernetes event:"
        return f"{who} {event.reason}" if (event.kind, event.name) == ("Pod", pod) else None

    return warnings_as_signs(record, "notification", by)


def _from_watchdog(record: Record, pod: str, *, monitored: bool) -> Iterator[Sign]:
    """Notifications of this client by the watchdog, without those of other clients."""
    for event in watchdog_events(record, "told"):
        about = (event.target or pod).rpartition("/")[2]
        unread = event.data.get("by") == "workspace file" and not monitored
        if unread or not is_bad_news(event):
            continue
        if event.data.get("to") == "client" and about == pod:
            by = f"watchdog: {event.data.get('by') or 'an unnamed way'}"
            yield at_event("notification", event, by, say(event))


def _log_files(record: Record, pod: str, sidecar: Sidecar) -> list[Path]:
    return sorted(record.folder.glob(f"logs/*/{pod}/{sidecar.container}.log"))


def _from_sidecar(record: Record, pod: str, sidecar: Sidecar) -> Iterator[Sign]:
    """Bad news in the sidecar's log; each line begins with the wall time of the client's node."""
    clock = wall_clocks(record).of_node("client")
    for path in _log_files(record, pod, sidecar):
        file = path.relative_to(record.folder).as_posix()
        for line in read_log(path):
            saying = next((name for name, said in sidecar.sayings if said.search(line.text)), None)
            if saying is None:
                continue
            found = Evidence("notification", file, line.number, None, None, _shortened(line.text))
            when = (
                Moment.at_any_time("a line of its log has no time")
                if line.wall_ns is None
                else clock.moment(line.wall_ns)
            )
            yield Sign(when, f"{sidecar.container}: {saying}", found)


def _log_doubts(record: Record, pod: str, sidecar: Sidecar) -> list[Doubt]:
    """Times in which the sidecar may have written lines that the record lacks."""
    if not _log_files(record, pod, sidecar):
        return [Doubt(-math.inf, math.inf, f"{sidecar.container}'s log was not recorded")]
    return find_gaps(record, pod, sidecar.container)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:199] + "…"
