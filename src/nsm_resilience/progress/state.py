# SPDX-License-Identifier: Apache-2.0
"""The state of a campaign: trials done, attempts running, durations of trials, time left.

Everything is read from the campaign's folder, while it is written. A receipt marks a trial as done;
a record without its closing event is running if its files grow.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from nsm_resilience.record.files import object_or_empty
from nsm_resilience.record.layout import CampaignLayout, RecordLayout
from nsm_resilience.record.packed import is_recorded, unpack_first
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.study.models import Study
from nsm_resilience.study.schedule import ScheduledTrial, make_schedule

SILENT_S = 60.0
"""Probes write every half second; nobody writes a record that has not grown for so long."""


class ProgressError(ValueError):
    """There is no campaign, or no log, to show."""


@dataclass(frozen=True)
class Running:
    """An attempt without its end. Seconds: in its phase, since it began, since it last grew."""

    trial: str
    attempt: int
    lane: str
    phase: str
    phase_s: float
    seconds: float
    silent_s: float

    @property
    def alive(self) -> bool:
        """Whether somebody still writes it."""
        return self.silent_s < SILENT_S


@dataclass(frozen=True)
class Done:
    """An attempt with its end; `seconds` from its beginning to its end."""

    trial: str
    attempt: int
    lane: str
    outcome: str
    reason: str
    seconds: float
    record: Path


@dataclass(frozen=True)
class State:
    """One look at a campaign."""

    name: str
    schedule: tuple[ScheduledTrial, ...]
    receipts: frozenset[str]
    running: tuple[Running, ...]
    done: tuple[Done, ...]
    lanes: tuple[str, ...]
    over: bool = False
    """Whether nothing more will be run: a recorded campaign, or one with all its receipts."""

    @property
    def ended(self) -> frozenset[str]:
        """Trials that are finished; if the campaign is over, those with a record."""
        return frozenset(one.trial for one in self.done) if self.over else self.receipts

    @property
    def left(self) -> list[ScheduledTrial]:
        """Trials without a receipt that are not running."""
        running = {one.trial for one in self.running if one.alive}
        return [s for s in self.schedule if s.trial not in self.receipts | running]

    @property
    def left_s(self) -> float | None:
        """Seconds until the last trial is done, on the lanes there are; None when unknown.

        A trial is expected to last as long as the median one of its cell, or else of its scenario,
        or else of all; without a finished trial the time is unknown.
        """
        if self.over:
            return 0.0
        finished = [one for one in self.done if one.outcome == "complete"]
        if not finished:
            return None if self.left or self.running else 0.0
        expected = _expected(finished)
        alone = sum(expected(s.trial) for s in self.left if s.alone)
        work = sum(expected(s.trial) for s in self.left if not s.alone)
        work += sum(max(0.0, expected(r.trial) - r.seconds) for r in self.running if r.alive)
        return alone + work / max(1, len(self.lanes))


def _expected(finished: list[Done]) -> Callable[[str], float]:
    """The expected duration of a trial in seconds, by its id."""
    seconds: dict[str, list[float]] = {}
    for one in finished:
        for group in _groups(one.trial):
            seconds.setdefault(group, []).append(one.seconds)
    medians = {group: statistics.median(values) for group, values in seconds.items()}
    return lambda trial: next(medians[g] for g in _groups(trial) if g in medians)


def _groups(trial: str) -> tuple[str, str, str]:
    """Groups of trials with similar durations, the closest first: its cell, its scenario, all."""
    cell = trial.split("/")[0]
    return cell, cell.split("-")[0], ""


@dataclass
class Watcher:
    """Looks at a campaign repeatedly; records that have ended are read once."""

    folder: Path
    study: Study = field(init=False)
    _ended: dict[Path, Done] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the campaign's study; ProgressError when it has none yet, or is packed."""
        study = CampaignLayout(self.folder).study
        if not study.exists():
            raise ProgressError(
                f"{study} is missing: no campaign was begun in {self.folder}. Begin it with\n"
                "  snakemake --profile profiles/live\nor name the folder of another one"
            )
        packed = unpack_first(self.folder)
        if packed:
            raise ProgressError(packed)
        self.study = load_recorded_study(study)

    def look(self) -> State:
        """The state of the campaign now."""
        layout = CampaignLayout(self.folder)
        schedule = tuple(make_schedule(self.study))
        receipts = frozenset(s.trial for s in schedule if layout.receipt(s.trial).exists())
        running: list[Running] = []
        for scheduled in schedule:
            for attempt in layout.attempt_numbers(scheduled.trial):
                record = layout.record(scheduled.trial, attempt)
                if record in self._ended:
                    continue
                found = look_at(record, scheduled.trial, attempt)
                if isinstance(found, Done):
                    self._ended[record] = found
                elif found is not None and scheduled.trial not in receipts:
                    running.append(found)
        done = tuple(self._ended.values())
        # for each trial the last attempt without an end: earlier ones were cut
        last = sorted({one.trial: one for one in running}.values(), key=lambda one: one.lane)
        used = {one.lane for one in running} | {one.lane for one in done}
        lanes = _lanes(layout) or sorted(used - {""})
        # a recorded campaign has no receipts, and nothing more is run
        over = is_recorded(self.folder) or len(receipts) == len(schedule)
        return State(self.folder.name, schedule, receipts, tuple(last), done, tuple(lanes), over)


def look_at(record: Path, trial: str, attempt: int) -> Running | Done | None:
    """One record as it is now; None while its first lines are being written, or if damaged."""
    try:
        return _look_at(record, trial, attempt)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None  # the judge reports the damage


def _look_at(record: Path, trial: str, attempt: int) -> Running | Done | None:
    layout = RecordLayout(record)
    meta = json.loads(layout.meta.read_text(encoding="utf-8"))
    lines = layout.events.read_bytes().split(b"\n")[:-1]
    events = [json.loads(line) for line in lines]
    if not events:
        return None
    began, lane = _time(meta["started"]), str(meta.get("lane", ""))
    if events[-1]["kind"] == "closed":
        reason = next((e["data"].get("reason", "") for e in events if e["kind"] == "void"), None)
        outcome = "complete" if reason is None else "void"
        seconds = _time(events[-1]["wall"]) - began
        return Done(trial, attempt, lane, outcome, reason or "", seconds, record)
    phases = [e for e in events if e["kind"] == "phase"]
    last = phases[-1] if phases else events[0]
    now = time.time()
    return Running(
        trial, attempt, lane, str(last["data"].get("name", "opened")), now - _time(last["wall"]),
        now - began, now - _grew(record),
    )  # fmt: skip


def _grew(record: Path) -> float:
    """The time of the last write to the record, seconds since 1970."""
    last = 0.0
    for path in (*record.glob("*.jsonl"), *record.glob("samples/*")):
        with suppress(FileNotFoundError):  # samples become Parquet meanwhile
            last = max(last, path.stat().st_mtime)
    return last


def _lanes(layout: CampaignLayout) -> list[str]:
    """Lanes of the campaign's cluster; none without a cluster."""
    lanes = object_or_empty(layout.cluster).get("lanes")
    return [str(lane) for lane in lanes] if isinstance(lanes, list) else []


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
