# SPDX-License-Identifier: Apache-2.0
"""What the watchdog of an arm with a remedy did: found, acted, cried wolf, cut a path that lived.

An arm is its treatment: a trial in which the watchdog did not watch on both nodes from before the
fault until the end of the watch, or did in another mode, or watched in an arm without one, is
`unknown` (`check_watchdog`).

A *cut* is harm that an action may have done. It is one when

1. the path answered when the action began: no interruption was open, one that began up to two
   echoes before it apart, because the last reply before a cut is always a little older than it;
2. an interruption (longer than the study's `interruption_s`) began within the settle time after it.

The settle time is what the study itself takes to tell that a path is well. A fault whose own effect
comes late meets the rule, too: whether the path would have lived is told by the same scenario
without the watchdog, in the table `remedies`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from nsm_resilience.judge.coverage import Problem
from nsm_resilience.judge.evidence import Evidence, of_event, of_samples
from nsm_resilience.judge.path import Outage, PathMeasure
from nsm_resilience.judge.rules import Rules, to_s
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.judge.watchdog_events import rule_of, say, watchdog_events
from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record
from nsm_resilience.study.models import NodeRole

LISTED = 5
"""How many events of one kind are referred to; the record holds all."""

ECHOES_BEFORE = 2
"""Echoes that the last reply before a cut may be older than the action."""


@dataclass(frozen=True, slots=True)
class Watchdog:
    """What the watchdog did between the fault and the end of the watch; seconds from the fault.

    Everything is None in an arm without one, where it never started, and without a watch.

    Attributes:
        found_s: Its first finding.
        found_rule: The rule that found it.
        findings: How many findings.
        acted_s: Its first action.
        acts: How many actions.
        acts_failed: Of these, how many came out badly.
        cleared_s: When the last of the findings no longer held; None while one still holds, and
            without any.
        false_alarms: Findings before the fault, and in a control all of them.
        cut: Whether an action was followed by a cut, see the top of this module; None also when the
            path was not measured.
        evidence: Findings, actions, false alarms and the cut.
    """

    found_s: float | None = None
    found_rule: str | None = None
    findings: int | None = None
    acted_s: float | None = None
    acts: int | None = None
    acts_failed: int | None = None
    cleared_s: float | None = None
    false_alarms: int | None = None
    cut: bool | None = None
    evidence: tuple[Evidence, ...] = ()


def check_watchdog(record: Record, instants: Instants) -> Problem | None:
    """Whether the arm had its treatment: a watchdog on both nodes all the time, or none at all."""
    remedy = record.meta["factors"].get("remedy", "none")
    begun = watchdog_events(record, "started")
    if remedy == "none":
        if not begun:
            return None
        text = "a watchdog ran in an arm without one"
        return Problem(text, (of_event("watchdog", begun[0], text),))
    watch = instants.watch
    if watch is None:
        return None  # the path's own problem is the better reason
    acts = watchdog_events(record, "action")
    if remedy == "observe" and acts:
        text = "the watchdog acted in an arm in which it is to observe"
        return Problem(text, (of_event("watchdog", acts[0], text),))
    for node in get_args(NodeRole):
        problem = _watched(record, node, str(remedy), *watch)
        if problem is not None:
            return problem
    return None


def _watched(record: Record, node: str, remedy: str, begin_ns: int, end_ns: int) -> Problem | None:
    own = [event for event in watchdog_events(record) if event.node == node]
    turns = [event for event in own if event.data.get("what") in ("started", "ended")]
    before = [event for event in turns if event.t_ns < begin_ns]
    name = f"the watchdog on the {node}'s node"
    if not before or before[-1].data.get("what") == "ended":
        return Problem(f"{name} was not watching when the fault came")
    if before[-1].data.get("mode") != remedy:
        text = f"{name} ran in mode `{before[-1].data.get('mode')}`, and the arm is `{remedy}`"
        return Problem(text, (of_event("watchdog", before[-1], text),))
    for event in turns:
        if begin_ns <= event.t_ns <= end_ns:
            at = to_s(event.t_ns - begin_ns)
            did = "stopped watching" if event.data.get("what") == "ended" else "began anew"
            text = f"{name} {did} {at:.1f} s after the fault"
            return Problem(text, (of_event("watchdog", event, text),))
    if not any(event.t_ns > end_ns for event in own):
        return Problem(f"{name} was not heard until the end of the watch")
    return None


def find_watchdog(record: Record, instants: Instants, path: PathMeasure, rules: Rules) -> Watchdog:
    """What it did; never raises for what a record lacks."""
    watch = instants.watch
    remedy = record.meta["factors"].get("remedy", "none")
    if watch is None or remedy == "none" or not watchdog_events(record, "started"):
        return Watchdog()
    begin, end = watch

    def inside(*what: str) -> list[Event]:
        return [e for e in watchdog_events(record, *what) if begin <= e.t_ns <= end]

    findings, acts = inside("finding"), inside("action")
    failed = [event for event in inside("outcome") if event.data.get("ok") is not True]
    alarms = _false_alarms(record, begin)
    cut = _cut(acts, path, instants, rules)
    first = findings[0] if findings else None
    return Watchdog(
        found_s=instants.since_fault(first.t_ns) if first is not None else None,
        found_rule=rule_of(first) if first is not None else None,
        findings=len(findings),
        acted_s=instants.since_fault(acts[0].t_ns) if acts else None,
        acts=len(acts),
        acts_failed=len(failed),
        cleared_s=_cleared(findings, inside("cleared"), instants),
        false_alarms=len(alarms),
        cut=None if path.verdict == "unknown" else cut is not None,
        evidence=(
            *(of_event("false alarm", event, say(event)) for event in alarms[:LISTED]),
            *(of_event("watchdog", event, say(event)) for event in findings[:LISTED]),
            *(of_event("watchdog", event, say(event)) for event in acts[:LISTED]),
            *(of_event("watchdog", event, say(event)) for event in failed[:LISTED]),
            *(_refer(*cut) if cut is not None else ()),
        ),
    )


def _false_alarms(record: Record, begin_ns: int) -> list[Event]:
    """Findings of nothing: before the fault; where there is none, until the pods are taken away."""
    control = not record.meta["scenario"].get("faults")
    return [
        event
        for event in watchdog_events(record, "finding")
        if event.t_ns < begin_ns or (control and event.phase not in ("collect", "wipe"))
    ]


def _cleared(findings: list[Event], cleared: list[Event], instants: Instants) -> float | None:
    """When the last finding no longer held. A rule numbers its findings on each node alone."""
    last = {(event.node, event.data.get("id")): event.t_ns for event in cleared}
    ends = [last.get((event.node, event.data.get("id"))) for event in findings]
    known = [end for end in ends if end is not None]
    if not known or len(known) < len(ends):
        return None
    return instants.since_fault(max(known))


def _cut(
    acts: list[Event], path: PathMeasure, instants: Instants, rules: Rules
) -> tuple[Event, Outage] | None:
    """The first action that was followed by a cut, and the interruption."""
    slack = ECHOES_BEFORE * rules.interval_s
    for event in acts:
        acted = instants.since_fault(event.t_ns)
        if acted is None or any(_open(outage, acted, slack) for outage in path.outages):
            continue
        for outage in path.outages:
            if acted - slack <= outage.begin_s <= acted + rules.settle_s:
                return event, outage
    return None


def _open(outage: Outage, at_s: float, slack_s: float) -> bool:
    """Whether the path was away at that time, and had been for more than the slack."""
    return outage.begin_s < at_s - slack_s and (outage.end_s is None or outage.end_s > at_s)


def _refer(event: Event, outage: Outage) -> tuple[Evidence, ...]:
    text = f"no reply from {outage.begin_s:.2f} s on, after the path had answered the action"
    return (
        of_event("cut", event, say(event)),
        of_samples("cut", "path", outage.first_seq, outage.last_seq, text),
    )
