# SPDX-License-Identifier: Apache-2.0
"""Do the files of a record agree? A lie that one file tells shows in another.

The prober says when it saw its interface, and so where its table begins; the runner says when a
new client asked, and so where its echoes lie; what it saw of the path it writes down as well.
Nothing of it is a bound on what a system under test may do.

What was altered alike in all places where it stands cannot be seen (judge/plausible.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nsm_resilience.judge.declared import scenario_of
from nsm_resilience.judge.evidence import Problem, wrong, wrong_sample
from nsm_resilience.judge.newconnection import event_of
from nsm_resilience.judge.outages import Int64s, SamplesError, read_echoes
from nsm_resilience.judge.rules import Rules, to_ns, to_s
from nsm_resilience.judge.settled import state_of
from nsm_resilience.record.events import NEVER_STOPPED, RECOVERED, Event
from nsm_resilience.record.manifest import SINCE
from nsm_resilience.record.reader import Record
from nsm_resilience.study.scenario import NewClient

if TYPE_CHECKING:
    import pandas as pd

NO_INTERFACE = "ENODEV"
"""What the prober notes of an echo while it sees no interface (agent/node/echo.py)."""

ROUNDED_NS = 2_000
"""An instant that is the sum of two times, each of which a file keeps in whole microseconds."""

LAST_S = 10.0
"""The end of a watch in which a path is looked at once more: several deadlines of an echo."""

LOOK_S = 30.0
"""How long one look of the runner may take: both agents and Kubernetes, each within ten seconds."""

STOPPED_S = 10.0
"""How long after a new client's result its prober may go on: two calls to the agent, each of which
may take some seconds on a busy machine."""

wrong_echo = partial(wrong_sample, name="echo")


def check_begin_of_echoes(record: Record) -> Iterator[Problem]:
    """The table of the path begins with the prober, which looks for its interface before it sends.

    So the first echo was due before the interface was first seen, and the first one that was really
    sent was sent after that. A table that was moved in time, or of which the first rows are gone,
    does neither.
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
    """A new client's answer, its time, and its echoes are of one piece.

    It connected within its time, or did not until that was over. Its echoes are due between asking
    and result, from number 0 on.
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
        yield from _check_answer(asked, result, declared, _arrivals(own))


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
    """What the runner said of the path at the end of a watch, and what became of the echoes.

    A watch that ended because the path had settled ended with a reply (trial/phases.py): so it is
    since a record names its files; before, the runner wrote the instant of writing. It goes by the
    judge's own rule (settled.py), and by what it had taken in then. Records since that is written
    say how many echoes those were, and how many of them had no answer: the table begins with them,
    in the order in which they came.
    """
    table = record.table("path")
    came = _arrivals(table)
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
            yield from _by_its_words(record, table, begin.t_ns, event)


def _by_its_words(
    record: Record, table: pd.DataFrame, begin_ns: int, end: Event
) -> Iterator[Problem]:
    """The same of a record that does not say what the runner had taken in.

    A path that "never stopped" has no interruption that was over long before. Of another, either an
    interruption was seen, or no reply within the deadline before the end: a path that lost nothing
    in LAST_S and kept no reply waiting for half a deadline shows neither.
    """
    try:
        echoes = read_echoes(table)
    except SamplesError:
        return  # it is the path's own problem
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


def _arrivals(table: pd.DataFrame) -> Int64s:
    """When the replies came, nanoseconds of the runner's clock."""
    found: Int64s = (table["sent_ns"] + table["rtt_ns"]).dropna().to_numpy(dtype=np.int64)
    return found


def by_client(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The echoes of each prober that wrote into a table: of the path, or of each new client."""
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
