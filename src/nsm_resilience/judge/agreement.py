# SPDX-License-Identifier: Apache-2.0
"""Do the files of a record agree? A lie that one file tells shows in another.

The prober says when it saw its interface, and so where its table begins; the runner says when a
new client asked, and so where its echoes lie; what the agents did they report twice. Nothing of it
is a bound on what a system under test may do.

What was altered alike in all places where it stands cannot be seen (judge/plausible.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from nsm_resilience.judge.coverage import Problem
from nsm_resilience.judge.evidence import of_event, of_samples
from nsm_resilience.judge.outages import SamplesError, read_echoes
from nsm_resilience.judge.rules import NANOSECONDS, Rules, to_ns
from nsm_resilience.judge.settled import state_of
from nsm_resilience.record.events import NEVER_STOPPED, RECOVERED, Event
from nsm_resilience.record.manifest import SINCE
from nsm_resilience.record.reader import Record

if TYPE_CHECKING:
    import pandas as pd

NO_INTERFACE = "ENODEV"
"""What the prober notes of an echo while it sees no interface (agent/node/echo.py)."""

CLOCKS_NS = NANOSECONDS
"""How far two clocks of a trial may be apart: times of nodes are converted with an offset whose
error is half a round trip to the agent, which answers within a second or the trial is void."""

UNNAMED = ""
"""Client of an echo from before several could ask at once."""

ROUNDED_NS = 2_000
"""An instant that is the sum of two times, each of which a file keeps in whole microseconds."""

LAST_S = 10.0
"""The end of a watch in which a path is looked at once more: several deadlines of an echo."""

LOOK_S = 30.0
"""How long one look of the runner may take: both agents and Kubernetes, each within ten seconds."""

STOPPED_S = 10.0
"""How long after a new client's result its prober may go on: two calls to the agent, each of which
may take some seconds on a busy machine."""


def check_begin_of_echoes(record: Record) -> Problem | None:
    """The table of the path begins with the prober, which looks for its interface before it sends.

    So the first echo was due before the interface was first seen, and the first one that was really
    sent was sent after that. A table that was moved in time, or of which the first rows are gone,
    does neither.
    """
    rows = record.table("path").sort_values("seq", kind="stable")
    if int(rows["seq"].iloc[0]) != 0:
        return _row("path", int(rows["seq"].iloc[0]), "is the first one, and is not number 0")
    seen = next((e for e in record.all_of("address") if e.target == "path"), None)
    sent = rows[rows["error"].fillna("") != NO_INTERFACE]
    if seen is None:
        if not len(sent):
            return None
        return _row("path", int(sent["seq"].iloc[0]), "was sent, and no interface was ever seen")
    if int(rows["due_ns"].iloc[0]) > seen.t_ns:
        return wrong(seen, "the prober saw its interface before its first echo was due")
    if len(sent) and int(sent["sent_ns"].iloc[0]) < seen.t_ns:
        at = int(sent["seq"].iloc[0])
        return _row("path", at, "was sent before the prober saw its interface")
    return None


def check_new_clients(record: Record) -> Problem | None:
    """Echoes of new clients are due between asking and result, each client's from number 0 on."""
    table = record.table("new")
    if not len(table):
        return None
    turns = list(_turns(record))
    if not turns:  # judge/newconnection.py says what is missing
        return None
    due = table["due_ns"].to_numpy(dtype=np.int64)
    low = min(asked for asked, _ in turns)
    high = max(result.t_ns for _, result in turns)
    outside = np.flatnonzero((due < low) | (due > high + to_ns(STOPPED_S)))
    if len(outside):
        at = int(table["seq"].iloc[int(outside[0])])
        return _row("new", at, "was due when no new client asked")
    for rows in by_client(table):
        first = int(rows["seq"].min())
        if first != 0:
            return _row("new", first, "is its client's first one, and is not number 0")
    return None


def check_first_replies(record: Record) -> Problem | None:
    """A new client that connected after so many seconds has a reply that came then."""
    asked = {(e.node, e.data.get("client")): e.t_ns for e in record.all_of("asked")}
    table = record.table("new")
    table = table[(table["fate"] == "reply").fillna(False) & table["rtt_ns"].notna()]
    came = (table["sent_ns"] + table["rtt_ns"]).to_numpy(dtype=np.int64)
    clients = table["client"].fillna(UNNAMED).to_numpy(dtype=object)
    for result in record.all_of("new_connection"):
        key = (result.node, result.data.get("client"))
        seconds, begun = result.data.get("seconds"), asked.get(key)
        if not isinstance(seconds, int | float) or result.data.get("answered") is not True:
            continue
        told = result.data.get("asked_ns", begun)
        if begun is None:
            continue  # judge/newconnection.py says what is missing
        if told != begun:
            return wrong(result, "the new client did not ask when its result says")
        mine = came[(clients == UNNAMED) | (clients == key[1])]
        # without any, judge/newconnection.py says so
        if len(mine) and np.abs(mine - begun - to_ns(seconds)).min() > ROUNDED_NS:
            return wrong(result, f"no echo of the new client was answered {seconds:.3f} s after it")
    return None


def check_end_of_watch(record: Record) -> Problem | None:
    """A watch that ended because the path had settled ended with a reply (trial/phases.py).

    So it is since a record names its files; before, the runner wrote the instant of writing.
    """
    if record.meta["format"] < SINCE:
        return None
    path = record.table("path")
    came = (path["sent_ns"] + path["rtt_ns"]).dropna().to_numpy(dtype=np.int64)
    for event in record.all_of("watch_end"):
        if event.data.get("because") != RECOVERED:
            continue
        if not len(came) or np.abs(came - event.t_ns).min() > ROUNDED_NS:
            return wrong(event, "the watch is said to have ended with a reply that is not there")
    return None


def check_what_was_seen(record: Record) -> Problem | None:
    """What the runner said of the path at the end of a watch, and what became of the echoes.

    It goes by the judge's own rule (settled.py), and by what it had taken in then. Records since
    that is written say how many echoes those were, and how many of them had no answer: the table
    begins with them, in the order in which they came.
    """
    table = record.table("path")
    faults, ends = record.all_of("fault_instant"), record.all_of("watch_end")
    for begin, event in zip(faults, ends, strict=False):
        taken, unanswered = event.data.get("echoes"), event.data.get("unanswered")
        if type(taken) is int and type(unanswered) is int:
            if not 0 < taken <= len(table) or _lost(table[:taken]) != unanswered:
                text = f"{unanswered} of the first {taken} echoes had no answer"
                return wrong(event, f"the runner saw that {text}, and the table says otherwise")
        elif record.meta["format"] >= SINCE and event.data.get("because") != RECOVERED:
            problem = _by_its_words(record, table, begin.t_ns, event)
            if problem is not None:
                return problem
    return None


def _lost(table: pd.DataFrame) -> int:
    return int((table["fate"].to_numpy(dtype=object) != "reply").sum())


def _by_its_words(record: Record, table: pd.DataFrame, begin_ns: int, end: Event) -> Problem | None:
    """The same of a record that does not say what the runner had taken in.

    A path that "never stopped" has no interruption that was over long before. Of another, either an
    interruption was seen, or no reply within the deadline before the end: a path that lost nothing
    in LAST_S and kept no reply waiting for half a deadline shows neither.
    """
    try:
        echoes = read_echoes(table)
    except SamplesError:
        return None  # it is the path's own problem
    rules, first = Rules.of(record.meta), int(table["sent_ns"].min())
    never = end.data.get("because") == NEVER_STOPPED
    until = end.t_ns - to_ns(LOOK_S) if never else end.t_ns
    hits = state_of(echoes, begin_ns, until, rules, since_ns=first).hits
    if never:
        said = "the path is said to have never stopped, and its echoes say that it did"
        return wrong(end, said) if hits else None
    last = echoes.between(end.t_ns - to_ns(LAST_S), end.t_ns)
    waits = np.diff(np.sort(last.arrival[last.answered]), prepend=end.t_ns - to_ns(LAST_S))
    half = to_ns(float(record.meta["probes"]["echo_deadline_s"])) // 2
    if hits or last.lost or not len(last) or waits.max() > half:
        return None
    return wrong(end, "the path is not said to have never stopped, and its echoes say so")


def by_client(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The echoes of each prober that wrote into a table: of the path, or of each new client."""
    if "client" not in table.columns:
        yield table
        return
    for _, rows in table.groupby("client", dropna=False):
        yield rows


def _turns(record: Record) -> Iterator[tuple[int, Event]]:
    """Of each new client when it asked, and its result."""
    asked = {(e.node, e.data.get("client")): e.t_ns for e in record.all_of("asked")}
    for result in record.all_of("new_connection"):
        begin = asked.get((result.node, result.data.get("client")))
        if begin is not None:
            yield begin, result


def check_reported_twice(record: Record) -> Problem | None:
    """What is proved was injected, and every injection has its begin and its end."""
    for event in record.all_of("injection"):
        begun, done = event.data.get("t_begin_ns"), event.data.get("t_done_ns")
        if type(begun) is not int or type(done) is not int or begun > done:
            return wrong(event, "an injection does not say from when to when it was")
    injected = {e.target for e in record.all_of("injection")}
    for proof in record.all_of("injection_proof"):
        if proof.target not in injected:
            return wrong(proof, "a fault was proved of which no injection is reported")
    return None


AGREEMENTS: tuple[Callable[[Record], Problem | None], ...] = (
    check_reported_twice,
    check_begin_of_echoes,
    check_new_clients,
    check_first_replies,
    check_end_of_watch,
    check_what_was_seen,
)
"""In this order; each returns the first thing that does not agree."""


def _row(table: str, seq: int, what: str) -> Problem:
    text = f"echo {seq} of the table {table} {what}"
    return Problem(text, (of_samples("not possible", table, seq, seq, what),))


def wrong(event: Event, text: str) -> Problem:
    """An event that cannot be."""
    return Problem(text, (of_event("not possible", event, text),))
