# SPDX-License-Identifier: Apache-2.0
"""Was the fault really injected? Only the agent's proof counts, never the attempt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from nsm_resilience.judge.declared import faults_of
from nsm_resilience.judge.evidence import Evidence, of_event
from nsm_resilience.judge.protocol import turns_of
from nsm_resilience.judge.rules import to_s
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record
from nsm_resilience.study.fault import Fault

UNDONE_EARLY_S, UNDONE_LATE_S = 0.5, 5.0
"""How much before or after its time a fault may be reported undone (the agent looks that it is)."""

ProofState = Literal["proved", "not proved", "missing", "no fault", "unexpected"]


@dataclass(frozen=True, slots=True)
class Injection:
    """What is known of a trial's faults.

    Attributes:
        state: `proved` when every declared fault has a proof that the agent stands by; `no fault`
            for a control without injection; `unexpected` for a control in which one was made.
        text: A clause that says why, for the reason of the verdict.
        skew_s: Seconds between the begin of the first and of the last injection, declared delays
            included; None for fewer than two.
        evidence: Injections, proofs and the checks that failed.
    """

    state: ProofState
    text: str
    skew_s: float | None
    evidence: tuple[Evidence, ...]


def find_injection(record: Record, instants: Instants) -> Injection:
    """The state of the faults that the record's scenario declares."""
    declared = Counter(
        target_of(fault)
        for fault in record.meta["scenario"].get("faults") or []
        if isinstance(fault, dict)
    )
    injections, proofs = record.all_of("injection"), record.all_of("injection_proof")
    evidence = tuple(of_event("injection", e, f"{_method(e)} of {_target(e)}") for e in injections)
    skew = _skew(injections, instants)
    if not declared:
        if not injections:
            return Injection("no fault", "no fault is declared", None, ())
        return Injection(
            "unexpected", "a fault was injected although none is declared", skew, evidence
        )
    for proof in proofs:
        failed = _failed_check(proof)
        if failed is not None:
            name = _target(proof)
            found = of_event("injection", proof, f"{name}: {failed}")
            return Injection(
                "not proved",
                f"the fault of {name} was not proved ({failed})",
                skew,
                (*evidence, found),
            )
    judged = [p for p in proofs if instants.fault_ns is None or p.t_ns >= instants.fault_ns]
    proved = Counter(target for _, target in {(p.data.get("id"), _target(p)) for p in judged})
    for target, number in declared.items():
        if proved[target] < number:
            return Injection(
                "missing", f"there is no proof of the fault of {target}", skew, evidence
            )
    undone = _undone_early(record) or _not_undone(record, instants)
    if undone is not None:
        return Injection("not proved", undone, skew, evidence)
    checks = tuple(of_event("injection", p, f"{_target(p)}: {_say_checks(p)}") for p in judged)
    return Injection("proved", f"{len(judged)} faults proved", skew, (*evidence, *checks))


def _undone_early(record: Record) -> str | None:
    """A fault that was to last until the end and was undone in its watch, as a clause."""
    faults, turns = faults_of(record), turns_of(record)
    for event in record.all_of("undo"):
        fault = faults.get(str(event.data.get("id")))
        if fault is None or fault.for_s is not None:
            continue
        for begin, end in turns:
            if begin <= event.t_ns <= end:
                text = (
                    f"the fault of {fault.target} was undone after {to_s(event.t_ns - begin):.1f} s"
                )
                return f"{text}, and was to last until the end"
    return None


def _not_undone(record: Record, instants: Instants) -> str | None:
    """The declared fault that was not undone after its time, as a clause; None if all were.

    One that lasted longer, or of which nobody knows when it ended, is another fault than declared.
    """
    ends: dict[str, list[float]] = {}
    for fault in faults_of(record).values():
        if fault.for_s is not None:
            ends.setdefault(fault.target, []).append(fault.delay_s + fault.for_s)
    for target, wanted in ends.items():
        undone = [
            instants.since_fault(e.t_ns) or 0.0
            for e in record.all_of("undo")
            if e.target == target and e.data.get("ok") is True
        ]
        for end in sorted(wanted):
            if not any(-UNDONE_EARLY_S <= at - end <= UNDONE_LATE_S for at in undone):
                return f"the fault of {target} was not undone after its {end:g} s"
    return None


def target_of(fault: dict[str, Any]) -> str:
    """Name of what a declared fault breaks, as the runner writes it: `nsmd@client`."""
    return Fault.model_validate(fault).target


def _target(event: Event) -> str:
    """What an injection or a proof is about."""
    fault = event.data.get("fault")
    if isinstance(fault, dict):
        return target_of(fault)
    return event.target or "an unnamed target"


def _method(event: Event) -> str:
    return str(event.data.get("method") or "injection")


def _failed_check(proof: Event) -> str | None:
    """Why a proof proves nothing, or None.

    The agent says which of its checks decide (`proved`): that no new process came after a kill, for
    one, belongs to the outcome and not to the fault. But a proof of which no check held is none.
    """
    checks = _checks(proof)
    if not checks:
        return "the proof has no checks"
    held = [check for check in checks if check.get("ok") is True]
    if proof.data.get("proved") is True and held:
        return None
    failed = next((check for check in checks if check.get("ok") is not True), checks[0])
    return f"check failed: {failed.get('check') or 'unnamed'}"


def _checks(proof: Event) -> list[dict[str, Any]]:
    checks = proof.data.get("checks")
    return [c for c in checks if isinstance(c, dict)] if isinstance(checks, list) else []


def _say_checks(proof: Event) -> str:
    said = [
        f"{check.get('check')}{'' if check.get('ok') is True else ' (not so)'}"
        for check in _checks(proof)
    ]
    return "; ".join(dict.fromkeys(said))


def _skew(injections: list[Event], instants: Instants) -> float | None:
    """Seconds between the first and the last one begun, declared delays included."""
    begun: list[int] = []
    for event in injections:
        at = event.data.get("t_begin_ns")
        if isinstance(at, int) and (instants.fault_ns is None or at >= instants.fault_ns):
            begun.append(at)
    return to_s(max(begun) - min(begun)) if len(begun) > 1 else None
