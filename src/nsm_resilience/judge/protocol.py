# SPDX-License-Identifier: Apache-2.0
"""Do the events of a record follow the runner's protocol (trial/run.py, trial/phases.py)?

One process writes them one after the other by one clock: phases have an order, events that are
stamped as they are written never go back in time, and unique events occur once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, get_args

from nsm_resilience.judge.declared import scenario_of
from nsm_resilience.judge.evidence import Problem, wrong
from nsm_resilience.judge.rules import to_s
from nsm_resilience.judge.timeline import CLOCKS_NS, phase_begun
from nsm_resilience.judge.wall_clock import STAMPED_NOW, parse_wall
from nsm_resilience.record.events import Phase
from nsm_resilience.record.manifest import SINCE
from nsm_resilience.record.reader import Record
from nsm_resilience.record.snapshots import read_snapshot

PHASES: tuple[str, ...] = get_args(Phase)
"""The phases of a trial in their order."""

IN_ITS_PHASE = frozenset(
    {
        "opened", "phase", "clean", "connected", "fault_instant", "watch_end", "asked",
        "new_connection", "bystander", "snapshot", "cluster", "closed",
    }
)  # fmt: skip
"""Events that the runner writes inside a phase, in the thread that runs the phase."""

ONCE: dict[str, tuple[str, ...]] = {
    "opened": (), "connected": (), "cluster": (), "bystander": ("node",),
    "asked": ("node", "client"), "new_connection": ("node", "client"),
}  # fmt: skip
"""Events that occur once in a trial, or once for each combination of the named properties."""

DESCRIBED_S = 120.0
"""How far `started` in a record's description may be from its first event: in between the runner
queries Kubernetes for its version and two nodes, each within ten seconds or not at all."""


def check_phases(record: Record) -> Iterator[Problem]:
    """Phases come in their order, each after the end of the one before.

    A second outage repeats steady, fault and watch once. The runner's events belong to the phase
    that began last; instants of faults lie in `fault`, ends of watches in `watch`.
    """
    second = record.meta["factors"].get("outage") == "second"
    current, begun, again, goes_on = PHASES[0], -1, False, False
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    begin_ns = record.events[0].t_ns
    for event in record.events:
        if event.kind == "phase":
            name, state = str(event.data.get("name")), event.data.get("state")
            if name not in PHASES:
                yield wrong(event, f"there is no phase {name}"[:80])
            if state != ("end" if goes_on else "begin") or (goes_on and name != current):
                yield wrong(event, f"phase {name} has a {state} out of turn")
            goes_on = state == "begin"
            if goes_on:
                if name == "undo" and record.meta["format"] < SINCE:
                    yield wrong(event, "when records had its format, there was no phase undo")
                if PHASES.index(name) <= begun:
                    if again or not second or (name, current) != ("steady", "watch"):
                        yield wrong(event, f"phase {name} begins after {current}")
                    again = True
                begun, current, begin_ns = PHASES.index(name), name, event.t_ns
            else:
                spans[name].append((begin_ns, event.t_ns))
        if event.source == "runner" and event.kind in IN_ITS_PHASE and event.phase != current:
            yield wrong(event, f"`{event.kind}` is said to be of {event.phase}, in {current}")
    for kind, phase in (("fault_instant", "fault"), ("watch_end", "watch")):
        for event in record.all_of(kind):
            at = event.data.get("t_fault_ns", event.t_ns)
            if at != event.t_ns or not any(begin <= at <= end for begin, end in spans[phase]):
                yield wrong(event, f"`{kind}` does not lie in its phase")


def check_going_on(record: Record) -> Iterator[Problem]:
    """Events that are stamped as they are written never go back in time.

    The record was opened at the time that its description states.
    """
    last = record.events[0].t_ns
    for event in record.events:
        # an agent's `clock` reports an earlier reading
        if event.kind in STAMPED_NOW and event.kind != "clock":
            if event.t_ns < last:
                yield wrong(event, f"`{event.kind}` is older than what was written before it")
            last = event.t_ns
    first = record.events[0]
    opened, started = parse_wall(first.wall), parse_wall(str(record.meta["started"]))
    if opened is None:
        yield wrong(first, "it was opened at no time of the wall clock")
    elif started is not None and (apart := to_s(abs(opened - started))) > DESCRIBED_S:
        text = f"it was opened {apart:.0f} s apart from when its description says it started"
        yield wrong(first, text)


def check_once(record: Record) -> Iterator[Problem]:
    """Unique events occur once; a restart count continues from its last value."""
    seen: set[tuple[Any, ...]] = set()
    counts: dict[tuple[str, str], int] = {}
    for event in record.events:
        if event.kind in ONCE:
            about = {"node": event.node, "client": str(event.data.get("client"))}
            key = (event.kind, *(about[name] for name in ONCE[event.kind]))
            if key in seen:
                yield wrong(event, f"`{event.kind}` is there a second time")
            seen.add(key)
        elif event.kind == "restart":
            before, after = event.data.get("count_before"), event.data.get("count_after")
            container = (str(event.data.get("pod")), str(event.target))
            if type(before) is not int or type(after) is not int:
                yield wrong(event, f"the restart count of {event.target} is no number"[:120])
            elif not counts.get(container, 0) <= before < after:
                text = f"the restart count of {event.target} goes from {before} to {after}"
                yield wrong(event, text)
            else:
                counts[container] = after


def check_steps(record: Record) -> Iterator[Problem]:
    """Each fault's instant is followed by the end of its own watch, before the next one."""
    events = [e for e in record.events if e.kind in ("fault_instant", "watch_end")]
    for at, event in enumerate(events):
        if event.kind != ("fault_instant", "watch_end")[at % 2]:
            yield wrong(event, f"`{event.kind}` is out of turn")
        if at and event.t_ns < events[at - 1].t_ns:
            yield wrong(event, f"`{event.kind}` is before what it follows on")


def check_clients(record: Record) -> Iterator[Problem]:
    """Events of new clients are about clients of the scenario.

    Records made before a client could ask in the watch do not name the client.
    """
    known = {(id_, c.node) for c in scenario_of(record).clients for id_ in (None, c.id)}
    for event in record.events:
        if event.kind in ("asked", "new_connection"):
            client, node = event.data.get("client"), event.node or "client"
            if not isinstance(client, str | None) or (client, node) not in known:
                yield wrong(event, f"`{event.kind}` is of a new client that the scenario has not")


def check_nodes(record: Record) -> Iterator[Problem]:
    """Events are about the lane's two nodes, and logs come from hosts in the description."""
    for event in record.events:
        if event.node not in (None, "client", "endpoint"):
            yield wrong(event, f"`{event.kind}` is of a node `{event.node}`"[:80])
    listed = record.meta["cluster"].get("nodes")
    if listed is None:
        return  # an older description does not list them
    names = {str(node["name"]) for node in listed}
    if sorted(node["role"] for node in listed) != ["client", "endpoint"] or len(names) != 2:
        yield Problem("its description does not name one node for the client and one endpoint's")
    for other in sorted(p.name for p in record.folder.glob("logs/*") if p.name not in names):
        yield Problem(f"it has logs of {other}, which is no node of its lane"[:120])


def check_snapshots(record: Record) -> Iterator[Problem]:
    """A snapshot was taken after the begin of its phase and before its event.

    The states of the nodes in it are from that time as well, by their own clocks.
    """
    begun = record.events[0].t_ns
    for event in record.events:
        if phase_begun(event) is not None:
            begun = event.t_ns
        if event.kind != "snapshot":
            continue
        name = str(event.data.get("file")).removeprefix("snapshots/").removesuffix(".json")
        snapshot = read_snapshot(record, name)
        taken = [("", snapshot, 0)]
        for role, node in snapshot.get("nodes", {}).items():
            taken.append((f"of the {role}'s node "[:60], node, CLOCKS_NS))
        for who, one, slack in taken:
            if not begun - slack <= one.get("t_ns", begun) <= event.t_ns + slack:
                yield wrong(event, f"the snapshot `{name}` {who}is not from when it was taken")


PROTOCOL: tuple[Callable[[Record], Iterator[Problem]], ...] = (
    check_phases,
    check_going_on,
    check_once,
    check_steps,
    check_clients,
    check_nodes,
    check_snapshots,
)
"""In this order; each yields violations of the protocol."""
