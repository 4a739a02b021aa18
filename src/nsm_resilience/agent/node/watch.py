# SPDX-License-Identifier: Apache-2.0
"""Component probe: the processes and sockets of this node, at regular intervals.

Order: {"programs": {component: program}, "sockets": {name: path pattern}, "interval_ns"}.
Lines: components {"t_ns", "rows": [[component, pid, start_ticks, state, cpu_ticks], …]} and
sockets {"t_ns", "rows": [[name, path, inode, kind, answers], …]}. A component without a process has
nulls. An order with only "sockets" takes one sample of them.
"""

from __future__ import annotations

import time
from typing import Any

import processes
import sockets
from lines import Stop, emit, no_more_stops, order, sleep_until, stop_on_term


def component_rows(finder: processes.Finder, programs: dict[str, str]) -> list[list[Any]]:
    """The oldest living process of each component (a container's main process)."""
    found = finder.find()
    rows: list[list[Any]] = []
    for name, program in programs.items():
        candidates = [p for p in found[program] if p[1] not in "ZX"] or found[program]
        if candidates:
            pid, state, start = min(candidates, key=lambda p: p[2])
            rows.append([name, pid, start, state, processes.cpu_ticks(pid)])
        else:
            rows.append([name, None, None, None, None])
    return rows


def socket_rows(patterns: dict[str, str]) -> list[list[Any]]:
    """The file at each socket's path, and whether somebody listens there."""
    rows = []
    for name, path in sockets.expand(patterns):
        info = sockets.describe(path)
        listening = sockets.answers(path) if info["kind"] == "socket" else False
        rows.append([name, path, info["inode"], info["kind"], listening])
    return rows


def main() -> None:
    """Sample until stopped, or once."""
    wanted = order()
    if "programs" not in wanted:
        emit("sockets", t_ns=time.monotonic_ns(), rows=socket_rows(wanted["sockets"]))
        return
    stop_on_term()
    finder = processes.Finder(wanted["programs"].values())
    start, beat = time.monotonic_ns(), 0
    try:
        while True:
            sleep_until(start + beat * wanted["interval_ns"])
            now = time.monotonic_ns()
            rows = component_rows(finder, wanted["programs"])
            emit("components", t_ns=now, rows=rows)
            now = time.monotonic_ns()
            emit("sockets", t_ns=now, rows=socket_rows(wanted["sockets"]))
            # A missed interval is skipped: every sample has its own time.
            beat = max(beat + 1, (time.monotonic_ns() - start) // wanted["interval_ns"])
    except Stop:
        no_more_stops()
        emit("ended", t_ns=time.monotonic_ns(), because="asked to stop")


if __name__ == "__main__":
    main()
