# SPDX-License-Identifier: Apache-2.0
"""Is what was injected what the study declares, and do the probes show it at the same target?

Whether a fault has a proof is asked in injection.py. Here it is asked whether the events that tell
of it can be: of a fault that the scenario has, in the way it is to fail, not before its time, of a
process, socket or pod that the probes had seen there; and whether a process that is told to be gone
or stopped runs on in the samples. Of what was damaged and may have been mended by the system under
test (a socket, a pod, a rule of the network) the samples prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nsm_resilience.judge.acts import UNDOING_NS
from nsm_resilience.judge.agreement import CLOCKS_NS, wrong
from nsm_resilience.judge.components import DEAD, STOPPED, key_codes, successive
from nsm_resilience.judge.coverage import Problem
from nsm_resilience.judge.declared import faults_of
from nsm_resilience.judge.evidence import of_samples
from nsm_resilience.judge.protocol import turn_at, turns_of
from nsm_resilience.judge.rules import to_ns, to_s
from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record
from nsm_resilience.record.snapshots import read_snapshot
from nsm_resilience.systems.known import system_of

if TYPE_CHECKING:
    import pandas as pd

SIGNALLED = frozenset({"kill", "hang"})
"""Failures by a signal to a component's process."""

LEAST = {"pid": 1, "start_ticks": 0, "restarts": 0, "cpu_ticks": 0}
"""The least value of a number in the table of components."""

TOLD = ("injection", "injection_proof", "undo")
"""Events that are about one fault of the scenario."""


def check_declared(record: Record) -> Problem | None:
    """Events of faults are of those that the scenario declares, at their target and in their way.

    Faults are numbered in the order in which the scenario names them (faults/base.py, plan).
    """
    faults = faults_of(record)
    failure = str(record.meta["factors"].get("failure"))
    for event in record.events:
        if event.kind not in TOLD:
            continue
        fault = faults.get(str(event.data.get("id")))
        if fault is None:
            return wrong(event, f"`{event.kind}` is of a fault that the scenario has not")
        if event.target != fault.target:
            text = f"`{event.kind}` is of {event.target}, and the fault of {fault.target}"
            return wrong(event, text[:160])
        if fault.role is not None and event.node != fault.role:
            return wrong(event, f"`{event.kind}` is of the {event.node}'s node, not {fault.role}'s")
        method, wanted = event.data.get("method"), fault.failure_in(failure)
        if event.kind == "injection" and method != wanted:
            return wrong(event, f"{fault.target} was to `{wanted}`, and did `{method}`"[:120])
    return None


def check_turns(record: Record) -> Problem | None:
    """A fault is injected once in its turn and not before its time; proved and undone after it."""
    faults, turns = faults_of(record), turns_of(record)
    injected: dict[str, dict[int, Event]] = {}
    for event in record.all_of("injection"):
        name = str(event.data.get("id"))
        begun = event.data["t_begin_ns"]
        turn = turn_at(turns, begun)
        if turn is None:
            return wrong(event, f"{event.target} was broken before the instant of any fault")
        begin, end = turns[turn]
        if begun < begin + to_ns(faults[name].delay_s) - CLOCKS_NS:
            text = f"{event.target} was broken {to_s(begun - begin):.1f} s after the instant"
            return wrong(event, f"{text}, and was to be after {faults[name].delay_s:g} s")
        if begun > end + CLOCKS_NS:
            return wrong(event, f"{event.target} was broken after its watch was over")
        if turn in injected.setdefault(name, {}):
            return wrong(event, f"{event.target} was broken a second time by one fault")
        injected[name][turn] = event
    for event in record.events:
        if event.kind not in ("injection_proof", "undo"):
            continue
        of_fault = injected.get(str(event.data.get("id")), {})
        before = [one for one in of_fault.values() if one.data["t_begin_ns"] <= event.t_ns]
        if not before:
            done = "proved" if event.kind == "injection_proof" else "undone"
            return wrong(event, f"the fault of {event.target} was {done} before it was injected")
        failed = before[-1].data.get("error")
        if event.kind == "injection_proof" and failed and event.data.get("proved") is True:
            return wrong(event, f"the fault of {event.target} was proved and had failed")
    return None


@dataclass(frozen=True, slots=True)
class _Seen:
    """Samples of both nodes as arrays, which are looked through much faster than a table."""

    t_ns: NDArray[np.int64]
    node: NDArray[Any]
    name: NDArray[Any]
    """Component, or path of the socket."""
    table: pd.DataFrame
    columns: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    @classmethod
    def of(cls, table: pd.DataFrame, name: str) -> _Seen:
        return cls(
            table["t_ns"].to_numpy(dtype=np.int64),
            table["node"].to_numpy(dtype=object),
            table[name].to_numpy(dtype=object),
            table,
        )

    def numbers(self, column: str) -> NDArray[np.int64]:
        """A column of whole numbers, -1 where there is none."""
        if column not in self.columns:
            self.columns[column] = self.table[column].to_numpy(dtype=np.int64, na_value=-1)
        return self.columns[column]

    def rows(self, node: object, name: object) -> NDArray[np.intp]:
        """Rows of one thing on one node, by time."""
        found = np.flatnonzero((self.name == name) & (self.node == node))
        return found[np.argsort(self.t_ns[found], kind="stable")]

    def last(self, rows: NDArray[np.intp], until_ns: int) -> int | None:
        """The last of some rows until an instant."""
        earlier = rows[self.t_ns[rows] <= until_ns]
        return int(earlier[-1]) if len(earlier) else None


def check_hit(record: Record) -> Problem | None:
    """What was hit is what was there; a process that was killed or stopped does not run on."""
    injections = record.all_of("injection")
    seen: dict[str, _Seen] = {}
    interval = to_ns(float(record.meta["probes"]["component_interval_s"]))
    faults, turns = faults_of(record), turns_of(record)
    for event in injections:
        fault, before = faults[str(event.data.get("id"))], event.data.get("before")
        turn = turn_at(turns, event.data["t_begin_ns"]) or 0
        # A sample is stamped when its reading begins: one that began within a beat of the fault may
        # have read what the fault did.
        until = turns[turn][0] - interval
        before = before if isinstance(before, dict) else {}
        if "uid" in before:
            problem = _pod(record, event, before, turn)
        elif fault.kind == "component" and event.data.get("method") in SIGNALLED:
            if not seen.get("component"):
                seen["component"] = _Seen.of(record.table("components"), "component")
            rows = seen["component"].rows(event.node, fault.component)
            problem = _process(record, event, before, seen["component"], rows, until)
        elif fault.kind == "socket":
            if not seen.get("path"):
                seen["path"] = _Seen.of(record.table("sockets"), "path")
            problem = _sockets(event, before, seen["path"], until)
        else:
            continue
        if problem is not None:
            return problem
    return None


def _pod(record: Record, event: Event, before: dict[str, Any], turn: int) -> Problem | None:
    """The pod that was deleted is in the state before the fault."""
    name = "before" if turn == 0 else f"before-{turn + 1}"
    pods = read_snapshot(record, name).get("pods")
    if isinstance(pods, list) and before["uid"] not in {
        pod.get("uid") for pod in pods if isinstance(pod, dict)
    }:
        return wrong(event, f"the pod {before.get('pod')} was deleted and was not there"[:120])
    return None


def _process(
    record: Record,
    event: Event,
    before: dict[str, Any],
    seen: _Seen,
    rows: NDArray[np.intp],
    until_ns: int,
) -> Problem | None:
    """The process that was hit is the component's, and is gone or stopped from its proof on."""
    pid, start = before.get("pid"), before.get("start_ticks")
    if type(pid) is not int or type(start) is not int:
        return wrong(event, f"it does not say which process of {event.target} was hit")
    pids, starts = seen.numbers("pid")[rows], seen.numbers("start_ticks")[rows]
    same_rows = rows[(pids == pid) & (starts == start)]
    if not len(rows):
        return wrong(event, f"there is no sample of {event.target}, which was hit")
    last = seen.last(rows, until_ns)
    if last is not None and last not in same_rows:
        return _row(last, f"is of another process than {pid}, which was hit then")
    proof = _after(record, event, "injection_proof")
    if proof is None or proof.data.get("proved") is not True:
        return None
    checks = proof.data.get("checks")
    for check in checks if isinstance(checks, list) else ():
        shown = check.get("before") if isinstance(check, dict) else None
        if isinstance(shown, dict) and shown.get("pid", pid) != pid:
            return wrong(proof, f"the proof is of the process {shown['pid']}, and {pid} was hit")
    return _runs_on(record, event, seen, same_rows[seen.t_ns[same_rows] > proof.t_ns])


def _runs_on(record: Record, event: Event, seen: _Seen, later: NDArray[np.intp]) -> Problem | None:
    """The first sample after the proof that shows the process at work."""
    ended, did = DEAD, "killed"
    if event.data.get("method") == "hang":
        if _continued_by_others(record):
            return None
        undo = _after(record, event, "undo")
        begun = None if undo is None else undo.data.get("t_begin_ns", undo.t_ns)
        if type(begun) is int:
            later = later[seen.t_ns[later] < begun - UNDOING_NS]
        ended, did = DEAD | STOPPED, "stopped"
    if not len(later):
        return None
    states = seen.table["state"].iloc[later].fillna("")
    for at, state in zip(later.tolist(), states.tolist(), strict=True):
        if state not in ended:
            return _row(at, f"shows the process at work that had been {did}")
    return None


def _continued_by_others(record: Record) -> bool:
    """Whether another fault of the trial stops and continues everything on a node."""
    return any(fault.whole_node for fault in faults_of(record).values())


def _sockets(event: Event, before: dict[str, Any], seen: _Seen, until_ns: int) -> Problem | None:
    """The sockets that were damaged are those that the probe had seen there."""
    inodes = seen.numbers("inode")
    for path, was in before.items():
        inode = was.get("inode") if isinstance(was, dict) else None
        last = seen.last(seen.rows(event.node, path), until_ns)
        if type(inode) is int and last is not None and inodes[last] != inode:
            return wrong(event, f"the socket {path} that was damaged is not the one there"[:160])
    return None


def _after(record: Record, injection: Event, kind: str) -> Event | None:
    """The first event of a kind about a fault since it was injected."""
    return next(
        (
            event
            for event in record.all_of(kind)
            if event.data.get("id") == injection.data.get("id")
            and event.t_ns >= injection.data["t_begin_ns"]
        ),
        None,
    )


def check_parts(record: Record) -> Problem | None:
    """Components that are sampled are parts of the system under test on its plane.

    What is sampled of them can be: no process has a number below 1, and the restart count of a
    container falls only when its pod is deleted and another takes its place.
    """
    factors = record.meta["factors"]
    known = set(system_of(factors).components[str(factors["plane"])])
    table = record.table("components")
    names = set(table["component"].unique())
    foreign = sorted(names - known, key=str)
    if foreign:
        return Problem(f"its component {foreign[0]} is none of the system under test"[:120])
    for column, least in LEAST.items():
        low = table[column].lt(least)
        if low.any():
            at = int(np.flatnonzero(low.fillna(False))[0])
            return _row(at, f"has a {column} below {least}")
    if table["restarts"].nunique() < 2 or any(
        event.data.get("type") == "Deleted" for event in record.all_of("condition")
    ):
        return None
    keys = key_codes(table["node"], table["component"])
    counts = table["restarts"].fillna(-1).to_numpy(dtype=np.int64)
    before, rows = successive(keys, table["t_ns"].to_numpy(dtype=np.int64), counts >= 0)
    falls = rows[counts[rows] < counts[before]]
    if len(falls):
        return _row(int(falls[0]), "has a lower restart count than before, and no pod was deleted")
    return None


def _row(at: int, what: str) -> Problem:
    text = f"row {at} of the table components {what}"
    return Problem(text, (of_samples("not possible", "components", at, at, what),))


INJECTED: tuple[Callable[[Record], Problem | None], ...] = (
    check_declared,
    check_turns,
    check_parts,
    check_hit,
)
"""In this order; each returns the first thing that does not fit."""
