# SPDX-License-Identifier: Apache-2.0
"""The watchdog of an arm with a remedy: findings, actions, false alarms, and cuts of a living path.

The rulebook ("treatment") defines the treatment of an arm, and a *cut*: possible harm by an action.
The last reply before a cut is always a little older than the cut: hence `ECHOES_BEFORE`. The settle
time is the time after which the study calls a path healthy. Actions and interruptions count until
the pods are removed, also after the watch, beside the new client: a watchdog acts there as well. If
less than the settle time was recorded after an action, without an interruption, a cut is not known.
A fault with a late effect of its own also meets the rule: the same scenario without the watchdog
shows that, in the table `contrasts`.

Harm and false alarms are counted in every attempt, void ones too: a watchdog that spoils a trial
must not vanish with it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, get_args

from nsm_resilience.judge.declared import faults_of
from nsm_resilience.judge.evidence import Evidence, Problem, of_event, of_samples, problem_at
from nsm_resilience.judge.outages import Echoes, find_interruptions
from nsm_resilience.judge.path import Outage, PathMeasure, outage_of
from nsm_resilience.judge.rules import Rules, to_s
from nsm_resilience.judge.timeline import Instants, phase_begun
from nsm_resilience.judge.watchdog_events import rule_of, say, watchdog_events
from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record
from nsm_resilience.study.fault import NodeRole

LISTED = 5
"""How many events of one kind are listed as evidence; the record holds all."""

BEATS_MISSED = 3
"""A longer time without a beat, in intervals between beats, means that it did not look."""

ECHOES_BEFORE = 2
"""How much older than the action the last reply before a cut may be, in echo intervals."""


@dataclass(frozen=True, slots=True)
class Watchdog:
    """Findings and acts of the watchdog from the fault to the end of the watch; seconds after it.

    All fields are None in an arm without a watchdog and where it never started. Those about the
    watch are also None without a watch. The fields are columns of table `trials` (`watchdog_…`).
    """

    found_s: float | None = None
    found_rule: str | None = None
    findings: int | None = None
    acted_s: float | None = None
    acts: int | None = None
    acts_failed: int | None = None
    false_alarms: int | None = None
    cut: bool | None = None
    evidence: tuple[Evidence, ...] = ()

    def as_measures(self) -> dict[str, Any]:
        """Its fields by their names in `Measures`."""
        shown = (one.name for one in fields(self) if one.name != "evidence")
        return {f"watchdog_{name}": getattr(self, name) for name in shown}


def check_watchdog(record: Record, instants: Instants) -> Problem | None:
    """Whether the arm had its treatment: a watchdog on both nodes all the time, or none at all."""
    remedy = record.meta["factors"].get("remedy", "none")
    if remedy == "none":
        for event in watchdog_events(record, "started"):
            return problem_at(event, "a watchdog ran in an arm without one", "watchdog")
        return None
    if instants.watch is None:
        return None  # the path's own problem is the better reason
    if remedy == "observe":
        for event in watchdog_events(record, "action"):
            text = "the watchdog acted in an arm in which it is to observe"
            return problem_at(event, text, "watchdog")
    watched = (_check_watched(record, node, remedy, *instants.watch) for node in get_args(NodeRole))
    return next((problem for problem in watched if problem is not None), None)


def _check_watched(
    record: Record, node: str, remedy: str, begin_ns: int, end_ns: int
) -> Problem | None:
    own = [event for event in watchdog_events(record) if event.node == node]
    turns = [event for event in own if event.data.get("what") in ("started", "ended")]
    before = [event for event in turns if event.t_ns < begin_ns]
    name = f"the watchdog on the {node}'s node"
    if not before or before[-1].data.get("what") == "ended":
        return Problem(f"{name} was not watching when the fault came")
    if before[-1].data.get("mode") != remedy:
        text = f"{name} ran in mode `{before[-1].data.get('mode')}`, and the arm is `{remedy}`"
        return problem_at(before[-1], text, "watchdog")
    for event in turns:
        if begin_ns <= event.t_ns <= end_ns:
            at = to_s(event.t_ns - begin_ns)
            did = "stopped watching" if event.data.get("what") == "ended" else "began anew"
            return problem_at(event, f"{name} {did} {at:.1f} s after the fault", "watchdog")
    if not any(event.t_ns > end_ns for event in own):
        return Problem(f"{name} was not heard until the end of the watch")
    beat_s = before[-1].data.get("beat_s")
    stopped = any(fault.whole_node and fault.node == node for fault in faults_of(record).values())
    if beat_s is None or stopped:  # such a fault stops the watchdog with everything on the node
        return None
    # Its pages may answer although its loop hangs: the beats show that it looked all the time.
    beats = [event.t_ns for event in own if event.data.get("what") == "beat"]
    last = max((t for t in beats if t < begin_ns), default=begin_ns)
    for left, right in pairwise([last, *(t for t in beats if begin_ns <= t <= end_ns), end_ns]):
        if to_s(right - left) > BEATS_MISSED * beat_s:
            at = to_s(left - begin_ns)
            return Problem(
                f"{name} did not look for {to_s(right - left):.1f} s, {at:.1f} s after the fault"
            )
    return None


def find_watchdog(
    record: Record, instants: Instants, path: PathMeasure, echoes: Echoes | None, rules: Rules
) -> Watchdog:
    """The watchdog in a complete record."""
    harm = _harm_in(record)
    watch = instants.watch
    if watch is None or harm is None:
        return _counted(harm)
    begin, end = watch
    findings = [e for e in watchdog_events(record, "finding") if begin <= e.t_ns <= end]
    later = [event for event in harm.acts if event.t_ns >= begin]
    cut: tuple[Event, Outage] | None = None
    known = path.verdict != "unknown" and echoes is not None
    if echoes is not None and known:
        last_ns = min(harm.until_ns, int(echoes.sent[-1]))
        # as for the path itself, but until the pods are removed
        hits = find_interruptions(echoes, begin, last_ns, loss_run=rules.loss_run)
        outages = [outage_of(n, hit, begin) for n, hit in enumerate(hits, start=1)]
        cut = _cut(later, outages, instants, rules)
        known = cut is not None or all(
            to_s(last_ns - event.t_ns) >= rules.settle_s - rules.tolerance_s for event in later
        )
    first = findings[0] if findings else None
    acted = [event for event in later if event.t_ns <= end]
    listed = (findings, harm.acts, harm.failed)
    return replace(
        _counted(harm),
        found_s=instants.since_fault(first.t_ns) if first is not None else None,
        found_rule=rule_of(first) if first is not None else None,
        findings=len(findings),
        acted_s=instants.since_fault(acted[0].t_ns) if acted else None,
        cut=cut is not None if known else None,
        evidence=(
            *(of_event("false alarm", event, say(event)) for event in harm.alarms[:LISTED]),
            *(of_event("watchdog", e, say(e)) for events in listed for e in events[:LISTED]),
            *(_cut_evidence(*cut) if cut is not None else ()),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Harm:
    """Events that are counted in any attempt, until the pods are removed (`until_ns`)."""

    until_ns: int
    acts: list[Event]
    failed: list[Event]
    alarms: list[Event]


def _harm_in(record: Record) -> _Harm | None:
    """Acts and false alarms in an attempt; None without a watchdog, or if it never started."""
    remedy = record.meta["factors"].get("remedy", "none")
    if remedy == "none" or not watchdog_events(record, "started"):
        return None
    ends = [e.t_ns for e in record.events if phase_begun(e) in ("undo", "collect", "wipe")]
    until = min(ends, default=record.events[-1].t_ns)
    # False alarms: findings before any fault; without a fault, all findings.
    fault = record.first("fault_instant") if faults_of(record) else None
    alarms_until = until if fault is None else fault.t_ns
    outcomes = watchdog_events(record, "outcome")
    return _Harm(
        until,
        [event for event in watchdog_events(record, "action") if event.t_ns < until],
        [e for e in outcomes if e.t_ns < until and e.data.get("ok") is not True],
        [event for event in watchdog_events(record, "finding") if event.t_ns < alarms_until],
    )


def count_harm(record: Record) -> Watchdog:
    """Actions and false alarms, which are counted in any attempt, void ones too."""
    return _counted(_harm_in(record))


def _counted(harm: _Harm | None) -> Watchdog:
    if harm is None:
        return Watchdog()
    return Watchdog(
        acts=len(harm.acts), acts_failed=len(harm.failed), false_alarms=len(harm.alarms)
    )


def _cut(
    acts: list[Event], outages: list[Outage], instants: Instants, rules: Rules
) -> tuple[Event, Outage] | None:
    """The first action that was followed by a cut, with the interruption."""
    slack = ECHOES_BEFORE * rules.interval_s
    for event in acts:
        acted = instants.since_fault(event.t_ns)
        if acted is None or any(_was_down(outage, acted, slack) for outage in outages):
            continue
        for outage in outages:
            if acted - slack <= outage.begin_s <= acted + rules.settle_s:
                return event, outage
    return None


def _was_down(outage: Outage, at_s: float, slack_s: float) -> bool:
    """Whether the path was down at that time, and had been for more than the slack."""
    return outage.begin_s < at_s - slack_s and (outage.end_s is None or outage.end_s > at_s)


def _cut_evidence(event: Event, outage: Outage) -> tuple[Evidence, ...]:
    text = f"no reply from {outage.begin_s:.2f} s on, after the path had answered the action"
    return (
        of_event("cut", event, say(event)),
        of_samples("cut", "path", outage.first_seq, outage.last_seq, text),
    )
