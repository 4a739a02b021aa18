# SPDX-License-Identifier: Apache-2.0
"""Find processes on this node by program or by pod.

A node belongs to one lane, so the name of its program identifies a component, also after its pod
was replaced. The identity of a process is its pid together with its start time (field 22 of
/proc/<pid>/stat, clock ticks since boot): pids are reused, the pair is not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import foreign

GONE = (None, "Z", "X")
"""States of a process that is not alive: gone, a zombie, dead (proc(5))."""


def _stat(pid: int) -> list[bytes]:
    """Fields of /proc/<pid>/stat from the state on; OSError, or empty, when the process is gone."""
    # the name before them may hold any bytes, such as brackets and line ends
    return foreign.read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def stat_of(pid: int) -> tuple[str, int] | None:
    """Return (state, start_ticks) of a process, or None when it is gone."""
    try:
        fields = _stat(pid)
        return foreign.text_of(fields[0]), int(fields[19])
    except (OSError, IndexError):  # the file is empty when the process has just ended
        return None


def state_of(pid: int, start: int) -> str | None:
    """State of the process with this pid and start time; None when it is gone."""
    stat = stat_of(pid)
    return stat[0] if stat is not None and stat[1] == start else None


def cpu_ticks(pid: int) -> int | None:
    """Processor time of all threads of a process, in clock ticks; None when it is gone."""
    try:
        fields = _stat(pid)
        return int(fields[11]) + int(fields[12])
    except (OSError, IndexError):
        return None


def program_of(pid: int) -> str | None:
    """Name of the program of a process; of a zombie, its (shortened) former name."""
    try:
        name = os.path.basename(os.readlink(f"/proc/{pid}/exe".encode()))
        return foreign.text_of(name.removesuffix(b" (deleted)"))
    except OSError:
        try:
            return foreign.text_of(foreign.read(f"/proc/{pid}/comm")).strip()
        except OSError:
            return None


def cgroups_of(pid: int) -> str:
    """Control groups of a process as one text, empty when it is gone."""
    try:
        return foreign.text_of(foreign.read(f"/proc/{pid}/cgroup"))
    except OSError:
        return ""


def all_pids() -> list[int]:
    """Pids of all processes of this node, ascending."""
    return sorted(int(name) for name in os.listdir("/proc") if name.isdecimal())


def in_pod(pid: int, pod_uid: str) -> bool:
    """Whether a process belongs to the pod; cgroups have the uid in two spellings."""
    text = cgroups_of(pid)
    return pod_uid in text or pod_uid.replace("-", "_") in text


def of_pod(pod_uid: str) -> list[int]:
    """Pids of a pod's processes, ascending; empty without any."""
    return [pid for pid in all_pids() if in_pod(pid, pod_uid)]


def in_own_network(pid: int) -> bool:
    """Whether a process has left the node's network; a process that just starts has not yet."""
    try:
        own, node = os.stat(f"/proc/{pid}/ns/net"), os.stat("/proc/1/ns/net")
    except OSError:
        return False
    return own.st_ino != node.st_ino


def in_network_of(pod_uid: str) -> int | None:
    """A process in a pod's own network, or None."""
    return next((pid for pid in of_pod(pod_uid) if in_own_network(pid)), None)


def in_any_pod(pid: int) -> bool:
    """Whether a process runs in a pod rather than directly on the node."""
    return "pod" in cgroups_of(pid)


class Finder:
    """Finds the processes of named programs, cheaply in repeated calls."""

    def __init__(self, programs: Iterable[str]) -> None:
        self.programs = set(programs)
        self._known: dict[tuple[int, int], str] = {}

    def find(self) -> dict[str, list[tuple[int, str, int]]]:
        """Map each program to [(pid, state, start_ticks), …] of its processes that run in pods."""
        found: dict[str, list[tuple[int, str, int]]] = {p: [] for p in self.programs}
        seen: dict[tuple[int, int], str] = {}
        for pid in all_pids():
            stat = stat_of(pid)
            if stat is None:
                continue
            state, start = stat
            program = self._known.get((pid, start))
            # Until exec a new process has its parent's name, so only found ones are cached.
            if program is None:
                program = program_of(pid)
                if program in self.programs and not in_any_pod(pid):
                    program = None
            if program is not None and program in self.programs:
                seen[(pid, start)] = program
                found[program].append((pid, state, start))
        self._known = seen
        return found


def component(program: str) -> dict[str, Any] | None:
    """The living process of a program as {pid, start_ticks, state}, or None.

    Of several it is the oldest: a container's main process, not its children.
    """
    alive = [p for p in Finder([program]).find()[program] if p[1] not in "ZX"]
    if not alive:
        return None
    pid, state, start = min(alive, key=lambda p: p[2])
    return {"pid": pid, "start_ticks": start, "state": state}
