# SPDX-License-Identifier: Apache-2.0
"""This node's wall clock, compared with its monotonic clock.

Logs and Kubernetes events are stamped with the wall clock, which somebody may set; all other times
are of the monotonic clock. Linux slews both alike, so their difference is constant until the wall
clock is set, or until the machine sleeps: then the monotonic clock stands still, but not the clock
since boot.

It writes a line at least every BEAT_S seconds, and at once when the difference has changed by more
than CHANGED_NS: clock {"t_ns", "wall_ns", "error_ns", "slept_ns", "before"}. The wall clock was
read within `error_ns` after `t_ns`; `slept_ns` is the time that the machine has slept since boot
(null when not known); `before` is [t_ns, wall_ns, error_ns] of the reading before, so that a change
lies between the two.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from lines import emit

BEAT_S = 5.0
CHANGED_NS = 1_000_000
Reading = tuple[int, int, int]
"""Monotonic clock, wall clock, and the longest time between reading them; nanoseconds."""


def read(
    monotonic: Callable[[], int] = time.monotonic_ns, wall: Callable[[], int] = time.time_ns
) -> Reading:
    """Both clocks, the best of three readings."""
    readings = []
    for _ in range(3):
        begin, shown, end = monotonic(), wall(), monotonic()
        readings.append((begin, shown, end - begin))
    return min(readings, key=lambda reading: reading[2])


def slept_ns() -> int | None:
    """How long the machine has slept since boot, nanoseconds."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return None
    return max(0, time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns())


class WallClock:
    """Compares the clocks repeatedly, and reports them."""

    def __init__(self, read: Callable[[], Reading] = read) -> None:
        self._read = read
        self._last: Reading | None = None
        self._said_ns = 0

    def look(self, *, say: bool = False) -> None:
        """Read both clocks; report them if it is time, or if `say`, or after a change."""
        now, last = self._read(), self._last
        self._last = now
        changed = last is None or abs(_offset(now) - _offset(last)) > CHANGED_NS + max(
            now[2], last[2]
        )
        if changed or say or now[0] - self._said_ns >= BEAT_S * 1e9:
            self._said_ns = now[0]
            emit(
                "clock", t_ns=now[0], wall_ns=now[1], error_ns=now[2], slept_ns=slept_ns(),
                before=list(last) if last is not None else None,
            )  # fmt: skip


def _offset(reading: Reading) -> int:
    return reading[1] - reading[0]
