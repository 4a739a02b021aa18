# SPDX-License-Identifier: Apache-2.0
"""Wall times of Kubernetes and of logs on the runner's monotonic clock."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median_low

from nsm_resilience.record.reader import Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def wall_offset_ns(record: Record) -> int | None:
    """UTC minus the runner's monotonic clock, nanoseconds; None when the record cannot tell.

    Taken from phase changes, which are stamped with both clocks as they are written; other events
    may tell of something that happened before. The median is proof against a step of the wall
    clock. Nodes and API server are taken to have the runner's wall clock, which holds on one host
    and elsewhere to the quality of its time service: good enough to order events that are seconds
    apart, and nothing finer is decided by them.
    """
    offsets = []
    for event in record.all_of("phase"):
        wall = parse_wall(event.wall)
        if wall is not None:
            offsets.append(wall - event.t_ns)
    return median_low(offsets) if offsets else None


def parse_wall(text: str) -> int | None:
    """Nanoseconds since 1970 UTC of an ISO time (to the microsecond), None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
