# SPDX-License-Identifier: Apache-2.0
"""The contents of the page of one attempt, from its judgement and its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nsm_resilience.judge.evidence import Evidence
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.trial import describe_error
from nsm_resilience.provenance.explain import holder, quoted
from nsm_resilience.record.reader import Record, RecordError, read_record
from nsm_resilience.site.drawing import Drawing
from nsm_resilience.site.happenings import (
    Clock,
    Happening,
    clock_of,
    happenings,
    kubernetes_happenings,
)
from nsm_resilience.site.timeline import draw
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.columns import Column
from nsm_resilience.tables.rows import trial_row
from nsm_resilience.tables.trials import TRIALS

LONGEST_LINE = 4000
"""Most characters of a quoted line of the record; only the longest proofs are cut."""

_NOT_A_MEASURE = frozenset(
    {"campaign", "trial", "attempt", *CELL, "lane", "started", "verdict", "reason", "record",
     "evidence"}
)  # fmt: skip

Proof = tuple[Evidence, str, str | None, bool]
"""One entry of the evidence: its place in words (`line 7`, `echoes 708 to 1240`, or empty), the
text of that line (None for a table of samples), and whether its file is missing."""


@dataclass(frozen=True)
class AttemptPage:
    """The page of one attempt.

    Attributes:
        measures: columns of table `trials` with their values in words.
        no_drawing: why there is no timeline; empty when there is one.
        since: the zero of the events' times, in words.
        events: recorded by the runner, the agents and the watch of pods.
        kubernetes: Kubernetes events of the lane.
    """

    judgement: Judgement
    measures: Sequence[tuple[Column, str]]
    proofs: Sequence[Proof]
    drawing: Drawing | None = None
    no_drawing: str = ""
    since: str = ""
    events: Sequence[Happening] = ()
    kubernetes: Sequence[Happening] = ()


def attempt_page(judgement: Judgement, campaign: Path) -> AttemptPage:
    """Read the record of a judgement and compose its page.

    If the record cannot be read, makes no sense, or has no watch, the page says so: no record can
    prevent other pages.
    """
    folder = campaign / judgement.record
    measures, proofs = measures_in_words(judgement), proofs_of(judgement, folder)
    page = partial(AttemptPage, judgement, measures, proofs)
    try:
        record = read_record(folder)
    except RecordError as error:
        where = error.path.name + (f", line {error.line}" if error.line is not None else "")
        return page(no_drawing=f"The record cannot be read ({where}).")
    try:
        clock = clock_of(record)
        events = list(happenings(record, clock))
        kubernetes = kubernetes_happenings(record, clock)
        drawing, why = _drawing(judgement, record, clock, events, kubernetes)
    except Exception as error:  # as in judge/trial.py: no record of the runner gets here
        why = f"The record makes no sense, so there is nothing to draw ({describe_error(error)})."
        return page(no_drawing=why)
    return page(drawing, why, clock.since, events, kubernetes)


def _drawing(
    judgement: Judgement,
    record: Record,
    clock: Clock,
    events: Sequence[Happening],
    kubernetes: Sequence[Happening],
) -> tuple[Drawing | None, str]:
    try:
        return draw(judgement, record, clock, events, kubernetes), ""
    except RecordError as error:
        return None, f"The samples of the path cannot be read ({error.path.name})."
    except ValueError:
        return None, "The record holds no fault or no end of the watch, so there is no time axis."


def measures_in_words(judgement: Judgement) -> list[tuple[Column, str]]:
    """Every measure of table `trials`; for an empty one the reason for that."""
    row = trial_row(judgement)
    return [
        (column, _in_words(row[column.name], column.name) or f"– ({column.empty})")
        for column in TRIALS.columns
        if column.name not in _NOT_A_MEASURE
    ]


def _in_words(value: object, name: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f} s" if name.endswith("_s") else f"{value:g}"
    return "" if value is None else str(value)


def proofs_of(judgement: Judgement, folder: Path) -> list[Proof]:
    """The evidence of a judgement with the text of its lines."""
    return [
        (
            item,
            _place(item),
            quoted(folder, item, LONGEST_LINE),
            not (holder(folder, item) / item.file).exists(),
        )
        for item in judgement.evidence
    ]


def _place(item: Evidence) -> str:
    if item.line is not None:
        return f"line {item.line}"
    if item.first_seq is None:
        return ""
    one, several = ("row", "rows")
    if item.file.endswith(("/path.parquet", "/new.parquet")):
        one, several = ("echo", "echoes")
    if item.first_seq == item.last_seq:
        return f"{one} {item.first_seq}"
    return f"{several} {item.first_seq} to {item.last_seq}"
