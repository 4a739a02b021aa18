# SPDX-License-Identifier: Apache-2.0
"""Warning events of Kubernetes in a record, on the runner's clock."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nsm_resilience.judge.evidence import Evidence, of_kubernetes
from nsm_resilience.judge.rules import NANOSECONDS
from nsm_resilience.judge.walltime import parse_wall, wall_offset_ns
from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import Record

_GENERATED = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$")
"""What Kubernetes appends to the name of a DaemonSet's pod (alphabet of its name generator)."""


@dataclass(frozen=True, slots=True)
class Warned:
    """One time at which a Warning event was seen; the object is named as Kubernetes names it."""

    t_ns: int
    reason: str
    kind: str
    name: str
    evidence: Evidence


def read_warnings(record: Record, what: str) -> Iterator[Warned]:
    """First and last time of every Warning event; `what` is what they are evidence of.

    Events that repeat are one object with a count; what came between the two times is not kept.
    Lines that are no events are passed over: they are evidence only where they can be read.
    """
    path = RecordLayout(record.folder).kubernetes_events
    offset = wall_offset_ns(record)
    if offset is None or not path.exists():
        return
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        event = _event(line)
        if event is None or event.get("type") != "Warning":
            continue
        about = event.get("involvedObject") or event.get("regarding") or {}
        kind, name = str(about.get("kind", "object")), str(about.get("name", "unnamed"))
        reason = str(event.get("reason"))
        text = f"{reason} of {kind} {name}: {event.get('message') or event.get('note')}"
        evidence = of_kubernetes(what, number, " ".join(text.split())[:300])
        for stamp, fine in _stamps(event):
            # A stamp in whole seconds is up to one second older than what it stamps; the end of
            # its second is when it had been shown for certain.
            t_ns = stamp - offset + (0 if fine else NANOSECONDS)
            yield Warned(t_ns, reason, kind, name, evidence)


def short_name(pod: object) -> str:
    """A pod's name without what Kubernetes generated, so that trials can be compared."""
    return _GENERATED.sub("", str(pod))


def _event(line: str) -> dict[str, Any] | None:
    if '"Warning"' not in line:
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _stamps(event: dict[str, Any]) -> list[tuple[int, bool]]:
    """Times of an event, nanoseconds UTC, and whether each is finer than a second."""
    series, metadata = event.get("series") or {}, event.get("metadata") or {}
    given = [
        event.get("firstTimestamp"),
        event.get("eventTime"),
        event.get("lastTimestamp"),
        series.get("lastObservedTime"),
    ]
    if not any(given):
        given = [metadata.get("creationTimestamp")]
    found = []
    for value in given:
        parsed = parse_wall(value) if isinstance(value, str) else None
        if parsed is not None:
            found.append((parsed, "." in str(value)))
    return found
