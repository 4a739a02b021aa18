# SPDX-License-Identifier: Apache-2.0
"""Rows of the tables that repeat what stands in a judgement."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from nsm_resilience.judge.components import Change
from nsm_resilience.judge.judgement import Judgement, Measures
from nsm_resilience.judge.path import Outage
from nsm_resilience.judge.timeline import PhaseSpan
from nsm_resilience.tables.cell import FACTOR_LEVELS

Row = dict[str, Any]

_OF_THE_PATH = (
    "outage_censored", "replies_sent", "replies_lost", "lost_outside", "replies_late", "late_sends",
)  # fmt: skip
"""Measures of table `trials` that are empty where the path was not measured."""

_AS_THEY_ARE = (
    "path_verdict", "outage_s", "down_s", "longest_reply_s", "new_connection_s",
    "new_connection_answered", "blind_s", "blind_at_least_s", "bystander_s", "bystander_started",
    "detected_s", "detected_by", "detected_unknown", "notified_s", "notified_by",
    "notified_unknown", "listener_told_s", "listener_told_by", "watchdog_found_s",
    "watchdog_found_rule", "watchdog_findings", "watchdog_acted_s", "watchdog_acts",
    "watchdog_acts_failed", "watchdog_cleared_s", "watchdog_false_alarms", "watchdog_cut",
    "injection_proof", "watch_s",
)  # fmt: skip
"""Measures that stand in table `trials` as the judge has them."""


def trial_row(judgement: Judgement, company: str | None = None) -> Row:
    """The row of `trials`; `company`: whether others ran beside it, where the study varies that."""
    j, m = judgement, judgement.measures
    measured = m.outage_s is not None
    return {
        **head_of(j),
        **factors_of(j),
        "company": company,
        "lane": j.lane or None,
        "started": j.started or None,
        "verdict": j.verdict,
        "reason": j.reason,
        **{name: getattr(m, name) for name in _AS_THEY_ARE},
        **{name: getattr(m, name) if measured else None for name in _OF_THE_PATH},
        "interruptions": len(m.outages) if measured else None,
        "shared_losses": _shared(m, "loss"),
        "shared_stalls": _shared(m, "stall"),
        "new_connection_verdict": m.new_connection_verdict if j.outcome == "complete" else None,
        "blind_censored": m.blind_censored if m.blind_s is not None else None,
        "listener_watched": m.listener_watched if j.outcome == "complete" else None,
        "record": j.record,
        "evidence": json.dumps(
            [e.to_dict() for e in j.evidence], ensure_ascii=False, separators=(",", ":")
        ),
    }


def outage_rows(judgement: Judgement) -> Iterator[Row]:
    """The rows of `outages`."""
    for outage in judgement.measures.outages:
        yield {**head_of(judgement), **_fields(outage)}


def new_client_rows(judgement: Judgement) -> Iterator[Row]:
    """The rows of `new_clients`."""
    for number, asked in enumerate(judgement.measures.new_clients, start=1):
        yield {
            **head_of(judgement),
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
        yield {**head_of(judgement), **_fields(change)}


def phase_rows(judgement: Judgement) -> Iterator[Row]:
    """The rows of `phases`."""
    for span in judgement.measures.phases:
        yield {**head_of(judgement), **_fields(span)}


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


def head_of(j: Judgement) -> Row:
    """The columns that name an attempt."""
    return {
        "campaign": j.campaign,
        "trial": j.trial,
        "attempt": j.attempt,
        "scenario": j.scenario,
    }


def _fields(one: Outage | Change | PhaseSpan) -> Row:
    return {field.name: getattr(one, field.name) for field in fields(one)}


def factors_of(j: Judgement) -> Row:
    """The level of each factor."""
    return {name: getattr(j, name) for name in FACTOR_LEVELS}
