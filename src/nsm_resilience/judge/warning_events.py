# SPDX-License-Identifier: Apache-2.0
"""Warning events of Kubernetes in a record, as evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nsm_resilience.judge.evidence import Evidence, of_kubernetes
from nsm_resilience.judge.kubernetes_events import read_kubernetes_events
from nsm_resilience.judge.wall_clock import Moment
from nsm_resilience.record.reader import Record

_GENERATED = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$")
"""What Kubernetes appends to the name of a DaemonSet's pod (alphabet of its name generator)."""


@dataclass(frozen=True, slots=True)
class Warned:
    """One moment at which a Warning event was seen; the object is named as Kubernetes names it.

    `by` is the component that reported it.
    """

    when: Moment
    reason: str
    kind: str
    name: str
    by: str
    evidence: Evidence


def read_warnings(record: Record, what: str) -> Iterator[Warned]:
    """First and last time of every Warning event; `what` is what they are evidence of."""
    for event in read_kubernetes_events(record, only="Warning"):
        text = f"{event.reason} of {event.kind} {event.name}: {event.message}"
        evidence = of_kubernetes(what, event.line, text[:300])
        for moment in event.moments:
            yield Warned(moment, event.reason, event.kind, event.name, event.by, evidence)


def short_name(pod: object) -> str:
    """A pod's name without what Kubernetes generated, so that trials can be compared."""
    return _GENERATED.sub("", str(pod))
