# SPDX-License-Identifier: Apache-2.0
"""Do the events of a record come as the runner writes them (trial/run.py, trial/phases.py)?

One process writes them, one after the other, by one clock: phases have an order, what is stamped
when it is written never goes back in time, and what happens once in a trial is there once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, get_args

from nsm_resilience.judge.agreement import CLOCKS_NS, wrong
from nsm_resilience.judge.coverage import Problem
from nsm_resilience.judge.declared import scenario_of
from nsm_resilience.judge.rules import to_s
from nsm_resilience.judge.wall_clock import STAMPED_NOW, parse_wall
from nsm_resilience.record.events import Phase
from nsm_resilience.record.manifest import SINCE
from nsm_resilience.record.reader import Record
from nsm_resilience.record.snapshots import read_snapshot

PHASES: tuple[str, ...] = get_args(Phase)
"""In the order in which a trial goes through them."""

IN_ITS_PHASE = frozenset(
    {
        "opened", "phase", "clean", "connected", "fault_instant", "watch_end", "asked",
        "new_connection", "bystander", "snapshot", "cluster", "closed",
    }
)  # fmt: skip
"""Events that the runner writes between the begin and the end of a phase, in the same thread."""

ONCE: dict[str, tuple[str, ...]] = {
    "opened": (), "connected": (), "cluster": (), "bystander": ("node",),
    "asked": ("node", "client"), "new_connection": ("node", "client"),
}  # fmt: skip
"""What happens once in a trial, or once for each of these."""

DESCRIBED_S = 120.0
"""How much earlier than its first event a record's description may say that it `started`: the
runner asks Kubernetes for its version and two nodes, each within ten seconds or not at all."""


def check_order(record: Record) -> Problem | None:
    """Phases come in their order, steady, fault and watch once more in a second outage.

    What the runner writes belongs to the phase that it has begun last.
    """
    second = record.meta["factors"].get("outage") == "second"
    current, again = PHASES[0], False
    begun = -1
    for event in record.events:
        if event.kind == "phase" and event.data.get("state") == "begin":
            name = str(event.data.get("name"))
            if name not in PHASES:
                return wrong(event, f"there is no phase {name}"[:80])
            if name == "undo" and record.meta["format"] < SINCE:
                return wrong(event, "when records had its format, there was no phase undo")
            place = PHASES.index(name)
            if place <= begun:
                if again or not second or (name, PHASES[begun]) != ("steady", "watch"):
                    return wrong(event, f"phase {name} begins after {PHASES[begun]}")
                again = True
            begun, current = place, name
        if event.source == "runner" and event.kind in IN_ITS_PHASE and event.phase != current:
            return wrong(event, f"`{event.kind}` is said to be of {event.phase}, in {current}")
    return None


def check_going_on(record: Record) -> Problem | None:
    """What is stamped as it is written is not older than what was written before it.

    Nor was the record opened at another time than its description says.
    """
    last = record.events[0].t_ns
    for event in record.events:
        if event.kind not in STAMPED_NOW or event.source not in ("runner", "kubernetes"):
            continue
        if event.kind == "clock":  # tells of a reading that was before
            continue
        if event.t_ns < last:
            return wrong(event, f"`{event.kind}` is older than what was written before it")
        last = event.t_ns
    opened, started = parse_wall(record.events[0].wall), parse_wall(str(record.meta["started"]))
    if opened is not None and started is not None:
        apart = to_s(abs(opened - started))
        if apart > DESCRIBED_S:
            text = f"it was opened {apart:.0f} s apart from when its description says it started"
            return wrong(record.events[0], text)
    return None


def check_once(record: Record) -> Problem | None:
    """What happens once in a trial is there once; a restart count goes on from where it was."""
    seen: set[tuple[Any, ...]] = set()
    counts: dict[tuple[str, str], int] = {}
    for event in record.events:
        if event.kind in ONCE:
            about = {"node": event.node, "client": str(event.data.get("client"))}
            key = (event.kind, *(about[name] for name in ONCE[event.kind]))
            if key in seen:
                return wrong(event, f"`{event.kind}` is there a second time")
            seen.add(key)
        elif event.kind == "restart":
            before, after = event.data.get("count_before"), event.data.get("count_after")
            container = (str(event.data.get("pod")), str(event.target))
            if type(before) is not int or type(after) is not int:
                return wrong(event, f"the restart count of {event.target} is no number"[:120])
            if not counts.get(container, 0) <= before < after:
                text = f"the restart count of {event.target} goes from {before} to {after}"
                return wrong(event, text)
            counts[container] = after
    return None


def check_snapshots(record: Record) -> Problem | None:
    """A snapshot was taken after the begin of its phase and before the event that tells of it.

    The states of the nodes in it are from that time as well, by their own clocks.
    """
    begun = record.events[0].t_ns
    for event in record.events:
        if event.kind == "phase" and event.data.get("state") == "begin":
            begun = event.t_ns
        if event.kind != "snapshot":
            continue
        name = str(event.data.get("file")).removeprefix("snapshots/").removesuffix(".json")
        for who, taken, slack in _taken(read_snapshot(record, name)):
            if not begun - slack <= taken <= event.t_ns + slack:
                return wrong(event, f"the snapshot `{name}` {who}is not from when it was taken")
    return None


def _taken(snapshot: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    """When a snapshot and its parts were taken, and how far that clock may be off."""
    parts = snapshot.get("nodes")
    nodes = parts if isinstance(parts, dict) else {}
    for who, one, slack in (
        ("", snapshot, 0),
        *((f"of the {role}'s node ", node, CLOCKS_NS) for role, node in nodes.items()),
    ):
        taken = one.get("t_ns") if isinstance(one, dict) else None
        if type(taken) is int:
            yield who[:60], taken, slack


def check_clients(record: Record) -> Problem | None:
    """New clients that asked, or have a result, are those that the scenario has.

    Records made before a client could ask in the watch name none.
    """
    declared = scenario_of(record).clients
    known = {(None, one.node) for one in declared} | {(one.id, one.node) for one in declared}
    for event in record.events:
        if event.kind in ("asked", "new_connection"):
            client, node = event.data.get("client"), event.node or "client"
            if not isinstance(client, str | None) or (client, node) not in known:
                return wrong(event, f"`{event.kind}` is of a new client that the scenario has not")
    return None


def check_nodes(record: Record) -> Problem | None:
    """Events are of the lane's two nodes, and logs of hosts that its description names."""
    for event in record.events:
        if event.node not in (None, "client", "endpoint"):
            return wrong(event, f"`{event.kind}` is of a node `{event.node}`"[:80])
    listed = record.meta["cluster"].get("nodes")
    if not isinstance(listed, list):
        return None  # a description from before they were
    roles = sorted(str(node.get("role")) for node in listed if isinstance(node, dict))
    names = {str(node.get("name")) for node in listed if isinstance(node, dict)}
    if roles != ["client", "endpoint"] or len(names) != len(roles):
        return Problem("its description does not name one node for the client and one endpoint's")
    logs = record.folder / "logs"
    others = sorted(p.name for p in logs.iterdir() if p.name not in names) if logs.is_dir() else []
    if others:
        return Problem(f"it has logs of {others[0]}, which is no node of its lane"[:120])
    return None


def check_steps(record: Record) -> Problem | None:
    """Each fault's instant is followed by the end of its own watch, before the next one."""
    events = [e for e in record.events if e.kind in ("fault_instant", "watch_end")]
    for at, event in enumerate(events):
        if event.kind != ("fault_instant", "watch_end")[at % 2]:
            return wrong(event, f"`{event.kind}` is out of turn")
        if at and event.t_ns < events[at - 1].t_ns:
            return wrong(event, f"`{event.kind}` is before what it follows on")
    return None


PROTOCOL: tuple[Callable[[Record], Problem | None], ...] = (
    check_order,
    check_going_on,
    check_once,
    check_steps,
    check_clients,
    check_nodes,
    check_snapshots,
)
"""In this order; each returns the first thing that the runner does not write so."""


def turns_of(record: Record) -> list[tuple[int, int]]:
    """From the instant of each fault to the end of its watch, nanoseconds.

    To the record's end where the watch has none.
    """
    ends = [event.t_ns for event in record.all_of("watch_end")]
    faults = [event.t_ns for event in record.all_of("fault_instant")]
    last = record.events[-1].t_ns
    return [(begin, ends[n] if n < len(ends) else last) for n, begin in enumerate(faults)]


def turn_at(turns: list[tuple[int, int]], t_ns: int) -> int | None:
    """Which of them is the last that had begun at an instant, by whatever clock; None for none."""
    begun = [n for n, (begin, _) in enumerate(turns) if begin - CLOCKS_NS <= t_ns]
    return begun[-1] if begun else None
