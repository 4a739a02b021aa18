# SPDX-License-Identifier: Apache-2.0
"""What every script of the agent does: read its order, write lines of JSON, stop when told."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import Any

from foreign import printable

_one_at_a_time = threading.Lock()


class Stop(Exception):
    """The agent asked the script to end."""


def order() -> dict[str, Any]:
    """The script's parameters: one JSON object as its only argument."""
    wanted: dict[str, Any] = json.loads(sys.argv[1])
    return wanted


def emit(kind: str, **fields: Any) -> None:
    """Write one line, whichever thread it is from; the agent buffers it until it is pulled.

    It is ASCII, and holds no lone surrogate, whatever others on this node call their things.
    """
    text = json.dumps(printable({"kind": kind, **fields}), separators=(",", ":")) + "\n"
    left = memoryview(text.encode("ascii"))
    with _one_at_a_time:
        # A signal ends the writing of a long line early, and Python without a buffer leaves it so.
        while left:
            left = left[sys.stdout.buffer.write(left) :]
        sys.stdout.buffer.flush()


def seen(what: str, ok: bool, before: Any, after: Any) -> dict[str, Any]:
    """One check of a proof: whether that is so, and what was there before and after the fault."""
    return {"check": what, "ok": ok, "before": before, "after": after}


def stop_on_term() -> None:
    """Turn SIGTERM into Stop, so that a script ends with its last lines written."""

    def handler(_signal: int, _frame: Any) -> None:
        raise Stop

    signal.signal(signal.SIGTERM, handler)


def no_more_stops() -> None:
    """From now on SIGTERM is ignored: the script is ending, and does so whole.

    One that ends by itself may be asked to in the same moment. Then Stop would break off its last
    line or its undoing; and while Python takes itself down, SIGTERM is deadly again: a prober whose
    time was over ended with code -15, and its client's fate counted as unknown.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class Ending:
    """Notes SIGTERM, for a script that must not be interrupted in the middle of a line."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._note)

    def _note(self, _signal: int, _frame: Any) -> None:
        self.asked = True


def sleep_until(t_ns: int) -> None:
    """Sleep until an instant of the node's monotonic clock; the last 2 ms are spun through."""
    while True:
        left = t_ns - time.monotonic_ns()
        if left <= 0:
            return
        if left > 2_000_000:
            time.sleep((left - 2_000_000) / 1e9)


def be_punctual() -> str:
    """Run before everything else on this node, so that a busy machine does not delay the beat.

    Real-time priority where the node allows it, else the best ordinary one; returns which.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        return "SCHED_FIFO"
    except OSError:
        pass
    try:
        return f"nice {os.nice(-15)}"
    except OSError:
        return "ordinary"
