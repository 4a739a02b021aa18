# SPDX-License-Identifier: Apache-2.0
"""Did a new client get a working connection, and could an ordinary pod start?

judge/newclients.py combines all new clients of a trial.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nsm_resilience.judge.evidence import Evidence, Problem, of_event, of_samples
from nsm_resilience.judge.outages import Echoes, SamplesError, read_echoes
from nsm_resilience.judge.rules import Rules, to_ns, to_s
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record
from nsm_resilience.record.snapshots import read_snapshot
from nsm_resilience.study.scenario import NewClient
from nsm_resilience.systems.known import system_of

if TYPE_CHECKING:
    import pandas as pd


NO_INTERFACE = "ENODEV"
"""Error of an echo while the prober sees no interface (agent/node/echo.py)."""
NEVER_APPEARED = "its interface never appeared"


@dataclass(frozen=True, slots=True)
class Asked:
    """One new client, as shown in the tables.

    Attributes:
        client: Its id among the trial's new clients (NewClient.id).
        asked_s: When it asked, seconds from the fault; None when that is not known.
        answered: Whether it got a reply in its window; None when the probe did not say.
        seconds: From asking to the first reply; None without one.
        window_s: How long it was given; None when the probe did not say.
        stage: Its stage at the end of the window, as reported by the probe and by its echoes.
    """

    client: str
    asked_s: float | None
    answered: bool | None
    seconds: float | None
    window_s: float | None
    stage: str


@dataclass(frozen=True, slots=True)
class NewConnection(Asked):
    """The result of one new client; `problem` is why `answered` is None."""

    problem: Problem | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Bystander:
    """An ordinary pod without NSM on the client's node; `started` is None when not tried."""

    started: bool | None
    seconds: float | None
    evidence: tuple[Evidence, ...]


def event_of(record: Record, kind: str, client: NewClient) -> Event | None:
    """The event of a kind about one new client.

    Records made before a client could ask in the watch name only its node.
    """
    for event in record.all_of(kind):
        named = event.data.get("client")
        by_node = named is None and client.at_s is None and _node(event) == client.node
        if named == client.id or by_node:
            return event
    return None


def find_new_connection(
    record: Record, client: NewClient, instants: Instants, rules: Rules
) -> NewConnection:
    """The result of one new client, checked against its echoes."""
    asked, result = (event_of(record, kind, client) for kind in ("asked", "new_connection"))
    asked_s = None if asked is None else instants.since_fault(asked.t_ns)

    def failed(text: str, *evidence: Evidence) -> NewConnection:
        return NewConnection(client.id, asked_s, None, None, None, "", Problem(text), evidence)

    if result is None:
        return failed("there is no result of the new connection probe")
    said = of_event("new connection", result, _in_words(result, client))
    answered, seconds = result.data.get("answered"), _float(result.data.get("seconds"))
    window = _float(result.data.get("window_s"))
    stage = str(result.data.get("stage") or "")
    problem = result.data.get("problem")
    declared = client.waits_s(rules.new_connection_s)
    if not isinstance(answered, bool) or (problem and not answered):
        why = f": {problem}" if problem else ""
        return failed(f"the new connection probe failed{why}", said)
    if window is not None and window < declared - rules.tolerance_s and not answered:
        return failed(f"the new client was given {window:g} s of the {declared:g} s declared", said)
    table = _rows(record, client, asked, result)
    try:
        echoes = read_echoes(table)
    except SamplesError as error:
        return failed(f"the new client's echoes contradict themselves ({error})", said)
    first = _first_reply(echoes, result.t_ns)
    if not answered:
        if first is not None and _in_window(first[1], asked, window):
            return failed(
                "the new connection probe says that it was not answered but holds a reply",
                said,
                of_samples("new connection", "new", first[0], first[0], "a reply"),
            )
        seen, shown = _stage_by_echoes(table)
        late = client.at_s is not None and _was_ready_later(record, asked, result)
        if seen == NEVER_APPEARED and not late and _had_interface(record, asked):
            return failed(
                "the new connection probe saw no interface in a client that had one", said, *shown
            )
        stages = "; ".join(filter(None, (stage, seen)))
        return NewConnection(client.id, asked_s, False, None, window, stages, None, (said, *shown))
    if first is None:
        return failed("the new connection probe says that it was answered but holds no reply", said)
    if seconds is None and asked is not None:
        seconds = to_s(first[1] - asked.t_ns)
    if seconds is None:
        return failed("the new connection probe does not say how long it took", said)
    reply = of_samples("new connection", "new", first[0], first[0], "first reply to the new client")
    evidence = (said, reply)
    return NewConnection(client.id, asked_s, True, round(seconds, 6), window, stage, None, evidence)


def find_bystander(record: Record) -> Bystander:
    """The result of the ordinary pod on the client's node."""
    event = next((one for one in record.all_of("bystander") if _node(one) == "client"), None)
    if event is None:
        return Bystander(None, None, ())
    started, seconds = event.data.get("started"), _float(event.data.get("seconds"))
    done = f"started in {seconds:.1f} s" if seconds is not None else "did not start"
    evidence = of_event("bystander", event, f"an ordinary pod {done}")
    return Bystander(started, None if seconds is None else round(seconds, 6), (evidence,))


def _node(event: Event) -> str:
    """The role of an event's node; without a name it is the client's."""
    return event.node or "client"


def _rows(record: Record, client: NewClient, asked: Event | None, result: Event) -> pd.DataFrame:
    """Echoes of this new client; the table holds those of all."""
    table = record.table("new")
    table = table[table["client"].isna() | (table["client"] == client.id)]
    begin = result.t_ns if asked is None else asked.t_ns
    return table[(table["due_ns"] >= begin) & (table["due_ns"] <= result.t_ns)]


def _stage_by_echoes(table: pd.DataFrame) -> tuple[str, tuple[Evidence, ...]]:
    """The stage that a client without an answer had reached, by its own echoes."""
    if not len(table):
        return "no echo could be tried", ()
    sent = int((table["fate"] != "send_error").sum())
    gone = int((table["error"] == NO_INTERFACE).sum())
    if sent:
        text = f"{sent} echoes went out and none was answered"
    elif gone == len(table):
        text = NEVER_APPEARED
    else:
        text = "no echo could be sent"
    first, last = int(table["seq"].min()), int(table["seq"].max())
    return text, (of_samples("new connection", "new", first, last, text),)


def _was_ready_later(record: Record, asked: Event | None, result: Event) -> bool:
    """Whether the client's pod became Ready, i.e. connected, only after its window.

    A client that asked in the watch keeps waiting, and the snapshot is taken much later: an
    interface in it is no fault of the probe.
    """
    if asked is None:
        return False
    ready = ("Ready", "True", asked.data.get("pod"))
    since = [
        event.t_ns
        for event in record.all_of("condition")
        if (event.data.get("type"), event.data.get("status"), event.data.get("pod")) == ready
    ]
    return bool(since) and min(since) > result.t_ns


def _had_interface(record: Record, asked: Event | None) -> bool:
    """Whether the snapshot after the watch shows the system's interface in the new client's pod.

    Then the prober looked in the wrong place, or the interface came after the window. Either way it
    is not known that the client had no connection in its window.
    """
    if asked is None:
        return False
    address = record.first("address")
    named = address.data.get("interface") if address is not None else None
    interface = named or system_of(record.meta["factors"]).client_interface
    node = read_snapshot(record, "after").get("nodes", {}).get(_node(asked), {})
    pod = node.get("pods", {}).get(asked.data.get("pod"), {})
    return any(one["name"] == interface for one in pod.get("interfaces") or ())


def _first_reply(echoes: Echoes, until_ns: int) -> tuple[int, int] | None:
    """Number and arrival of the first reply before the probe's result."""
    at = np.flatnonzero(echoes.answered & (echoes.arrival <= until_ns))
    if not len(at):
        return None
    first = at[np.argmin(echoes.arrival[at])]
    return int(echoes.seq[first]), int(echoes.arrival[first])


def _in_window(arrival: int, asked: Event | None, window: float | None) -> bool:
    return asked is None or window is None or arrival <= asked.t_ns + to_ns(window)


def _in_words(event: Event, client: NewClient) -> str:
    data = event.data
    who = "a new client"
    if client.at_s is not None:
        who += f", asked {client.at_s:g} s after the fault,"
    seconds = _float(data.get("seconds"))
    if data.get("answered") is True:
        after = "" if seconds is None else f" after {seconds:.1f} s"
        return f"{who} was answered{after}"
    return f"{who} was not answered; it was at: {data.get('stage') or 'unknown stage'}"


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)
