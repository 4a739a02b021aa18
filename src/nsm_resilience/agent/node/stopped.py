# SPDX-License-Identifier: Apache-2.0
"""Notes on the node about processes that faults stop, so that any later agent can continue them.

A process is [pid, start_ticks]: see `processes`. Each fault has a file of its own, which is written
before it stops anything, and removed when none of its processes is stopped any more.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable

import damage
import processes

STOPPED = ("T", "t")
SETTLE_S = 2.0
Process = tuple[int, int]


def keep(fault: str, stopped: Iterable[Process]) -> None:
    """Write a note about all processes that a fault is going to stop."""
    damage.note("stopped", fault, list(stopped))


def left(fault: str = "*") -> list[int]:
    """Pids that a fault, or any fault, stopped and that are still stopped."""
    return [
        pid
        for _, rows in damage.noted("stopped", fault)
        for pid, start in rows or []
        if is_stopped(pid, start)
    ]


def is_stopped(pid: int, start: int) -> bool:
    """Whether the process with this pid and start time is stopped."""
    return processes.state_of(pid, start) in STOPPED


def resume(fault: str = "*") -> list[int]:
    """Continue the processes of a fault, or of all; returns pids that are still stopped."""
    end = time.monotonic() + SETTLE_S
    while (stopped := left(fault)) and time.monotonic() < end:
        for pid in stopped:
            send(pid, signal.SIGCONT)
        time.sleep(0.02)
    if not stopped:
        for file, _ in damage.noted("stopped", fault):
            damage.forget(file)
    return stopped


def send(pid: int, number: int) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
