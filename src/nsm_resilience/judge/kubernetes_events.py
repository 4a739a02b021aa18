# SPDX-License-Identifier: Apache-2.0
"""Kubernetes events of a record, on the runner's clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nsm_resilience.judge.evidence import of_kubernetes
from nsm_resilience.judge.first_sign import Sign
from nsm_resilience.judge.rules import NANOSECONDS
from nsm_resilience.judge.wall_clock import Moment, parse_wall, wall_clocks
from nsm_resilience.record.files import object_in
from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import Record

_AT_ANY_TIME = Moment.at_any_time(
    "the clocks of the hosts differ, and which one stamped it is not known"
)


@dataclass(frozen=True, slots=True)
class KubernetesEvent:
    """One event as Kubernetes wrote it.

    Attributes:
        line: Its line in `kubernetes-events.jsonl`, from 1.
        type: `Normal` or `Warning`.
        reason: One word, such as `Unhealthy`.
        kind: Kind of the object that it is about.
        name: Name of that object.
        moments: First and last time at which it was seen, on the runner's clock; Kubernetes does
            not keep those in between.
        fine: Whether the stamp of each moment is finer than a second.
        by: Component that reported it, such as `kubelet`; empty when it is not stated.
    """

    line: int
    type: str
    reason: str
    kind: str
    name: str
    message: str
    moments: tuple[Moment, ...]
    fine: tuple[bool, ...]
    by: str


def read_kubernetes_events(record: Record, only: str | None = None) -> Iterator[KubernetesEvent]:
    """Events of a record in the order of their lines; with `only`, those of that type.

    Lines that are no events are skipped.
    """
    path = RecordLayout(record.folder).kubernetes_events
    clocks = wall_clocks(record)
    if not path.exists():
        return
    # Not splitlines: a message may hold other line separators, which JSON does not escape.
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, start=1):
        if only is not None and f'"{only}"' not in line:
            continue
        event = _parse(line)
        if event is None or (only is not None and event.get("type") != only):
            continue
        about = event.get("involvedObject") or event.get("regarding") or {}
        clock = clocks.of_host(_host(event))
        # A stamp in whole seconds is up to one second too early; at the end of that second the
        # event had certainly been shown.
        stamps = _stamps(event)
        moments = [
            (_AT_ANY_TIME if clock is None else clock.moment(t)).later(0 if fine else NANOSECONDS)
            for t, fine in stamps
        ]
        yield KubernetesEvent(
            line=number,
            type=str(event.get("type")),
            reason=str(event.get("reason")),
            kind=str(about.get("kind", "object")),
            name=str(about.get("name", "unnamed")),
            message=" ".join(str(event.get("message") or event.get("note")).split()),
            moments=tuple(moments),
            fine=tuple(fine for _, fine in stamps),
            by=_reporter(event),
        )


def warnings_as_signs(
    record: Record, what: str, by: Callable[[KubernetesEvent], str | None]
) -> Iterator[Sign]:
    """The first and the last time of every Warning event that `by` has a name for.

    The name of a sign says whether its time is known to the second only.
    """
    for event in read_kubernetes_events(record, only="Warning"):
        named = by(event)
        if named is not None:
            text = f"{event.reason} of {event.kind} {event.name}: {event.message}"
            evidence = of_kubernetes(what, event.line, text[:300])
            for moment, fine in zip(event.moments, event.fine, strict=True):
                yield Sign(moment, named if fine else f"{named}, to the second", evidence)


def _parse(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _reporter(event: dict[str, Any]) -> str:
    """The reporting component; the field's name depends on the version of the API."""
    named = object_in(event, "source").get("component")
    return str(event.get("reportingComponent") or event.get("reportingController") or named or "")


def _host(event: dict[str, Any]) -> str:
    """The host whose clock stamped it; empty when it is not stated."""
    return str(object_in(event, "source").get("host") or event.get("reportingInstance") or "")


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
