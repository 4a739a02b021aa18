# SPDX-License-Identifier: Apache-2.0
"""Was everything well before the fault? Otherwise an outage proves nothing about the fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nsm_resilience.judge.components import DEAD, STOPPED
from nsm_resilience.judge.coverage import Problem, check_echoes
from nsm_resilience.judge.detection import is_bad_condition
from nsm_resilience.judge.evidence import of_event, of_samples
from nsm_resilience.judge.lateness import find_late
from nsm_resilience.judge.outages import Echoes, find_stretches
from nsm_resilience.judge.rules import Rules, to_ns, to_s
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.judge.watchdog_events import is_own_condition
from nsm_resilience.record.reader import Record

if TYPE_CHECKING:
    import pandas as pd


def check_steady(
    record: Record, echoes: Echoes, components: pd.DataFrame, instants: Instants, rules: Rules
) -> Problem | None:
    """The first thing that was not green in the steady state before the fault, or None."""
    return check_steady_path(echoes, instants, rules) or check_rest_of_steady(
        record, components, instants, rules
    )


def check_steady_path(echoes: Echoes, instants: Instants, rules: Rules) -> Problem | None:
    """What is asked of the echoes alone: that they were watched for long enough, and were well."""
    if instants.steady is None:
        return Problem("the steady state before the fault was not watched")
    begin, end = instants.steady
    if end - begin < to_ns(rules.steady_s - rules.tolerance_s):
        return Problem(
            f"the steady state was watched for {to_s(end - begin):.1f} s only, and "
            f"{rules.steady_s:g} s are required"
        )
    return _path(echoes, begin, end, rules)


def check_rest_of_steady(
    record: Record, components: pd.DataFrame, instants: Instants, rules: Rules
) -> Problem | None:
    """What is asked beside the echoes; nothing where there was no steady state."""
    if instants.steady is None:
        return None
    begin, end = instants.steady
    return (
        _events(record, begin, end)
        # A sample is stamped when its reading begins: one that began within a beat of the fault
        # may have read what the fault did.
        or _components(components, begin, end - to_ns(rules.component_interval_s))
    )


def _path(echoes: Echoes, begin: int, end: int, rules: Rules) -> Problem | None:
    # What was sent from the fault on cannot vouch for the moment before it.
    stopped = check_echoes(echoes.between(begin, end), begin, end, rules)
    if stopped is not None:
        return Problem("in the steady state the data path probe did not run", stopped.evidence)
    before = _without_on_their_way(echoes.between(begin, end), end)
    found = find_stretches(before, begin, end, loss_run=rules.loss_run)
    if found.interruptions:
        first = found.interruptions[0]
        return Problem(
            f"the path stopped for {to_s(first.length_ns):.2f} s already in the steady state",
            (of_samples("steady state", "path", first.first_seq, first.last_seq, "no reply"),),
        )
    if found.lost > rules.steady_loss_fraction * found.sent:
        return Problem(
            f"{found.lost} of {found.sent} echoes were lost already in the steady state, and "
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


def _without_on_their_way(part: Echoes, end: int) -> Echoes:
    """Echoes before the fault without those that it may have caught on their way.

    They are the last ones, lost, and sent no longer before the fault than the slowest reply in the
    steady state took: whether the path or the fault lost them cannot be told.
    """
    answered = np.flatnonzero(part.answered)
    if not len(answered):
        return part
    slowest = int((part.arrival - part.sent)[answered].max())
    kept = np.ones(len(part), dtype=np.bool_)
    trailing = int(answered[-1]) + 1
    kept[trailing:] = part.sent[trailing:] < end - slowest
    return part.where(kept)


def _events(record: Record, begin: int, end: int) -> Problem | None:
    for event in record.events:
        if not begin <= event.t_ns < end:
            continue
        if event.kind == "restart":
            what = f"{event.data.get('component') or event.target or 'a container'} was restarted"
        elif event.kind == "interface_lost":
            what = "the client's interface went away"
        # A watchdog that cries before anything is wrong is a false alarm, counted as such. A trial
        # that is dropped for it would hide it.
        elif is_bad_condition(event) and not is_own_condition(event):
            what = f"{event.data.get('type')} of pod {event.data.get('pod')} was not true"
        else:
            continue
        return Problem(
            f"{what} already in the steady state", (of_event("steady state", event, what),)
        )
    return None


def _components(table: pd.DataFrame, begin: int, end: int) -> Problem | None:
    times = table["t_ns"].to_numpy(dtype=np.int64)
    rows = np.flatnonzero((times >= begin) & (times < end))
    if not len(rows):
        return Problem("the component probe has no samples in the steady state")
    rows = rows[np.argsort(times[rows], kind="stable")]
    part = table.iloc[rows]
    states = part["state"].fillna("").to_numpy(dtype=object)
    gone = part["pid"].isna().to_numpy(dtype=np.bool_)
    stopped = np.array([s in STOPPED for s in states], dtype=np.bool_)
    dead = np.array([s in DEAD for s in states], dtype=np.bool_)
    unready = ~part["ready"].fillna(True).to_numpy(dtype=np.bool_)
    for flags, text in (
        (gone | dead, "was not running"),
        (stopped, "was stopped"),
        (unready, "was not ready"),
    ):
        if flags.any():
            at = int(np.flatnonzero(flags)[0])
            row, place = part.iloc[at], int(rows[at])
            name = f"the component {row['component']} on the {row['node']}'s node"
            return Problem(
                f"{name} {text} already in the steady state",
                (of_samples("steady state", "components", place, place, f"{name} {text}"),),
            )
    return None
