# SPDX-License-Identifier: Apache-2.0
"""Is the content of a record possible? An impossible record was damaged and is rejected.

The bounds come from physics and from the protocol (trial/run.py), never from results of trials: no
echo is sent before its turn, or answered after the prober gave it up; nothing happens before a
record is opened or after it is closed; everything that the protocol always writes is there.

In records without a manifest (record/manifest.py) a consistent change goes unnoticed: the fate of
single echoes (a loss changed into a reply of the usual time), rows missing at the end of a table
after the watch, the readiness of a component, a line of a log, the words of a check. Only the
checksums of their archives cover those records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from nsm_resilience.judge.agreement import AGREEMENTS, by_client
from nsm_resilience.judge.evidence import Problem, wrong, wrong_sample
from nsm_resilience.judge.injected import INJECTED
from nsm_resilience.judge.protocol import PROTOCOL
from nsm_resilience.judge.rules import NANOSECONDS, to_ns, to_s
from nsm_resilience.judge.timeline import CLOCKS_NS
from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import Record
from nsm_resilience.record.snapshots import read_snapshot
from nsm_resilience.study.cells import Cell, Factors

if TYPE_CHECKING:
    import pandas as pd

DAY_NS = 86_400 * NANOSECONDS
"""No trial lasts that long: its prober ends by itself before (study/duration.py)."""

PROMPT_NS = 100_000_000
"""Time from giving up old echoes to the next read of the socket, on a running machine."""

LATEST_START_S = 10.0
"""How long after its window the start of an ordinary pod may be noticed: one query to Kubernetes,
which answers within ten seconds or not at all (agent/client.py, testbed/api.py)."""

TIMES = ("t_fault_ns", "t_begin_ns", "t_done_ns", "asked_ns")
"""Keys of events that hold instants of the runner's clock."""


def find_implausible(record: Record) -> Problem | None:
    """The first impossibility in a complete record, or None."""
    return next((problem for check in CHECKS for problem in check(record)), None)


def check_identity(record: Record) -> Iterator[Problem]:
    """The cell, the scenario and the levels of a record match its trial's id."""
    meta = record.meta
    cell_id, _, number = str(meta["trial"]).partition("/")
    cell = Cell(scenario=meta["scenario"]["id"], factors=Factors.model_validate(meta["factors"])).id
    for where, found in (("scenario and factors", cell), ("cell", meta["cell"])):
        if found != cell_id:
            yield Problem(f"its {where} are of {found}, and its trial is {meta['trial']}")
    if meta.get("number", int(number)) != int(number):
        yield Problem(f"it is number {meta['number']}, and its trial is {meta['trial']}")
    started = meta.get("started")
    try:
        known = datetime.fromisoformat(started or "").tzinfo is not None
    except (ValueError, TypeError):
        known = False
    if not known:
        yield Problem(f"`started` is no time: {started!r}"[:80])
    if not isinstance(meta.get("lane"), str):
        yield Problem("`lane` is no text")


def check_instants(record: Record) -> Iterator[Problem]:
    """Events, and the times in them, lie between the first and the last event."""
    opened, closed = record.events[0], record.events[-1]
    if opened.kind != "opened":
        yield wrong(opened, f"its first event is `{opened.kind}`, not `opened`")
    for key in ("trial", "attempt"):
        if opened.data.get(key, record.meta[key]) != record.meta[key]:
            text = f"it was opened as {key} {opened.data[key]}, not {record.meta[key]}"
            yield wrong(opened, text[:120])
    lasted = closed.t_ns - opened.t_ns
    if not 0 <= lasted <= DAY_NS:
        yield wrong(closed, f"it was closed {to_s(lasted):g} s after it was opened")
    low, high = opened.t_ns - CLOCKS_NS, closed.t_ns + CLOCKS_NS
    for event in record.events:
        times = [(name, event.data[name]) for name in TIMES if event.data.get(name) is not None]
        for name, at in (("it", event.t_ns), *times):
            if type(at) is not int or not low <= at <= high:
                yield wrong(event, f"in `{event.kind}`, {name} lies outside of the record's time")


def check_watch(record: Record) -> Iterator[Problem]:
    """No watch is longer than its window plus the settle time.

    The runner notices the end of the window sooner than that: a path that recovers after the window
    must not settle before the watch is over.
    """
    windows = record.meta["windows"]
    longest = float(windows["watch_s"]) + float(windows["settle_s"])
    for fault, end in zip(record.all_of("fault_instant"), record.all_of("watch_end"), strict=False):
        watched = to_s(end.t_ns - fault.t_ns)
        if watched > longest:
            yield wrong(end, f"a watch of {watched:.1f} s in a window of {windows['watch_s']:g} s")


def check_bystander(record: Record) -> Iterator[Problem]:
    """The result of an ordinary pod agrees with its time and its window."""
    for event in record.all_of("bystander"):
        started, seconds = event.data.get("started"), event.data.get("seconds")
        window = event.data.get("window_s", record.meta["windows"]["bystander_s"])
        if (seconds is None) == (started is True):
            yield wrong(event, "the ordinary pod's start and its time contradict each other")
        elif seconds is not None and not 0 <= seconds <= window + LATEST_START_S:
            yield wrong(event, f"an ordinary pod started after {seconds:g} s of {window:g} s")


def check_presence(record: Record) -> Iterator[Problem]:
    """Everything that the protocol writes in every complete trial is there.

    The cluster's id at the end; the snapshots before and after each fault and at the end, with the
    files that the events name; Kubernetes events; the tables of the probes that always run.
    """
    if not record.all_of("cluster"):
        yield Problem("there is no event that says on which cluster it ended")
    named = [str(e.data.get("file")) for e in record.all_of("snapshot")]
    faults = len(record.all_of("fault_instant"))
    turns = ["", *(f"-{n}" for n in range(2, faults + 1))]
    wanted = [f"{name}{turn}" for turn in turns for name in ("before", "fault")]
    for name in (*wanted, "after"):
        if f"snapshots/{name}.json" not in named:
            yield Problem(f"there is no snapshot `{name}`")
    for file in named:
        folder, _, name = file.partition("/")
        if folder != "snapshots" or not name.endswith(".json") or "/" in name:
            yield Problem(f"a snapshot is said to be in {file}"[:80])
        read_snapshot(record, name.removesuffix(".json"))
    if not RecordLayout(record.folder).kubernetes_events.is_file():
        yield Problem("kubernetes-events.jsonl is missing")
    for table in ("path", "components", "sockets"):
        if not len(record.table(table)):
            yield Problem(f"the table {table} is missing or empty")


def check_samples_in_time(record: Record) -> Iterator[Problem]:
    """All samples were taken while the record was open."""
    low, high = record.events[0].t_ns - CLOCKS_NS, record.events[-1].t_ns + CLOCKS_NS
    for name, column in (("path", "sent_ns"), ("new", "sent_ns"),
                         ("components", "t_ns"), ("sockets", "t_ns")):  # fmt: skip
        times = record.table(name)[column].to_numpy(dtype=np.int64)
        for at in np.flatnonzero((times < low) | (times > high)).tolist():
            yield wrong_sample(name, at, "lies outside of the record's time")


def check_beats(record: Record) -> Iterator[Problem]:
    """Echoes were due at regular intervals, sent when due or later, and answered in time."""
    for name in ("path", "new"):
        for rows in by_client(record.table(name)):
            if len(rows):
                yield from _check_beat(record, name, rows.sort_values("seq", kind="stable"))


def _check_beat(record: Record, name: str, rows: pd.DataFrame) -> Iterator[Problem]:
    probes = record.meta["probes"]
    interval, deadline = (to_ns(float(probes[f"echo_{key}_s"])) for key in ("interval", "deadline"))
    seq, due, sent = (rows[c].to_numpy(dtype=np.int64) for c in ("seq", "due_ns", "sent_ns"))
    # An echo is given up at the first beat after its deadline; a prober that pauses is late for it.
    pause = int(np.diff(sent).max(initial=0))
    longest = deadline + max(pause, interval) + PROMPT_NS
    off_beat = np.diff(due, prepend=due[0]) != interval * np.diff(seq, prepend=seq[0])
    too_late = (rows["rtt_ns"].fillna(0) > longest).to_numpy(dtype=np.bool_)
    # where numbers are missing, judge/outages.py says so
    for bad, text in (
        (off_beat, "was not due one interval after the one before it"),
        (sent < due, "was sent before it was due"),
        (np.diff(sent, prepend=sent[0]) < 0, "was sent before the one before it"),
        (too_late, "was answered after it had been given up"),
    ):
        for at in seq[np.flatnonzero(bad)].tolist():
            yield wrong_sample(name, at, text)


CHECKS: tuple[Callable[[Record], Iterator[Problem]], ...] = (
    check_identity,
    check_instants,
    *PROTOCOL,
    check_watch,
    check_bystander,
    check_presence,
    check_samples_in_time,
    check_beats,
    *AGREEMENTS,
    *INJECTED,
)
"""In this order; each yields impossibilities, and the first one of all is the reason."""
