# SPDX-License-Identifier: Apache-2.0
"""Every process of this node is stopped, and those are continued.

Left out: the node's first process (it cannot be stopped from inside), the kernel's threads and the
processes of the agent's own container. Which ones were stopped is written to a file of the node
before they are, so that whoever comes later can continue them.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from typing import Any

import damage
import processes
from checks import seen

STOPPED = ("T", "t")
SETTLE_S = 2.0


def _file() -> str:
    return os.path.join(damage.SAFE, "paused.json")


def _of_the_agent(pid: int) -> bool:
    """Whether a process has our file system: that of the agent's container."""
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


def left() -> list[int]:
    """Pids that a pause stopped and nobody has continued."""
    try:
        with open(_file()) as stream:
            known = json.load(stream)
    except (OSError, ValueError):
        return []
    return [pid for pid, start in known if _is_stopped(pid, start)]


def _is_stopped(pid: int, start: int) -> bool:
    stat = processes.stat_of(pid)
    return stat is not None and stat[0] in STOPPED and stat[1] == start


def resume() -> list[int]:
    """Continue what a pause stopped; returns pids that are stopped all the same."""
    end = time.monotonic() + SETTLE_S
    while (stopped := left()) and time.monotonic() < end:
        for pid in stopped:
            _signal(pid, signal.SIGCONT)
        time.sleep(0.02)
    if not stopped and os.path.exists(_file()):
        os.unlink(_file())
    return stopped


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


class Node:
    """The whole node, paused."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        """Look at what runs."""
        self.id, self.method = wanted["id"], wanted["method"]
        self.paused: list[tuple[int, int]] = []
        self.before = {"processes": len(candidates())}

    def inject(self) -> None:
        """Stop everything, again and again until nothing new has come meanwhile."""
        while new := [
            (pid, start)
            for pid, start, state in candidates()
            if state not in STOPPED and (pid, start) not in self.paused
        ]:
            self.paused += new
            self._keep()
            for pid, _ in new:
                _signal(pid, signal.SIGSTOP)

    def _keep(self) -> None:
        os.makedirs(damage.SAFE, exist_ok=True)
        with open(_file() + ".new", "w") as stream:
            json.dump(self.paused, stream)
        os.replace(_file() + ".new", _file())

    def prove(self, until_ns: int) -> tuple[bool, list[dict[str, Any]]]:
        """(proved, checks): every process that is there is stopped."""
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
        stopped = resume()
        ok = not stopped
        before = {"stopped": len(self.paused)}
        return ok, [seen("none of them is stopped any more", ok, before, {"stopped": stopped})]
