# SPDX-License-Identifier: Apache-2.0
"""Can a record have come about as it says? What is impossible was damaged, and is not believed.

Bounds are of physics and of the protocol (trial/run.py), never of what trials showed: an echo is
not sent before its turn, nor answered after the prober gave it up; nothing happens before a record
is opened or after it is closed; what the protocol writes in every trial is there.

What this cannot see, in records from before there was a manifest (record/manifest.py), is a lie
that is consistent: the fate of single echoes (a loss told as a reply of the usual time), rows left
out at the end of a table behind the watch, a component that was Ready and is told not to have been,
a line of a log, the words of a check. Those records are covered by their archive's checksums only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nsm_resilience.judge.agreement import AGREEMENTS, CLOCKS_NS, by_client, wrong
from nsm_resilience.judge.coverage import Problem
from nsm_resilience.judge.declared import scenario_of
from nsm_resilience.judge.evidence import Evidence, of_samples
from nsm_resilience.judge.injected import INJECTED
from nsm_resilience.judge.protocol import PROTOCOL
from nsm_resilience.judge.rules import NANOSECONDS, Rules, to_ns, to_s
from nsm_resilience.record.events import Event
from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import Record
from nsm_resilience.record.snapshots import read_snapshot
from nsm_resilience.study.cells import Cell, Factors

if TYPE_CHECKING:
    import pandas as pd

DAY_NS = 86_400 * NANOSECONDS
"""No trial lasts that long: its prober ends by itself after an hour (probes/datapath.py)."""

PROMPT_NS = 100_000_000
"""Time from giving up old echoes to the next look at the socket, on a machine that runs."""

LATEST_START_S = 10.0
"""How much later than its window the start of an ordinary pod may be noticed: one question to
Kubernetes, which answers within ten seconds or not at all (agent/client.py, testbed/api.py)."""


def find_implausible(record: Record) -> Problem | None:
    """The first thing in a complete record that cannot be; None when everything can."""
    for check in CHECKS:
        problem = check(record)
        if problem is not None:
            return problem
    return None


def check_identity(record: Record) -> Problem | None:
    """The cell, the scenario and the levels of a record are those of its trial's id."""
    meta = record.meta
    cell_id, _, number = str(meta["trial"]).partition("/")
    cell = Cell(scenario=meta["scenario"]["id"], factors=Factors.model_validate(meta["factors"])).id
    for where, found in (("scenario and factors", cell), ("cell", meta["cell"])):
        if found != cell_id:
            return Problem(f"its {where} are of {found}, and its trial is {meta['trial']}")
    if meta.get("number", int(number)) != int(number):
        return Problem(f"it is number {meta['number']}, and its trial is {meta['trial']}")
    started = meta.get("started")
    try:
        at = datetime.fromisoformat(started) if isinstance(started, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        return Problem(f"`started` is no time: {started!r}"[:80])
    if not isinstance(meta.get("lane"), str):
        return Problem("`lane` is no text")
    return None


def check_instants(record: Record) -> Problem | None:
    """Events lie between the first and the last one, and times in them as well."""
    opened, closed = record.events[0], record.events[-1]
    if opened.kind != "opened":
        return wrong(opened, f"its first event is `{opened.kind}`, not `opened`")
    for key, wanted in (("trial", record.meta["trial"]), ("attempt", record.meta["attempt"])):
        if opened.data.get(key, wanted) != wanted:
            return wrong(opened, f"it was opened as {key} {opened.data[key]}, not {wanted}"[:120])
    if not 0 <= closed.t_ns - opened.t_ns <= DAY_NS:
        return wrong(
            closed, f"it was closed {to_s(closed.t_ns - opened.t_ns):g} s after it was opened"
        )
    low, high = opened.t_ns - CLOCKS_NS, closed.t_ns + CLOCKS_NS
    for event in record.events:
        for name, at in (("it", event.t_ns), *_times_in(event)):
            if type(at) is not int or not low <= at <= high:
                return wrong(event, f"in `{event.kind}`, {name} lies outside of the record's time")
    return None


TIMES = ("t_fault_ns", "t_begin_ns", "t_done_ns", "asked_ns", "from_ns", "to_ns")
"""Keys of events that hold instants of the runner's clock."""


def _times_in(event: Event) -> Iterator[tuple[str, Any]]:
    for name in TIMES:
        if event.data.get(name) is not None:
            yield name, event.data[name]


def check_phases(record: Record) -> Problem | None:
    """Phases follow each other, and what belongs into one lies in it."""
    spans: list[tuple[str, int, int]] = []
    begun: Event | None = None
    for event in record.all_of("phase"):
        name, state = event.data.get("name"), event.data.get("state")
        if state == "begin" and begun is None:
            begun = event
        elif state == "end" and begun is not None and begun.data.get("name") == name:
            spans.append((str(name), begun.t_ns, event.t_ns))
            begun = None
        else:
            return wrong(event, f"phase {name} has a {state} out of turn")
    for (one, begin, end), (other, after, _) in pairwise([*spans, ("the end", 2**63, 2**63)]):
        if not begin <= end <= after:
            return Problem(f"phase {one} does not end before {other} begins")
    for kind, phase in (("fault_instant", "fault"), ("watch_end", "watch")):
        inside = [(begin, end) for name, begin, end in spans if name == phase]
        events = record.all_of(kind)
        for event in events:
            at = event.data.get("t_fault_ns", event.t_ns)
            if at != event.t_ns or not any(begin <= at <= end for begin, end in inside):
                return wrong(event, f"`{kind}` does not lie in its phase")
        if len(events) > len(inside):
            return wrong(events[-1], f"there are more `{kind}` than phases")
    return None


def check_watch(record: Record) -> Problem | None:
    """No watch is longer than its window and what the runner may need to notice its end.

    That is less than the settle time: a path that came back after the window must not have settled
    before the watch is over.
    """
    windows = record.meta["windows"]
    longest = float(windows["watch_s"]) + float(windows["settle_s"])
    for fault, end in zip(record.all_of("fault_instant"), record.all_of("watch_end"), strict=False):
        watched = to_s(end.t_ns - fault.t_ns)
        if watched > longest:
            return wrong(end, f"a watch of {watched:.1f} s in a window of {windows['watch_s']:g} s")
    return None


def check_asked(record: Record) -> Problem | None:
    """A new client connected within its time, or did not until it was over; so for the pod."""
    windows = record.meta["windows"]
    for event in record.all_of("new_connection"):
        answered, seconds = event.data.get("answered"), event.data.get("seconds")
        window = event.data.get("window_s", windows["new_connection_s"])
        asked = event.data.get("asked_ns", _asked(record, event))
        if asked is None or answered is None or event.data.get("problem"):
            continue
        declared = _waits_s(record, event)
        if declared is not None and window > declared + Rules().tolerance_s:
            return wrong(
                event, f"a new client was given {window:g} s of the {declared:g} s declared"
            )
        passed = to_s(event.t_ns - asked)
        if (seconds is None) == (answered is True):
            return wrong(event, "the new client's answer and its time contradict each other")
        if seconds is not None and not 0 <= seconds <= min(window, passed + 1):
            return wrong(event, f"a new client connected after {seconds:g} s of {window:g} s")
        if seconds is None and passed < window - 1:
            return wrong(event, f"a new client of {window:g} s was given up after {passed:.1f} s")
    for event in record.all_of("bystander"):
        started, seconds = event.data.get("started"), event.data.get("seconds")
        window = event.data.get("window_s", windows["bystander_s"])
        if (seconds is None) == (started is True):
            return wrong(event, "the ordinary pod's start and its time contradict each other")
        if seconds is not None and not 0 <= seconds <= window + LATEST_START_S:
            return wrong(event, f"an ordinary pod started after {seconds:g} s of {window:g} s")
    return None


def _waits_s(record: Record, result: Event) -> float | None:
    """How long the client of a result may wait; None for one that the scenario has not."""
    after_s = float(record.meta["windows"]["new_connection_s"])
    node = result.node or "client"
    for client in scenario_of(record).clients:
        named = result.data.get("client")
        if client.id == named or (named is None and client.at_s is None and client.node == node):
            return float(client.waits_s(after_s))
    return None


def _asked(record: Record, result: Event) -> int | None:
    """When the client of a result asked; several may wait at once, and have names then."""
    client = result.data.get("client")
    before = [
        event.t_ns
        for event in record.all_of("asked")
        if event.node == result.node
        and event.seq < result.seq
        and event.data.get("client") == client
    ]
    return before[-1] if before else None


def check_presence(record: Record) -> Problem | None:
    """What the protocol writes in every trial that comes to its end is there.

    The cluster's id at the end, the snapshots before and after each fault and at the end with the
    files that the events name, Kubernetes' events, and the tables of the probes that always run.
    """
    if not record.all_of("cluster"):
        return Problem("there is no event that says on which cluster it ended")
    named = [str(e.data.get("file")) for e in record.all_of("snapshot")]
    faults = len(record.all_of("fault_instant"))
    turns = ["", *(f"-{n}" for n in range(2, faults + 1))]
    wanted = [f"{name}{turn}" for turn in turns for name in ("before", "fault")]
    for name in (*wanted, "after"):
        if f"snapshots/{name}.json" not in named:
            return Problem(f"there is no snapshot `{name}`")
    for file in named:
        folder, _, name = file.partition("/")
        if folder != "snapshots" or not name.endswith(".json") or "/" in name:
            return Problem(f"a snapshot is said to be in {file}"[:80])
        read_snapshot(record, name.removesuffix(".json"))
    layout = RecordLayout(record.folder)
    if not layout.kubernetes_events.is_file():
        return Problem("kubernetes-events.jsonl is missing")
    for table in ("path", "components", "sockets"):
        if not len(record.table(table)):
            return Problem(f"the table {table} is missing or empty")
    return None


def check_echoes_possible(record: Record) -> Problem | None:
    """Echoes were sent on a beat, not before their turn, and answered before they were given up."""
    probes = record.meta["probes"]
    interval = to_ns(float(probes["echo_interval_s"]))
    deadline = to_ns(float(probes["echo_deadline_s"]))
    for name in ("path", "new"):
        for part in by_client(record.table(name)):
            if len(part):
                problem = _check_beat(name, part, interval, deadline)
                if problem is not None:
                    return problem
    return None


def _check_beat(name: str, table: pd.DataFrame, interval: int, deadline: int) -> Problem | None:
    rows = table.sort_values("seq", kind="stable")
    seq = rows["seq"].to_numpy(dtype=np.int64)
    due = rows["due_ns"].to_numpy(dtype=np.int64)
    sent = rows["sent_ns"].to_numpy(dtype=np.int64)
    timed = rows["rtt_ns"].notna().to_numpy(dtype=np.bool_)
    rtt = rows["rtt_ns"].fillna(0).to_numpy(dtype=np.int64)

    def first(bad: np.ndarray[Any, Any]) -> int | None:
        return int(seq[np.flatnonzero(bad)[0]]) if bad.any() else None

    # where numbers are missing, judge/outages.py says so
    steps = np.diff(due, prepend=due[0]) - interval * np.diff(seq, prepend=seq[0])
    if (at := first(steps != 0)) is not None:
        return _at(name, at, "was not due one interval after the one before it")
    if (at := first(sent < due)) is not None:
        return _at(name, at, "was sent before it was due")
    if (at := first(np.diff(sent, prepend=sent[0]) < 0)) is not None:
        return _at(name, at, "was sent before the one before it")
    # An echo is given up at the first beat after its deadline; a prober that pauses is late for it.
    pause = int(np.diff(sent).max(initial=0))
    if (at := first(timed & (rtt > deadline + max(pause, interval) + PROMPT_NS))) is not None:
        return _at(name, at, "was answered after it had been given up")
    return None


def check_samples_in_time(record: Record) -> Problem | None:
    """Everything sampled was sampled while the record was open."""
    low, high = record.events[0].t_ns - CLOCKS_NS, record.events[-1].t_ns + CLOCKS_NS
    for name, column in (("path", "sent_ns"), ("new", "sent_ns"),
                         ("components", "t_ns"), ("sockets", "t_ns")):  # fmt: skip
        times = record.table(name)[column].to_numpy(dtype=np.int64)
        outside = np.flatnonzero((times < low) | (times > high))
        if len(outside):
            return _at(name, int(outside[0]), "lies outside of the record's time")
    return None


CHECKS: tuple[Callable[[Record], Problem | None], ...] = (
    check_identity,
    check_instants,
    check_phases,
    *PROTOCOL,
    check_watch,
    check_asked,
    check_presence,
    check_samples_in_time,
    check_echoes_possible,
    *AGREEMENTS,
    *INJECTED,
)
"""In this order; each returns the first thing that cannot be."""


def _at(table: str, at: int, what: str) -> Problem:
    text = f"row {at} of the table {table} {what}"
    evidence: Evidence = of_samples("not possible", table, at, at, what)
    return Problem(text, (evidence,))
