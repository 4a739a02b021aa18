# SPDX-License-Identifier: Apache-2.0
"""Was the steady state healthy? Otherwise an outage proves nothing about the fault."""

from __future__ import annotations

from typing import get_args

import numpy as np

from nsm_resilience.judge.components import DEAD, STOPPED
from nsm_resilience.judge.coverage import check_echoes
from nsm_resilience.judge.detection import is_bad_condition
from nsm_resilience.judge.evidence import Problem, of_event, of_samples
from nsm_resilience.judge.lateness import find_late
from nsm_resilience.judge.outages import Echoes, find_interruptions
from nsm_resilience.judge.rules import Rules, to_ns, to_s
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.judge.watchdog_events import is_own_condition
from nsm_resilience.record.reader import Record
from nsm_resilience.study.fault import NodeRole


def check_steady_path(echoes: Echoes, instants: Instants, rules: Rules) -> Problem | None:
    """The checks of the echoes: the steady state was long enough, and the path answered."""
    if instants.steady is None:
        return Problem("the steady state before the fault was not watched")
    begin, end = instants.steady
    if end - begin < to_ns(rules.steady_s - rules.tolerance_s):
        return Problem(
            f"the steady state was watched for {to_s(end - begin):.1f} s only, and "
            f"{rules.steady_s:g} s are required"
        )
    # Echoes sent after the fault prove nothing about the time before it.
    part = echoes.between(begin, end)
    stopped = check_echoes(
        part, begin, end, rules, span="the steady state", after="the steady state began"
    )
    if stopped is not None:
        return stopped
    before = _without_in_flight(part, end)
    found = find_interruptions(before, begin, end, loss_run=rules.loss_run)
    if found:
        hit = found[0]
        return Problem(
            f"the path stopped for {to_s(hit.length_ns):.2f} s already in the steady state",
            (of_samples("steady state", "path", hit.first_seq, hit.last_seq, "no reply"),),
        )
    if before.lost > rules.steady_loss_fraction * len(before):
        return Problem(
            f"{before.lost} of {len(before)} echoes were lost already in the steady state, and "
            f"{100 * rules.steady_loss_fraction:g} % is allowed"
        )
    lateness = find_late(before, end, rules)
    if lateness.late > rules.late_reply_share * len(before):
        return Problem(
            f"{lateness.late} of {len(before)} echoes were answered later than "
            f"{rules.late_reply_s:g} s already in the steady state, and "
            f"{100 * rules.late_reply_share:g} % is allowed"
        )
    return None


def check_steady_cluster(record: Record, instants: Instants, rules: Rules) -> Problem | None:
    """The checks of events and components; None without a steady state."""
    if instants.steady is None:
        return None
    begin, end = instants.steady
    # The time of a sample is the begin of its reading: one that began within an interval before the
    # fault may show its effect.
    last = end - to_ns(rules.component_interval_s)
    return _check_events(record, begin, end) or _check_components(record, begin, last)


def _without_in_flight(part: Echoes, end: int) -> Echoes:
    """Echoes before the fault without those that were in flight when it came.

    These are the last ones, lost, and sent no longer before the fault than the slowest reply in the
    steady state took: either the path or the fault lost them.
    """
    answered = np.flatnonzero(part.answered)
    if not len(answered):
        return part
    slowest = int((part.arrival - part.sent)[answered].max())
    kept = np.ones(len(part), dtype=np.bool_)
    trailing = int(answered[-1]) + 1
    kept[trailing:] = part.sent[trailing:] < end - slowest
    return part.where(kept)


def _check_events(record: Record, begin: int, end: int) -> Problem | None:
    for event in record.events:
        if not begin <= event.t_ns < end:
            continue
        if event.kind == "restart":
            what = f"{event.target} was restarted"
        elif event.kind == "interface_lost":
            what = "the client's interface went away"
        # A condition that the watchdog sets before the fault is a false alarm and counted as one.
        # Dropping the trial would hide it.
        elif is_bad_condition(event) and not is_own_condition(event):
            what = f"{event.data.get('type')} of pod {event.data.get('pod')} was not true"
        else:
            continue
        text = f"{what} already in the steady state"
        return Problem(text, (of_event("steady state", event, what),))
    return None


def _check_components(record: Record, begin: int, end: int) -> Problem | None:
    table = record.table("components")
    part = table[(table["t_ns"] >= begin) & (table["t_ns"] < end)]
    for node in get_args(NodeRole):
        if not (part["node"] == node).any():
            return Problem(
                f"the component probe has no samples of the {node}'s node in the steady state"
            )
    part = part.sort_values("t_ns", kind="stable")
    states = part["state"].fillna("")
    for flags, text in (
        (part["pid"].isna() | states.isin(DEAD), "was not running"),
        (states.isin(STOPPED), "was stopped"),
        (~part["ready"].fillna(True), "was not ready"),
    ):
        if flags.any():
            found = part[flags].iloc[0]
            place = int(part.index[flags][0])
            said = f"the component {found['component']} on the {found['node']}'s node {text}"
            return Problem(
                f"{said} already in the steady state",
                (of_samples("steady state", "components", place, place, said),),
            )
    return None
