# SPDX-License-Identifier: Apache-2.0
"""A campaign's progress as lines: updated in place on a terminal, elsewhere printed once."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from nsm_resilience.progress.state import ProgressError, State, Watcher
from nsm_resilience.progress.verdicts import Tally, Verdicts
from nsm_resilience.record.packed import is_recorded

EVERY_S = 2.0
"""Seconds between two looks at a campaign."""


def clock(seconds: float | None) -> str:
    """Minutes and seconds, or hours and minutes when it is longer.

    >>> clock(5), clock(65.4), clock(3_720), clock(None)
    ('0:05', '1:05', '1 h 02 min', 'not known yet')
    """
    if seconds is None:
        return "not known yet"
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 60}:{whole % 60:02}"


def headline(state: State) -> str:
    """The progress of the campaign in one line."""
    n = sum(one.outcome == "void" for one in state.done)
    voids = f", {n} void attempt{'s' if n > 1 else ''}" if n else ""
    if state.over:
        return (
            f"{state.name}: is over; {len(state.ended)} of {len(state.schedule)} trials were "
            f"run{voids}"
        )
    return (
        f"{state.name}: {len(state.receipts)} of {len(state.schedule)} trials done{voids}; "
        f"time left on {max(1, len(state.lanes))} lane(s): {clock(state.left_s)}"
    )


def lane_lines(state: State) -> Iterator[str]:
    """One line for each running attempt: its phase, and for how long."""
    for one in state.running:
        doing = f"{one.phase} for {clock(one.phase_s)}"
        if not one.alive:
            doing = f"cut in {one.phase}: nothing was written for {clock(one.silent_s)}"
        who = f"{one.lane}: {one.trial}, attempt {one.attempt}"
        yield f"{who}: {doing}, {clock(one.seconds)} in all"


def plain(state: State, tally: Tally) -> Iterator[str]:
    """Progress, running attempts and verdicts as lines."""
    from nsm_resilience.judge.verdict import Verdict

    yield headline(state)
    yield from (f"  {line}" for line in lane_lines(state))
    for cell, counts in sorted(tally.items()):
        words = ", ".join(f"{counts[word]} {word}" for word in get_args(Verdict) if counts[word])
        yield f"  {cell}: {words}"


def as_object(folder: Path, code: str) -> dict[str, Any]:
    """One look as plain values for a program; times in seconds."""
    watcher = Watcher(folder)
    state = watcher.look()
    return {
        "campaign": state.name,
        "over": state.over,
        "scheduled": len(state.schedule),
        "ended": len(state.ended),
        "left_s": state.left_s,
        "running": [asdict(one) | {"alive": one.alive} for one in state.running],
        "verdicts": {cell: dict(counts) for cell, counts in Verdicts(folder, code).tally(
            state.done).items()},
    }  # fmt: skip


def show(folder: Path, code: str, say: Callable[[str], None]) -> None:
    """Show a campaign's progress: on a terminal until its last trial is done, elsewhere once.

    This process is nice: judging must not take processor time from a campaign that is measured.
    """
    watcher, verdicts = Watcher(folder), Verdicts(folder, code)
    os.nice(max(0, 19 - os.nice(0)))
    # a terminal that takes no line back (in Emacs, by `expect`) would show nothing until the end
    if not sys.stdout.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        state = watcher.look()
        for line in plain(state, verdicts.tally(state.done)):
            say(line)
        return
    from rich.live import Live
    from rich.text import Text

    with Live(auto_refresh=False) as live:
        while True:
            state = watcher.look()
            lines = plain(state, verdicts.tally(state.done))
            live.update(Text("\n".join(lines)), refresh=True)
            if state.over:
                return
            time.sleep(EVERY_S)


def log_of(folder: Path, trial: str) -> str:
    """The log of a trial's attempts; ProgressError names the existing logs."""
    logs = folder / "logs"
    path = logs / f"{trial}.log"
    if path.is_file():
        return path.read_text(encoding="utf-8", errors="replace")
    there = sorted(p.relative_to(logs).with_suffix("").as_posix() for p in logs.glob("*/*.log"))
    near = [name for name in there if name.startswith(trial.split("/")[0])] or there
    what = f"there are: {', '.join(near[:20])}" if near else "no trial was begun here"
    if is_recorded(folder):
        what = f"a recorded campaign keeps none; see `nsm-resilience explain {trial}`"
    raise ProgressError(f"{path}: there is no such log; {what}")
