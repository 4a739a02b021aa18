# SPDX-License-Identifier: Apache-2.0
"""Everything that the page of one attempt shows, out of its judgement and its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.trial import describe_error
from nsm_resilience.provenance.explain import holder, quoted
from nsm_resilience.record.reader import Record, RecordError, read_record
from nsm_resilience.site.drawing import Drawing
from nsm_resilience.site.happenings import Happening, clock_of, happenings, kubernetes_happenings
from nsm_resilience.site.timeline import draw
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.rows import trial_row
from nsm_resilience.tables.trials import TRIALS

LONGEST_LINE = 4000
"""Characters of a line of the record that are quoted: all but the longest proofs."""

_NOT_A_MEASURE = frozenset(
    {"campaign", "trial", "attempt", *CELL, "lane", "started", "verdict", "reason", "record",
     "evidence"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure in words: its name in the table `trials`, its value, and what it means."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Proof:
    """One entry of the evidence.

    Attributes:
        number: from 1, in the judge's order.
        what: what it is evidence of.
        says: what it says, for a person.
        link: the same from the record's folder: it may be in the record of another attempt.
        file: path inside the record's folder.
        place: `line 7`, `echoes 708 to 1240`, or nothing.
        line: the text of that line; None for a table of samples, or when it is not there.
        missing: whether the file is not there.
    """

    number: int
    what: str
    says: str
    file: str
    link: str
    place: str
    line: str | None
    missing: bool


@dataclass(frozen=True)
class AttemptPage:
    """The page of one attempt.

    Attributes:
        proofs: the evidence, each with the line it rests on.
        drawing: the timeline, or None.
        no_drawing: why there is no timeline; empty when there is one.
        since: what the times of the events are counted from.
        events: what runner, agents and the watch of pods recorded.
        kubernetes: Kubernetes events of the lane.
    """

    judgement: Judgement
    measures: tuple[Measure, ...]
    proofs: tuple[Proof, ...]
    drawing: Drawing | None
    no_drawing: str
    since: str
    events: tuple[Happening, ...]
    kubernetes: tuple[Happening, ...]


def attempt_page(judgement: Judgement, campaign: Path) -> AttemptPage:
    """Read the record of a judgement and put its page together.

    A record that cannot be read or makes no sense, or that holds no watch, gives a page that says
    so: whatever is in it, it costs no other page.
    """
    folder = campaign / judgement.record
    measures = tuple(measures_in_words(judgement))
    proofs = tuple(proofs_of(judgement, folder))
    try:
        record = read_record(folder)
    except RecordError as error:
        where = error.path.name + (f", line {error.line}" if error.line is not None else "")
        why = f"The record cannot be read ({where})."
        return AttemptPage(judgement, measures, proofs, None, why, "", (), ())
    try:
        clock = clock_of(record)
        events = tuple(happenings(record, clock))
        kubernetes = tuple(kubernetes_happenings(record, clock))
        drawing, why = _drawing(judgement, record, events, kubernetes)
    except Exception as error:  # as in judge/trial.py: nothing that the runner wrote gets here
        why = f"The record makes no sense, so there is nothing to draw ({describe_error(error)})."
        return AttemptPage(judgement, measures, proofs, None, why, "", (), ())
    return AttemptPage(judgement, measures, proofs, drawing, why, clock.since, events, kubernetes)


def _drawing(
    judgement: Judgement,
    record: Record,
    events: Sequence[Happening],
    kubernetes: Sequence[Happening],
) -> tuple[Drawing | None, str]:
    try:
        return draw(judgement, record, clock_of(record), events, kubernetes), ""
    except RecordError as error:
        return None, f"The samples of the path cannot be read ({error.path.name})."
    except ValueError:
        return None, "The record holds no fault or no end of the watch, so there is no time axis."


def measures_in_words(judgement: Judgement) -> list[Measure]:
    """Every measure of the table `trials`; what is empty says when it is."""
    row = trial_row(judgement)
    return [
        Measure(
            column.name,
            _in_words(row[column.name], column.name) or f"– ({column.empty})",
            column.meaning,
        )
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
        Proof(
            number=number,
            what=item.what,
            says=item.text,
            file=f"{item.record}/{item.file}" if item.record else item.file,
            link=f"../../../../{item.record}/{item.file}" if item.record else item.file,
            place=_place(item.line, item.first_seq, item.last_seq, item.file),
            line=quoted(folder, item, LONGEST_LINE),
            missing=not (holder(folder, item) / item.file).exists(),
        )
        for number, item in enumerate(judgement.evidence, start=1)
    ]


def _place(line: int | None, first: int | None, last: int | None, file: str) -> str:
    if line is not None:
        return f"line {line}"
    if first is None:
        return ""
    unit = "echo" if file.endswith(("/path.parquet", "/new.parquet")) else "row"
    plural = {"echo": "echoes", "row": "rows"}[unit]
    return f"{unit} {first}" if first == last else f"{plural} {first} to {last}"
