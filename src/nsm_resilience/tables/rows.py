# SPDX-License-Identifier: Apache-2.0
"""Rows of the tables that repeat what stands in a judgement."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from nsm_resilience.judge.judgement import Judgement, Measures
from nsm_resilience.tables.cell import FACTOR_LEVELS

Row = dict[str, Any]


def trial_row(judgement: Judgement, company: str | None = None) -> Row:
    """The row of `trials`; `company`: whether others ran beside it, where the study varies that."""
    j, m = judgement, judgement.measures
    measured = m.outage_s is not None
    return {
        **_head(j),
        **factors_of(j),
        "company": company,
        "lane": j.lane or None,
        "started": j.started or None,
        "verdict": j.verdict,
        "reason": j.reason,
        "path_verdict": m.path_verdict,
        "outage_s": m.outage_s,
        "outage_censored": m.outage_censored if measured else None,
        "interruptions": len(m.outages) if measured else None,
        "down_s": m.down_s,
        "replies_sent": m.replies_sent if measured else None,
        "replies_lost": m.replies_lost if measured else None,
        "lost_outside": m.lost_outside if measured else None,
        "replies_late": m.replies_late if measured else None,
        "longest_reply_s": m.longest_reply_s,
        "late_sends": m.late_sends if measured else None,
        "shared_losses": _shared(m, "loss"),
        "shared_stalls": _shared(m, "stall"),
        "new_connection_s": m.new_connection_s,
        "new_connection_answered": m.new_connection_answered,
        "new_connection_verdict": m.new_connection_verdict if j.outcome == "complete" else None,
        "blind_s": m.blind_s,
        "blind_at_least_s": m.blind_at_least_s,
        "blind_censored": m.blind_censored if m.blind_s is not None else None,
        "bystander_s": m.bystander_s,
        "bystander_started": m.bystander_started,
        "detected_s": m.detected_s,
        "detected_by": m.detected_by,
        "detected_unknown": m.detected_unknown,
        "notified_s": m.notified_s,
        "notified_by": m.notified_by,
        "notified_unknown": m.notified_unknown,
        "listener_told_s": m.listener_told_s,
        "listener_told_by": m.listener_told_by,
        "listener_watched": m.listener_watched if j.outcome == "complete" else None,
        "watchdog_found_s": m.watchdog_found_s,
        "watchdog_found_rule": m.watchdog_found_rule,
        "watchdog_findings": m.watchdog_findings,
        "watchdog_acted_s": m.watchdog_acted_s,
        "watchdog_acts": m.watchdog_acts,
        "watchdog_acts_failed": m.watchdog_acts_failed,
        "watchdog_cleared_s": m.watchdog_cleared_s,
        "watchdog_false_alarms": m.watchdog_false_alarms,
        "watchdog_cut": m.watchdog_cut,
        "injection_proof": m.injection_proof,
        "watch_s": m.watch_s,
        "record": j.record,
        "evidence": json.dumps(
            [e.to_dict() for e in j.evidence], ensure_ascii=False, separators=(",", ":")
        ),
    }


def outage_rows(judgement: Judgement) -> Iterator[Row]:
    """The rows of `outages`."""
    factors = factors_of(judgement)
    for outage in judgement.measures.outages:
        yield {
            **_head(judgement),
            **{name: factors[name] for name in ("plane", "client", "failure")},
            "number": outage.number,
            "begin_s": outage.begin_s,
            "end_s": outage.end_s,
            "length_s": outage.length_s,
            "censored": outage.censored,
            "echoes_lost": outage.echoes_lost,
            "first_seq": outage.first_seq,
            "last_seq": outage.last_seq,
        }


def new_client_rows(judgement: Judgement) -> Iterator[Row]:
    """The rows of `new_clients`."""
    for number, asked in enumerate(judgement.measures.new_clients, start=1):
        yield {
            **_head(judgement),
            **factors_of(judgement),
            "number": number,
            "new_client": asked.client,
            "asked_s": asked.asked_s,
            "answered": asked.answered,
            "waited_s": asked.seconds,
            "window_s": asked.window_s,
            "stage": asked.stage or None,
        }


def component_rows(judgement: Judgement) -> Iterator[Row]:
    """The rows of `components`."""
    for change in judgement.measures.changes:
        yield {
            **_head(judgement),
            "node": change.node,
            "component": change.component,
            "t_s": change.t_s,
            "what": change.what,
            "value": change.value,
        }


def phase_rows(judgement: Judgement) -> Iterator[Row]:
    """The rows of `phases`."""
    for span in judgement.measures.phases:
        yield {
            **_head(judgement),
            "phase": span.phase,
            "begin_s": span.begin_s,
            "seconds": span.seconds,
        }


def counting(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Of each trial the last complete attempt; trials without one are left out."""
    last: dict[tuple[str, str], Judgement] = {}
    for judgement in judgements:
        key = (judgement.campaign, judgement.trial)
        before = last.get(key)
        later = before is None or judgement.attempt > before.attempt
        if judgement.outcome == "complete" and later:
            last[key] = judgement
    return list(last.values())


def _shared(measures: Measures, kind: str) -> int | None:
    """How many losses or stalls were shared with another lane in what is judged."""
    if measures.outage_s is None:
        return None
    return sum(one.kind == kind and one.followed != "nothing" for one in measures.disturbances)


def _head(j: Judgement) -> Row:
    return {
        "campaign": j.campaign,
        "trial": j.trial,
        "attempt": j.attempt,
        "scenario": j.scenario,
    }


def factors_of(j: Judgement) -> Row:
    """The level of each factor."""
    return {name: getattr(j, name) for name in FACTOR_LEVELS}
