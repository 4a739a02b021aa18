# SPDX-License-Identifier: Apache-2.0
"""Was the client told of the failure: by which channel, and when?"""

from __future__ import annotations

from dataclasses import dataclass

from nsm_resilience.judge.evidence import Evidence, of_event
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.record.reader import Record

LISTED = 5
"""How many notifications are referred to; the first one decides, the record holds all."""


@dataclass(frozen=True, slots=True)
class Notification:
    """The first thing that the client was told in the watch; both None when it was told nothing."""

    seconds: float | None
    by: str | None
    evidence: tuple[Evidence, ...]


def find_notification(record: Record, instants: Instants) -> Notification:
    """The first notification between the fault and the end of the watch."""
    watch = instants.watch
    if watch is None:
        return Notification(None, None, ())
    heard = sorted(
        (e for e in record.all_of("notification") if watch[0] <= e.t_ns <= watch[1]),
        key=lambda e: (e.t_ns, e.seq),
    )
    evidence = tuple(
        of_event("notification", e, f"{_channel(e.data)}: {_short(e.data.get('text'))}")
        for e in heard[:LISTED]
    )
    if not heard:
        return Notification(None, None, ())
    return Notification(instants.since_fault(heard[0].t_ns), _channel(heard[0].data), evidence)


def _channel(data: dict[str, object]) -> str:
    return str(data.get("channel") or "unnamed channel")


def _short(text: object, length: int = 200) -> str:
    line = " ".join(str(text or "").split())
    return line if len(line) <= length else line[: length - 1] + "…"
