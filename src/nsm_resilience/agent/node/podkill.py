# SPDX-License-Identifier: Apache-2.0
"""Every process of a pod is killed except its sandbox, which keeps the pod's network."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import processes
from lines import seen

SANDBOX = "pause"
"""Program of the process that holds a pod's namespaces."""


class Pod:
    """A fault that kills the containers of one pod."""

    METHODS = frozenset({"kill"})

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.id, self.method = wanted["id"], wanted["method"]
        self.pod, self.uid = wanted["pod"], wanted["pod_uid"]
        self.before = self._running()

    def _running(self) -> list[dict[str, Any]]:
        found = []
        for pid in processes.of_pod(self.uid):
            stat, program = processes.stat_of(pid), processes.program_of(pid)
            if stat is not None and stat[0] not in "ZX" and program != SANDBOX:
                found.append({"pid": pid, "start_ticks": stat[1], "program": program})
        return found

    def inject(self) -> None:
        """Kill them; LookupError without any process."""
        if not self.before:
            raise LookupError(f"pod {self.pod} has no process on this node")
        for one in self.before:
            try:
                os.kill(one["pid"], signal.SIGKILL)
            except ProcessLookupError:  # it ended with an earlier one
                continue

    def prove(self, until_ns: int) -> tuple[bool, list[dict[str, Any]]]:
        """(proved, checks): the old processes are gone."""
        while (alive := self._alive()) and time.monotonic_ns() < until_ns:
            time.sleep(0.01)
        after = {"alive": alive, "t_ns": time.monotonic_ns()}
        gone = not alive
        return gone, [seen(f"the processes of {self.pod} are gone", gone, self.before, after)]

    def _alive(self) -> list[int]:
        now = {(one["pid"], one["start_ticks"]) for one in self._running()}
        return [p["pid"] for p in self.before if (p["pid"], p["start_ticks"]) in now]

    def undo(self) -> tuple[bool, list[dict[str, Any]]]:
        """Nothing: the kubelet starts the containers again."""
        return True, []
