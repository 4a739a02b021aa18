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
from nsm_resilience.judge.rules import to_ns
from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record

if TYPE_CHECKING:
    import pandas as pd

NO_INTERFACE = "ENODEV"
"""What the prober notes of an echo while it sees no interface (agent/node/echo.py)."""

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
)
"""In this order; each returns the first thing that does not agree."""


def _row(table: str, seq: int, what: str) -> Problem:
    text = f"echo {seq} of the table {table} {what}"
    return Problem(text, (of_samples("not possible", table, seq, seq, what),))


def wrong(event: Event, text: str) -> Problem:
    """An event that cannot be."""
    return Problem(text, (of_event("not possible", event, text),))
