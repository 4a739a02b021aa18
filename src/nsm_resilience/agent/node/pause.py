# SPDX-License-Identifier: Apache-2.0
"""Every process of this node is stopped, and the same processes are continued.

Left out: the node's first process (it cannot be stopped from inside), the kernel's threads and the
processes of the agent's own container. The processes are noted before they are stopped (`stopped`).
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import processes
import stopped
from lines import seen
from stopped import STOPPED


def _of_the_agent(pid: int) -> bool:
    """Whether a process has our file system, that of the agent's container."""
    try:
        return os.stat(f"/proc/{pid}/ns/mnt").st_ino == os.stat("/proc/self/ns/mnt").st_ino
    except OSError:
        return False


def candidates() -> list[tuple[int, int, str]]:
    """(pid, start_ticks, state) of every process that a pause stops."""
    found = []
    for pid in processes.all_pids():
        stat = processes.stat_of(pid)
        if pid == 1 or stat is None or stat[0] in "ZX" or _of_the_agent(pid):
            continue
        try:
            os.readlink(f"/proc/{pid}/exe")
        except FileNotFoundError:  # a thread of the kernel
            continue
        except OSError:
            pass
        found.append((pid, stat[1], stat[0]))
    return found


class Node:
    """The whole node, paused."""

    METHODS = frozenset({"pause"})

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.id, self.method = wanted["id"], wanted["method"]
        self.paused: list[tuple[int, int]] = []
        self.before = {"processes": len(candidates())}

    def inject(self) -> None:
        """Stop everything, and repeat until no new process appears."""
        while new := [
            (pid, start)
            for pid, start, state in candidates()
            if state not in STOPPED and (pid, start) not in self.paused
        ]:
            self.paused += new
            stopped.keep(self.id, self.paused)
            for pid, _ in new:
                stopped.send(pid, signal.SIGSTOP)

    def prove(self, until_ns: int) -> tuple[bool, list[dict[str, Any]]]:
        """(proved, checks): every existing process is stopped."""
        while (running := self._running()) and time.monotonic_ns() < until_ns:
            time.sleep(0.05)
        after = {"stopped": len(self.paused), "running": running}
        ok = bool(self.paused) and not running
        return ok, [seen("every process of the node is stopped", ok, self.before, after)]

    def _running(self) -> list[str]:
        return [
            str(processes.program_of(p)) for p, _, state in candidates() if state not in STOPPED
        ]

    def undo(self) -> tuple[bool, list[dict[str, Any]]]:
        """Continue them; (undone, checks): none of them is stopped any more."""
        left = stopped.resume(self.id)
        before = {"stopped": len(self.paused)}
        ok = not left
        return ok, [seen("none of them is stopped any more", ok, before, {"stopped": left})]
