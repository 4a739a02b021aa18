# SPDX-License-Identifier: Apache-2.0
"""Build all tables of a campaign from its verdicts and its study file.

Tables with rows for every attempt are written piece by piece, and what is kept of an attempt beside
that is a few numbers, so that memory hardly grows with the campaign.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from nsm_resilience.analysis.sensitivity import sensitivity_rows
from nsm_resilience.judge.campaign import CampaignError, judgement_of, read_lines
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.rules import Rules
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.study.models import Study
from nsm_resilience.tables.claims import claim_rows
from nsm_resilience.tables.disturbances import (
    COINCIDENCES,
    DISTURBANCES,
    coincidence_rows,
    disturbance_rows,
)
from nsm_resilience.tables.efficiency import AttemptTime, attempt_times, efficiency_rows
from nsm_resilience.tables.rows import Row, component_rows, outage_rows, phase_rows, trial_row
from nsm_resilience.tables.scenarios import all_cells, scenario_rows
from nsm_resilience.tables.schemas import (
    CLAIMS,
    COMPONENTS,
    EFFICIENCY,
    OUTAGES,
    PHASES,
    SCENARIOS,
    SENSITIVITY,
    TRIALS,
)
from nsm_resilience.tables.write import TableWriter, write_table

PIECE = 100
"""Attempts whose rows are in memory at a time."""


@dataclass(frozen=True)
class _Listed:
    """An attempt without what fills pages, and where its line begins."""

    judgement: Judgement
    times: AttemptTime | None
    offset: int


def build_tables(verdicts_jsonl: Path, campaign_folder: Path, out_dir: Path) -> list[Path]:
    """Write every table as CSV and Parquet into `out_dir` and return the files written.

    Raises:
        CampaignError: If a line of the verdicts is none, or an attempt has two.
        ConfigError: If the campaign's study file is not valid.
        ValueError: If a record is of a scenario that the study does not declare.
        pandera.errors.SchemaErrors: If a table breaks its schema (a defect of this program).
    """
    layout = CampaignLayout(campaign_folder)
    study = load_recorded_study(layout.study)
    campaign = str(json.loads(layout.description.read_text(encoding="utf-8"))["campaign"])
    listed = _in_order(study, list(_list(verdicts_jsonl)))
    judgements = [one.judgement for one in listed]
    times = [one.times for one in listed if one.times is not None]
    written = [
        *write_table(
            SCENARIOS, SCENARIOS.frame(scenario_rows(campaign, study, judgements)), out_dir
        ),
        *write_table(CLAIMS, CLAIMS.frame(claim_rows(campaign, study, judgements)), out_dir),
        *write_table(
            SENSITIVITY,
            SENSITIVITY.frame(sensitivity_rows(campaign, Rules.of_study(study), judgements)),
            out_dir,
        ),
        *write_table(EFFICIENCY, EFFICIENCY.frame(efficiency_rows(campaign, times)), out_dir),
        *write_table(
            COINCIDENCES, COINCIDENCES.frame(coincidence_rows(campaign, judgements)), out_dir
        ),
    ]
    with ExitStack() as open_tables:
        writers = [
            open_tables.enter_context(TableWriter(table, out_dir))
            for table in (TRIALS, OUTAGES, DISTURBANCES, COMPONENTS, PHASES)
        ]
        for whole in _pieces(verdicts_jsonl, listed):
            for writer in writers:
                writer.write(_rows(writer.table.name, whole))
    return sorted([*written, *(path for writer in writers for path in writer.paths)])


def _rows(table: str, judgements: Sequence[Judgement]) -> Iterable[Row]:
    if table == TRIALS.name:
        return map(trial_row, judgements)
    rows = {
        OUTAGES.name: outage_rows,
        DISTURBANCES.name: disturbance_rows,
        COMPONENTS.name: component_rows,
        PHASES.name: phase_rows,
    }[table]
    return (row for judgement in judgements for row in rows(judgement))


def _list(verdicts_jsonl: Path) -> Iterator[_Listed]:
    seen: set[tuple[str, int]] = set()
    for offset, judgement in read_lines(verdicts_jsonl):
        attempt = (judgement.trial, judgement.attempt)
        if attempt in seen:
            raise CampaignError(
                f"{verdicts_jsonl}: {judgement.trial}, attempt {judgement.attempt}, has two lines; "
                "run `nsm-resilience judge` again"
            )
        seen.add(attempt)
        if judgement.altered:
            raise CampaignError(
                f"{verdicts_jsonl} was judged by altered rules ({', '.join(judgement.altered)}), "
                "which are not the study's: no table is made of it; run `nsm-resilience judge` "
                "without --set"
            )
        light = replace(
            judgement,
            evidence=(),
            measures=replace(
                judgement.measures, outages=(), phases=(), changes=(), disturbances=()
            ),
        )
        yield _Listed(light, next(attempt_times([judgement]), None), offset)


def _in_order(study: Study, listed: list[_Listed]) -> list[_Listed]:
    """In the order of the study's cells, then of trials and attempts."""
    cells = all_cells(study, (one.judgement for one in listed))
    places = {cell.id: at for at, cell in enumerate(cells)}
    return sorted(
        listed,
        key=lambda one: (
            places[one.judgement.trial.split("/", 1)[0]],
            one.judgement.trial,
            one.judgement.attempt,
        ),
    )


def _pieces(verdicts_jsonl: Path, listed: Sequence[_Listed]) -> Iterator[list[Judgement]]:
    """The whole judgements again, a few at a time."""
    with verdicts_jsonl.open("rb") as lines:
        for at in range(0, len(listed), PIECE):
            piece = []
            for one in listed[at : at + PIECE]:
                lines.seek(one.offset)
                piece.append(judgement_of(lines.readline()))
            yield piece
