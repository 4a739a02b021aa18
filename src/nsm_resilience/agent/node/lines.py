# SPDX-License-Identifier: Apache-2.0
"""Common parts of the agent's scripts: read the order, write lines of JSON, stop on SIGTERM."""

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
    """Write one line, from any thread; the agent buffers it until it is pulled.

    It is ASCII, and holds no lone surrogate, whatever names occur on this node.
    """
    text = json.dumps(printable({"kind": kind, **fields}), separators=(",", ":")) + "\n"
    left = memoryview(text.encode("ascii"))
    with _one_at_a_time:
        # A signal may end a long write early, and Python without a buffer does not repeat it.
        while left:
            left = left[sys.stdout.buffer.write(left) :]
        sys.stdout.buffer.flush()


def seen(what: str, ok: bool, before: Any, after: Any) -> dict[str, Any]:
    """One check of a proof: whether it holds, and the states before and after the fault."""
    return {"check": what, "ok": ok, "before": before, "after": after}


def stop_on_term() -> None:
    """Turn SIGTERM into Stop, so that a script ends with its last lines written."""

    def handler(_signal: int, _frame: Any) -> None:
        raise Stop

    signal.signal(signal.SIGTERM, handler)


def no_more_stops() -> None:
    """Ignore SIGTERM from now on, because the script is ending anyway.

    The agent may ask a script to end just when it ends by itself. Stop would then break its last
    line or its undo. And SIGTERM kills Python during its own shutdown: a prober whose time was over
    ended with code -15, and the result of its client was unknown.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class Ending:
    """Remembers SIGTERM, for a script that must not be interrupted inside a line."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._note)

    def _note(self, _signal: int, _frame: Any) -> None:
        self.asked = True


def sleep_until(t_ns: int) -> None:
    """Sleep until an instant of the node's monotonic clock, with a busy wait for the last 2 ms."""
    while True:
        left = t_ns - time.monotonic_ns()
        if left <= 0:
            return
        if left > 2_000_000:
            time.sleep((left - 2_000_000) / 1e9)


def be_punctual() -> str:
    """Raise this process's priority, so that a busy machine does not delay its echoes.

    Real-time priority if the node allows it, else the best ordinary one; returns which.
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
