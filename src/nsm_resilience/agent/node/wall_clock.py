# SPDX-License-Identifier: Apache-2.0
"""What this node's wall clock does beside its monotonic one.

Logs and Kubernetes' events are stamped with the wall clock, which somebody may set; all else is
timed with the monotonic one. Linux slews both alike, so their difference stays the same until the
wall clock is set, or until the machine sleeps: the monotonic clock stands still then, and the clock
since boot does not.

One line at least every BEAT_S seconds, and one at once when the difference has changed by more than
CHANGED_NS: clock {"t_ns", "wall_ns", "error_ns", "slept_ns", "before"}. The wall clock was read
within `error_ns` after `t_ns`; `slept_ns` is the time since boot that the machine slept (null where
that is not known); `before` is [t_ns, wall_ns, error_ns] of the reading before, between which and
this one it changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from lines import emit

BEAT_S = 5.0
CHANGED_NS = 1_000_000
Reading = tuple[int, int, int]
"""Monotonic, wall, and how much later than the first the second was read at most; nanoseconds."""


def read(
    monotonic: Callable[[], int] = time.monotonic_ns, wall: Callable[[], int] = time.time_ns
) -> Reading:
    """Both clocks, the best of three times."""
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
    """Looks again and again, and says what must be known."""

    def __init__(self, read: Callable[[], Reading] = read) -> None:
        self._read = read
        self._last: Reading | None = None
        self._said_ns = 0

    def look(self, *, say: bool = False) -> None:
        """Read both clocks; say so if it is time, or `say`, or their difference has changed."""
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
