# SPDX-License-Identifier: Apache-2.0
"""Do the files of a record agree? A change in one file contradicts another.

The prober reports when it saw its interface, which bounds the begin of its table. The runner
reports when a new client asked, which bounds its echoes, and what it saw of the path. No check
bounds what a system under test may do.

A consistent change of all places goes unnoticed (judge/plausible.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nsm_resilience.judge.declared import scenario_of
from nsm_resilience.judge.evidence import Problem, wrong, wrong_sample
from nsm_resilience.judge.newconnection import NO_INTERFACE, event_of
from nsm_resilience.judge.outages import Int64s, SamplesError, read_echoes
from nsm_resilience.judge.rules import Rules, to_ns, to_s
from nsm_resilience.judge.settled import state_of
from nsm_resilience.record.events import NEVER_STOPPED, RECOVERED, Event
from nsm_resilience.record.manifest import SINCE
from nsm_resilience.record.reader import Record
from nsm_resilience.study.scenario import NewClient

if TYPE_CHECKING:
    import pandas as pd

ROUNDED_NS = 2_000
"""Error of an instant that is the sum of two times, each stored in whole microseconds."""

LAST_S = 10.0
"""Length of the last part of a watch that is checked again: several echo deadlines."""

LOOK_S = 30.0
"""How long one round of the runner's queries may take: two agents and Kubernetes, each 10 s."""

STOPPED_S = 10.0
"""How long a new client's prober may run on after the result: two calls to the agent, each of which
may take some seconds on a busy machine."""

wrong_echo = partial(wrong_sample, name="echo")


def check_begin_of_echoes(record: Record) -> Iterator[Problem]:
    """The prober looks for its interface before it sends.

    So the first echo is due before the interface is first seen, and the first echo that really goes
    out is sent after that. A table that was shifted in time, or lost its first rows, fails here.
    """
    rows = record.table("path").sort_values("seq", kind="stable")
    if int(rows["seq"].iloc[0]) != 0:
        yield wrong_echo("path", int(rows["seq"].iloc[0]), "is the first one, and is not number 0")
    seen = next((e for e in record.all_of("address") if e.target == "path"), None)
    sent = rows[rows["error"].fillna("") != NO_INTERFACE]
    first = int(sent["seq"].iloc[0]) if len(sent) else None
    if seen is None:
        if first is not None:
            yield wrong_echo("path", first, "was sent, and no interface was ever seen")
        return
    if int(rows["due_ns"].iloc[0]) > seen.t_ns:
        yield wrong(seen, "the prober saw its interface before its first echo was due")
    if first is not None and int(sent["sent_ns"].iloc[0]) < seen.t_ns:
        yield wrong_echo("path", first, "was sent before the prober saw its interface")


def check_new_clients(record: Record) -> Iterator[Problem]:
    """A new client's result, its time and its echoes agree.

    It connected within its window, or was given up at the end of it. Its echoes are due between
    request and result, numbered from 0.
    """
    table = record.table("new")
    turns: list[tuple[NewClient, Event, Event]] = []
    for client in scenario_of(record).clients:
        asked, result = (event_of(record, kind, client) for kind in ("asked", "new_connection"))
        if asked is not None and result is not None:  # else judge/newconnection.py says so
            turns.append((client, asked, result))
    if not turns:
        return
    begin = min(asked.t_ns for _, asked, _ in turns)
    end = max(result.t_ns for _, _, result in turns)
    for at in table["seq"][~table["due_ns"].between(begin, end + to_ns(STOPPED_S))].tolist():
        yield wrong_echo("new", at, "was due when no new client asked")
    for rows in by_client(table):
        first = int(rows["seq"].min())
        if first != 0:
            yield wrong_echo("new", first, "is its client's first one, and is not number 0")
    replies = table[(table["fate"] == "reply").fillna(False) & table["rtt_ns"].notna()]
    for client, asked, result in turns:
        own = replies[replies["client"].isna() | (replies["client"] == client.id)]
        declared = client.waits_s(float(record.meta["windows"]["new_connection_s"]))
        yield from _check_answer(asked, result, declared, _reply_times(own))


def _check_answer(
    asked: Event, result: Event, declared_s: float, came: Int64s
) -> Iterator[Problem]:
    answered, seconds = result.data.get("answered"), result.data.get("seconds")
    window = result.data.get("window_s", declared_s)
    if answered is None or (result.data.get("problem") and not answered):
        return  # judge/newconnection.py says so; beside an answer a problem changes nothing
    if window > declared_s + Rules().tolerance_s:
        yield wrong(result, f"a new client was given {window:g} s of the {declared_s:g} s declared")
    if result.data.get("asked_ns", asked.t_ns) != asked.t_ns:
        yield wrong(result, "the new client did not ask when its result says")
    passed = to_s(result.t_ns - asked.t_ns)
    if (seconds is None) == (answered is True):
        yield wrong(result, "the new client's answer and its time contradict each other")
    elif seconds is None:
        if passed < window - 1:
            yield wrong(result, f"a new client of {window:g} s was given up after {passed:.1f} s")
    elif not 0 <= seconds <= min(window, passed + 1):
        yield wrong(result, f"a new client connected after {seconds:g} s of {window:g} s")
    elif len(came) and np.abs(came - asked.t_ns - to_ns(seconds)).min() > ROUNDED_NS:
        # without any reply, judge/newconnection.py says so
        yield wrong(result, f"no echo of the new client was answered {seconds:.3f} s after it")


def check_end_of_watch(record: Record) -> Iterator[Problem]:
    """The runner's report on the path at the end of a watch agrees with the echoes.

    A watch that ended because the path had settled ends with a reply (trial/phases.py). That holds
    since records have a manifest; before, the event has the instant of writing. The runner applies
    the judge's own rule (settled.py) to the echoes that it had received. Newer records state their
    number, and how many of them had no answer; the table begins with these echoes, in the order of
    arrival.
    """
    table = record.table("path")
    came = _reply_times(table)
    named = record.meta["format"] >= SINCE
    faults, ends = record.all_of("fault_instant"), record.all_of("watch_end")
    for begin, event in zip(faults, ends, strict=False):
        taken, unanswered = event.data.get("echoes"), event.data.get("unanswered")
        recovered = event.data.get("because") == RECOVERED
        if named and recovered and not (np.abs(came - event.t_ns) <= ROUNDED_NS).any():
            yield wrong(event, "the watch is said to have ended with a reply that is not there")
        if type(taken) is int and type(unanswered) is int:
            lost = int((table["fate"].iloc[:taken] != "reply").sum())
            if not 0 < taken <= len(table) or lost != unanswered:
                text = f"{unanswered} of the first {taken} echoes had no answer"
                yield wrong(event, f"the runner saw that {text}, and the table says otherwise")
        elif named and not recovered:
            yield from _check_stated_reason(record, table, begin.t_ns, event)


def _check_stated_reason(
    record: Record, table: pd.DataFrame, begin_ns: int, end: Event
) -> Iterator[Problem]:
    """The same for a record that does not state how many echoes the runner had received.

    A path that "never stopped" has no interruption that ended more than LOOK_S before the end of
    the watch. Any other path has an interruption, or got no reply within the deadline before the
    end: if it lost nothing in LAST_S and no reply took half a deadline, it has neither.
    """
    try:
        echoes = read_echoes(table)
    except SamplesError:
        return  # judge/trial.py reports it
    rules, first = Rules.of(record.meta), int(table["sent_ns"].min())
    never = end.data.get("because") == NEVER_STOPPED
    until = end.t_ns - to_ns(LOOK_S) if never else end.t_ns
    hits = state_of(echoes, begin_ns, until, rules, since_ns=first).hits
    if never and hits:
        yield wrong(end, "the path is said to have never stopped, and its echoes say that it did")
    if never or hits:
        return
    last = echoes.between(end.t_ns - to_ns(LAST_S), end.t_ns)
    waits = np.diff(np.sort(last.arrival[last.answered]), prepend=end.t_ns - to_ns(LAST_S))
    half = to_ns(float(record.meta["probes"]["echo_deadline_s"])) // 2
    if len(last) and not last.lost and waits.max() <= half:
        yield wrong(end, "the path is not said to have never stopped, and its echoes say so")


def _reply_times(table: pd.DataFrame) -> Int64s:
    """Arrivals of the replies, nanoseconds of the runner's clock."""
    found: Int64s = (table["sent_ns"] + table["rtt_ns"]).dropna().to_numpy(dtype=np.int64)
    return found


def by_client(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The echoes of each prober that wrote to a table: the path's, or each new client's."""
    if "client" not in table.columns:
        yield table
        return
    for _, rows in table.groupby("client", dropna=False):
        yield rows


AGREEMENTS: tuple[Callable[[Record], Iterator[Problem]], ...] = (
    check_begin_of_echoes,
    check_new_clients,
    check_end_of_watch,
)
"""In this order; each yields what does not agree."""
