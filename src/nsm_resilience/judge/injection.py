# SPDX-License-Identifier: Apache-2.0
"""Was the fault really injected? Only the agent's proof counts, never the attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from nsm_resilience.judge.declared import faults_of
from nsm_resilience.judge.evidence import Evidence, Problem, of_event
from nsm_resilience.judge.rules import to_s
from nsm_resilience.judge.timeline import Instants, turns_of
from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record

UNDONE_EARLY_S, UNDONE_LATE_S = 0.5, 5.0
"""How early or late a fault may be reported undone; the agent checks the undo, which takes time."""

ProofState = Literal["proved", "not proved", "missing", "no fault"]


@dataclass(frozen=True, slots=True)
class Injection:
    """The state of a trial's faults.

    Attributes:
        state: `proved` when every declared fault has a proof that the agent calls one; `no fault`
            for a control.
        skew_s: Seconds between the begin of the first and of the last injection, declared delays
            included; None for fewer than two.
    """

    state: ProofState
    problem: Problem | None
    skew_s: float | None
    evidence: tuple[Evidence, ...]


def find_injection(record: Record, instants: Instants) -> Injection:
    """The state of the declared faults in the judged outage."""
    faults = faults_of(record)
    if not faults:  # and none was injected (injected.py)
        return Injection("no fault", None, None, ())
    since = instants.fault_ns or 0
    injections, proofs = record.all_of("injection"), record.all_of("injection_proof")
    evidence = tuple(
        of_event("injection", e, f"{e.data.get('method')} of {e.target}") for e in injections
    )
    begun = [e.data["t_begin_ns"] for e in injections if e.data["t_begin_ns"] >= since]
    skew = to_s(max(begun) - min(begun)) if len(begun) > 1 else None

    def without(state: ProofState, text: str, *more: Evidence) -> Injection:
        problem = Problem(text, verdict="not_injected")
        return Injection(state, problem, skew, (*evidence, *more))

    for proof in proofs:
        failed = _failed_check(proof)
        if failed is not None:
            found = of_event("injection", proof, f"{proof.target}: {failed}")
            text = f"the fault of {proof.target} was not proved ({failed})"
            return without("not proved", text, found)
    judged = [proof for proof in proofs if proof.t_ns >= since]
    proved = {proof.data["id"] for proof in judged}
    for name, fault in faults.items():
        if name not in proved:
            return without("missing", f"there is no proof of the fault of {fault.target}")
    undone = _undone_early(record) or _not_undone(record, instants)
    if undone is not None:
        return without("not proved", undone)
    checks = (of_event("injection", p, f"{p.target}: {_say_checks(p)}") for p in judged)
    return Injection("proved", None, skew, (*evidence, *checks))


def _undone_early(record: Record) -> str | None:
    """A fault without a duration that was undone in its watch, as a clause."""
    faults = faults_of(record)
    for event in record.all_of("undo"):
        fault = faults[event.data["id"]]
        for begin, end in turns_of(record):
            if fault.for_s is None and begin <= event.t_ns <= end:
                after = to_s(event.t_ns - begin)
                text = f"the fault of {fault.target} was undone after {after:.1f} s"
                return f"{text}, and was to last until the end"
    return None


def _not_undone(record: Record, instants: Instants) -> str | None:
    """The declared fault that was not undone after its duration, as a clause; None if all were.

    A fault that lasted longer, or whose end is not known, is not the declared one.
    """
    for name, fault in faults_of(record).items():
        if fault.for_s is None:
            continue
        end = fault.delay_s + fault.for_s
        undone = [
            (instants.since_fault(event.t_ns) or 0.0) - end
            for event in record.all_of("undo")
            if event.data["id"] == name and event.data.get("ok") is True
        ]
        if not any(-UNDONE_EARLY_S <= late <= UNDONE_LATE_S for late in undone):
            return f"the fault of {fault.target} was not undone after its {end:g} s"
    return None


def _failed_check(proof: Event) -> str | None:
    """Why a proof proves nothing, or None.

    The agent decides by the checks that matter (`proved`): the absence of a new process after a
    kill, for example, belongs to the outcome and not to the fault. A proof without any check that
    held proves nothing.
    """
    checks: list[dict[str, Any]] = proof.data.get("checks") or []
    if not checks:
        return "the proof has no checks"
    failed = [check for check in checks if check.get("ok") is not True]
    if proof.data.get("proved") is True and len(failed) < len(checks):
        return None
    return f"check failed: {(failed or checks)[0].get('check') or 'unnamed'}"


def _say_checks(proof: Event) -> str:
    said = [
        f"{check.get('check')}{'' if check.get('ok') is True else ' (not so)'}"
        for check in proof.data["checks"]
    ]
    return "; ".join(dict.fromkeys(said))
