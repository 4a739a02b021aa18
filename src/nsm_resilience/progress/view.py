# SPDX-License-Identifier: Apache-2.0
"""A campaign's progress as lines: again and again in one place of a terminal, elsewhere once."""

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
"""Between two looks at a campaign, seconds."""


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
    """How far the campaign is, in one line."""
    voids = sum(one.outcome == "void" for one in state.done)
    told = f", {voids} void attempt{'s' if voids > 1 else ''}" if voids else ""
    if state.over:
        return (
            f"{state.name}: is over; {len(state.ended)} of {len(state.schedule)} trials were "
            f"run{told}"
        )
    return (
        f"{state.name}: {len(state.receipts)} of {len(state.schedule)} trials done{told}; "
        f"time left on {max(1, len(state.lanes))} lane(s): {clock(state.left_s)}"
    )


def lane_lines(state: State) -> Iterator[str]:
    """What each attempt under way is doing."""
    for one in state.running:
        doing = f"{one.phase} for {clock(one.phase_s)}"
        if not one.alive:
            doing = f"cut in {one.phase}: nothing was written for {clock(one.silent_s)}"
        who = f"{one.lane}: {one.trial}, attempt {one.attempt}"
        yield f"{who}: {doing}, {clock(one.seconds)} in all"


def plain(state: State, tally: Tally) -> Iterator[str]:
    """Everything, as lines."""
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

    Judging must not take processor time from a campaign that is measured: this process is nice.
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
    """The log of a trial's attempts; ProgressError names those that there are."""
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
