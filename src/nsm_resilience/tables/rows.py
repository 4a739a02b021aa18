# SPDX-License-Identifier: Apache-2.0
"""Rows of the tables that copy the values of a judgement."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields

from nsm_resilience.judge.judgement import Judgement, Measures
from nsm_resilience.tables.cell import FACTOR_LEVELS, OF_ATTEMPT
from nsm_resilience.tables.columns import Row
from nsm_resilience.tables.trials import TRIALS

_MEASURED = tuple(field.name for field in fields(Measures) if field.name in TRIALS.names)
"""Columns of table `trials` that are measures of the judge."""

_OF_MEASURED_PATH = (
    "outage_censored", "replies_sent", "replies_lost", "lost_outside", "replies_late", "late_sends",
)  # fmt: skip
"""Those that are empty if the path was not measured."""

_OF_COMPLETE_RECORD = ("new_connection_verdict", "listener_watched")
"""Those that are empty if the record is not complete."""


def trial_row(judgement: Judgement, company: str | None = None) -> Row:
    """The row of `trials`; `company`: whether others ran beside it, if the study varies that."""
    j, m = judgement, judgement.measures
    measured = m.outage_s is not None
    found = {name: getattr(m, name) for name in _MEASURED}
    found |= {} if measured else dict.fromkeys(_OF_MEASURED_PATH)
    found |= {} if j.outcome == "complete" else dict.fromkeys(_OF_COMPLETE_RECORD)
    return {
        **head_of(j),
        **factors_of(j),
        "company": company,
        "lane": j.lane or None,
        "started": j.started or None,
        "verdict": j.verdict,
        "reason": j.reason,
        **found,
        "interruptions": len(m.outages) if measured else None,
        "blind_censored": m.blind_censored if m.blind_s is not None else None,
        "record": j.record,
        "evidence": json.dumps(
            list(map(asdict, j.evidence)), ensure_ascii=False, separators=(",", ":")
        ),
    }


def _rows_of(measure: str) -> Callable[[Judgement], Iterator[Row]]:
    """The function that makes a row of each entry of a measure, with the attempt's columns."""

    def rows(judgement: Judgement) -> Iterator[Row]:
        for one in getattr(judgement.measures, measure):
            yield {**head_of(judgement), **{f.name: getattr(one, f.name) for f in fields(one)}}

    return rows


outage_rows = _rows_of("outages")
component_rows = _rows_of("changes")
phase_rows = _rows_of("phases")


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


def counting(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The last complete attempt of each trial; trials without one are left out."""
    last: dict[tuple[str, str], Judgement] = {}
    for judgement in judgements:
        key = (judgement.campaign, judgement.trial)
        later = key not in last or judgement.attempt > last[key].attempt
        if judgement.outcome == "complete" and later:
            last[key] = judgement
    return list(last.values())


def head_of(j: Judgement) -> Row:
    """The columns that name an attempt."""
    return {column.name: getattr(j, column.name) for column in OF_ATTEMPT}


def factors_of(j: Judgement) -> Row:
    """The level of each factor."""
    return {name: getattr(j, name) for name in FACTOR_LEVELS}
