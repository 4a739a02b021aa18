# SPDX-License-Identifier: Apache-2.0
"""Was the declared fault injected, and do the probes show it at the same target?

injection.py checks that each fault has a proof. This module checks that the events of a fault are
possible: the scenario has the fault, it fails in the declared way, not before its time, and the
probes had seen the process, socket or pod there. A process that is reported gone or stopped must
not run in later samples. The system under test may repair a socket, a pod or a network rule, so
samples of those prove nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nsm_resilience.judge.acts import UNDOING_NS
from nsm_resilience.judge.components import DEAD, STOPPED, key_codes, successive
from nsm_resilience.judge.declared import faults_of
from nsm_resilience.judge.evidence import Problem, wrong, wrong_sample
from nsm_resilience.judge.rules import to_ns, to_s
from nsm_resilience.judge.timeline import CLOCKS_NS, turn_at, turns_of
from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record
from nsm_resilience.record.snapshots import read_snapshot
from nsm_resilience.study.fault import FAILURES, FailureWords
from nsm_resilience.systems.known import system_of

if TYPE_CHECKING:
    import pandas as pd

SIGNALLED: Mapping[str, FailureWords] = {
    name: said for name, said in FAILURES.items() if said.process
}
"""Failures after which a component's process is gone or stopped."""

LEAST = {"pid": 1, "start_ticks": 0, "restarts": 0, "cpu_ticks": 0}
"""Least values of columns in the table of components."""

FAULT_EVENTS = ("injection", "injection_proof", "undo")
"""Events that are about one fault of the scenario."""


def check_declared(record: Record) -> Iterator[Problem]:
    """Events of faults match the declared faults in target, node and method.

    Faults are numbered in the order of the scenario (faults/base.py, plan).
    """
    faults = faults_of(record)
    failure = str(record.meta["factors"].get("failure"))
    for event in record.events:
        if event.kind not in FAULT_EVENTS:
            continue
        fault = faults.get(str(event.data.get("id")))
        if fault is None:
            yield wrong(event, f"`{event.kind}` is of a fault that the scenario has not")
            return
        if event.target != fault.target:
            text = f"`{event.kind}` is of {event.target}, and the fault of {fault.target}"
            yield wrong(event, text[:160])
        if fault.role is not None and event.node != fault.role:
            yield wrong(event, f"`{event.kind}` is of the {event.node}'s node, not {fault.role}'s")
        method, wanted = event.data.get("method"), fault.failure_in(failure)
        if event.kind == "injection" and method != wanted:
            yield wrong(event, f"{fault.target} was to `{wanted}`, and did `{method}`"[:120])


def check_turns(record: Record) -> Iterator[Problem]:
    """A fault is injected once per turn, not before its time, and then proved and undone."""
    faults, turns = faults_of(record), turns_of(record)
    injected: dict[str, dict[int, Event]] = defaultdict(dict)
    for event in record.all_of("injection"):
        name, begun, done = (event.data.get(key) for key in ("id", "t_begin_ns", "t_done_ns"))
        if type(begun) is not int or type(done) is not int or begun > done:
            yield wrong(event, "an injection does not say from when to when it was")
            return
        turn = turn_at(turns, begun)
        if turn is None:
            yield wrong(event, f"{event.target} was broken before the instant of any fault")
            return
        begin, end = turns[turn]
        delay_s = faults[str(name)].delay_s
        if begun < begin + to_ns(delay_s) - CLOCKS_NS:
            text = f"{event.target} was broken {to_s(begun - begin):.1f} s after the instant"
            yield wrong(event, f"{text}, and was to be after {delay_s:g} s")
        if begun > end + CLOCKS_NS:
            yield wrong(event, f"{event.target} was broken after its watch was over")
        if turn in injected[str(name)]:
            yield wrong(event, f"{event.target} was broken a second time by one fault")
        injected[str(name)][turn] = event
    for event in record.events:
        if event.kind not in ("injection_proof", "undo"):
            continue
        of_fault = injected[str(event.data.get("id"))].values()
        before = [one for one in of_fault if one.data["t_begin_ns"] <= event.t_ns]
        proof = event.kind == "injection_proof"
        if not before:
            done = "proved" if proof else "undone"
            yield wrong(event, f"the fault of {event.target} was {done} before it was injected")
        elif proof and event.data.get("proved") is True and before[-1].data.get("error"):
            yield wrong(event, f"the fault of {event.target} was proved and had failed")


def check_parts(record: Record) -> Iterator[Problem]:
    """Sampled components are parts of the system under test on its plane, with possible values.

    No process id is below 1, and the restart count of a container falls only when its pod is
    deleted and replaced.
    """
    factors = record.meta["factors"]
    known = set(system_of(factors).components[str(factors["plane"])])
    table = record.table("components")
    for foreign in sorted(set(table["component"].unique()) - known, key=str):
        yield Problem(f"its component {foreign} is none of the system under test"[:120])
    for column, least in LEAST.items():
        for at in table.index[table[column].lt(least).fillna(False)].tolist():
            yield wrong_sample("components", at, f"has a {column} below {least}")
    if table["restarts"].nunique() < 2 or any(
        event.data.get("type") == "Deleted" for event in record.all_of("condition")
    ):
        return
    keys = key_codes(table["node"], table["component"])
    counts = table["restarts"].fillna(-1).to_numpy(dtype=np.int64)
    before, rows = successive(keys, table["t_ns"].to_numpy(dtype=np.int64), counts >= 0)
    for at in rows[counts[rows] < counts[before]].tolist():
        text = "has a lower restart count than before, and no pod was deleted"
        yield wrong_sample("components", at, text)


def check_hit(record: Record) -> Iterator[Problem]:
    """The target was there before the fault; a killed or stopped process does not run on."""
    interval = to_ns(float(record.meta["probes"]["component_interval_s"]))
    faults, turns = faults_of(record), turns_of(record)
    for event in record.all_of("injection"):
        fault, before = faults[str(event.data.get("id"))], event.data.get("before")
        before = before if isinstance(before, dict) else {}
        turn = turn_at(turns, event.data["t_begin_ns"]) or 0
        # The time of a sample is the begin of its reading: one that began within an interval before
        # the fault may show its effect.
        until = turns[turn][0] - interval
        if "uid" in before:
            yield from _check_pod(record, event, before, turn)
        elif fault.kind == "component" and event.data.get("method") in SIGNALLED:
            own = _samples_of(record.table("components"), event.node, "component", fault.component)
            yield from _check_process(record, event, before, own, until)
        elif fault.kind == "socket":
            yield from _check_sockets(record, event, before, until)


def _samples_of(table: pd.DataFrame, node: object, column: str, name: object) -> pd.DataFrame:
    """The samples of one component or socket on one node, by time."""
    own = table[(table["node"] == node) & (table[column] == name)]
    return own.sort_values("t_ns", kind="stable")


def _check_pod(
    record: Record, event: Event, before: dict[str, Any], turn: int
) -> Iterator[Problem]:
    """The deleted pod is in the snapshot before the fault."""
    name = "before" if turn == 0 else f"before-{turn + 1}"
    pods = read_snapshot(record, name).get("pods")
    if pods is not None and before["uid"] not in {pod["uid"] for pod in pods}:
        yield wrong(event, f"the pod {before.get('pod')} was deleted and was not there"[:120])


def _check_process(
    record: Record, event: Event, before: dict[str, Any], own: pd.DataFrame, until_ns: int
) -> Iterator[Problem]:
    """The process that was hit is the component's, and is gone or stopped after its proof."""
    pid, start = before.get("pid"), before.get("start_ticks")
    if type(pid) is not int or type(start) is not int:
        yield wrong(event, f"it does not say which process of {event.target} was hit")
        return
    if not len(own):
        yield wrong(event, f"there is no sample of {event.target}, which was hit")
        return
    same = own[(own["pid"].eq(pid) & own["start_ticks"].eq(start)).fillna(False)]
    earlier = own.index[own["t_ns"] <= until_ns]
    if len(earlier) and earlier[-1] not in same.index:
        text = f"is of another process than {pid}, which was hit then"
        yield wrong_sample("components", int(earlier[-1]), text)
    proof = _first_after(record, event, "injection_proof")
    if proof is None or proof.data.get("proved") is not True:
        return
    for check in proof.data.get("checks") or ():
        shown = check.get("before")
        if isinstance(shown, dict) and shown.get("pid", pid) != pid:
            yield wrong(proof, f"the proof is of the process {shown['pid']}, and {pid} was hit")
    yield from _check_not_running(record, event, same[same["t_ns"] > proof.t_ns])


def _check_not_running(record: Record, event: Event, later: pd.DataFrame) -> Iterator[Problem]:
    """No sample after the proof shows the process at work."""
    ended, said = DEAD, SIGNALLED[event.data["method"]]
    if said.process == "stopped":
        if any(fault.whole_node for fault in faults_of(record).values()):
            return  # another fault of the trial stops and continues everything on a node
        undo = _first_after(record, event, "undo")
        if undo is not None:
            begun = undo.data.get("t_begin_ns", undo.t_ns)
            later = later[later["t_ns"] < begun - UNDOING_NS]
        ended = DEAD | STOPPED
    for at in later.index[~later["state"].fillna("").isin(ended)].tolist():
        yield wrong_sample("components", at, f"shows the process at work that had been {said.done}")


def _check_sockets(
    record: Record, event: Event, before: dict[str, Any], until_ns: int
) -> Iterator[Problem]:
    """The damaged sockets are those that the probe had seen there."""
    for path, was in before.items():
        inode = was.get("inode") if isinstance(was, dict) else None
        own = _samples_of(record.table("sockets"), event.node, "path", path)
        seen = own["inode"][own["t_ns"] <= until_ns].fillna(-1)
        if type(inode) is int and len(seen) and int(seen.iloc[-1]) != inode:
            yield wrong(event, f"the socket {path} that was damaged is not the one there"[:160])


def _first_after(record: Record, injection: Event, kind: str) -> Event | None:
    """The first event of a kind about the same fault since its injection."""
    since, name = injection.data["t_begin_ns"], injection.data.get("id")
    later = (e for e in record.all_of(kind) if e.data.get("id") == name and e.t_ns >= since)
    return next(later, None)


INJECTED: tuple[Callable[[Record], Iterator[Problem]], ...] = (
    check_declared,
    check_turns,
    check_parts,
    check_hit,
)
"""In this order; each yields the contradictions that it finds."""
