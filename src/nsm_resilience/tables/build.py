# SPDX-License-Identifier: Apache-2.0
"""Build the tables of all campaigns of a build, from their verdicts and their study files.

Tables with rows for every attempt are written piece by piece. Only a few numbers of each attempt
stay in memory, so that it hardly grows with the campaign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nsm_resilience
from nsm_resilience.judge.campaign import CampaignError, read_lines
from nsm_resilience.judge.judgement import Judgement, judgement_of
from nsm_resilience.judge.rules import Rules
from nsm_resilience.record.commits import Commits, code_here, read_commits
from nsm_resilience.record.description import description_of
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.study.models import Study
from nsm_resilience.study.schedule import make_schedule
from nsm_resilience.tables.campaigns import CAMPAIGNS, RULE_CHANGES, campaign_row, change_rows
from nsm_resilience.tables.claims import claim_rows
from nsm_resilience.tables.columns import Row, Table
from nsm_resilience.tables.controls import CONTROLS, PROCESSOR, control_rows, processor_rows
from nsm_resilience.tables.disturbances import (
    COINCIDENCES,
    DISTURBANCES,
    coincidence_rows,
    disturbance_rows,
)
from nsm_resilience.tables.rows import (
    component_rows,
    new_client_rows,
    outage_rows,
    phase_rows,
    trial_row,
)
from nsm_resilience.tables.scenarios import all_cells, cell_of, scenario_rows
from nsm_resilience.tables.schemas import (
    CLAIMS,
    COMPONENTS,
    NEW_CLIENTS,
    OUTAGES,
    PHASES,
    SCENARIOS,
    SENSITIVITY,
    TABLES,
)
from nsm_resilience.tables.sensitivity import sensitivity_rows
from nsm_resilience.tables.trials import TRIALS
from nsm_resilience.tables.write import table_writer, write_table

BY_ATTEMPT: tuple[tuple[Table, Callable[[Judgement], Iterable[Row]]], ...] = (
    (OUTAGES, outage_rows),
    (NEW_CLIENTS, new_client_rows),
    (DISTURBANCES, disturbance_rows),
    (COMPONENTS, component_rows),
    (PROCESSOR, processor_rows),
    (PHASES, phase_rows),
)
"""Tables, other than `trials`, with rows of each attempt."""

PACKAGE = Path(nsm_resilience.__file__).parent
"""Folder of the code that runs."""

PIECE = 100
"""Attempts whose rows are in memory at a time."""


_Listed = tuple[int, Judgement]
"""Offset of an attempt's line in bytes, and its judgement without the long lists."""


def build_tables(campaigns: Sequence[Path], verdicts: Path, out_dir: Path) -> list[Path]:
    """Write every table of these campaigns as CSV and Parquet; return the files written.

    Rows of a campaign stand together, campaigns in the order given.

    Args:
        campaigns: Folders of campaigns, with description and study.
        verdicts: Folder with the judge's verdicts, `<campaign>.jsonl`.

    Raises:
        CampaignError: If verdicts are missing, a line of them is not valid, an attempt has two
            lines, or two campaigns have the same name.
        DescriptionError, CommitsError: If a campaign's campaign.json or commits.json is not valid.
        ConfigError: If a campaign's study file is not valid.
        ValueError: If a record is of a scenario that the study does not declare.
        LookupError: If rows of a declared table are not made; the message says where to write them.
        pandera.errors.SchemaErrors: If a table breaks its schema (a defect of this program).
    """
    sources = [_source(folder, verdicts) for folder in campaigns]
    names = [source.name for source in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CampaignError(f"two campaigns are called {', '.join(twice)}; list each once")
    code = code_here(PACKAGE)
    summaries: list[list[tuple[Table, list[Row]]]] = []
    with ExitStack() as open_tables:
        trials = open_tables.enter_context(table_writer(TRIALS, out_dir))
        writers = {
            open_tables.enter_context(table_writer(table, out_dir)): rows
            for table, rows in BY_ATTEMPT
        }
        for source in sources:
            listed = _in_order(source.study, list(_read_listed(source.verdicts)))
            summaries.append(_summary_rows(source, listed, code))
            company = company_of(source.study)
            for piece in _pieces(source.verdicts, listed):
                trials.write(trial_row(one, company.get(one.trial)) for one in piece)
                for writer, rows in writers.items():
                    writer.write(row for one in piece for row in rows(one))
    written = [path for one in (trials, *writers) for path in one.paths]
    for of_campaigns in zip(*summaries, strict=True):
        table = of_campaigns[0][0]
        frame = table.frame(row for _, rows in of_campaigns for row in rows)
        written += write_table(table, frame, out_dir)
    lacking = {table.name for table in TABLES} - {path.stem for path in written}
    if sources and lacking:
        raise LookupError(
            f"TABLES of tables/schemas.py names `{min(lacking)}`, and nothing makes rows; write "
            "them into BY_ATTEMPT of tables/build.py, or into `_summary_rows` there"
        )
    return sorted(written)


def _summary_rows(
    source: _Source, listed: Sequence[_Listed], code: Mapping[str, str]
) -> list[tuple[Table, list[Row]]]:
    """The rows of a campaign in each table that sums up its attempts."""
    name, study, commits = source.name, source.study, source.commits
    judgements = [judgement for _, judgement in listed]
    return [
        (SCENARIOS, scenario_rows(name, study, judgements)),
        (CLAIMS, claim_rows(name, study, judgements)),
        (CONTROLS, [*control_rows(name, judgements)]),
        (COINCIDENCES, [*coincidence_rows(name, judgements)]),
        (SENSITIVITY, sensitivity_rows(name, Rules.of_study(study), judgements)),
        (CAMPAIGNS, [campaign_row(name, source.records, commits, code)]),
        (RULE_CHANGES, change_rows(name, commits)),
    ]


@dataclass(frozen=True)
class _Source:
    """A campaign of the tables."""

    name: str
    study: Study
    verdicts: Path
    records: Sequence[Mapping[str, Any]]
    commits: Commits


def _source(folder: Path, verdicts: Path) -> _Source:
    layout = CampaignLayout(folder)
    description = description_of(folder, "campaign")
    path = verdicts / f"{folder.name}.jsonl"
    if not path.is_file():
        raise CampaignError(
            f"{path} is missing; run `nsm-resilience judge {folder} --out {path}` first"
        )
    return _Source(
        str(description["campaign"]),
        load_recorded_study(layout.study),
        path,
        description["records"],
        read_commits(folder),
    )


def company_of(study: Study) -> dict[str, str]:
    """Whether each trial ran alone, by trial; empty if the study does not vary that."""
    if study.turns is None:
        return {}
    return {s.trial: "alone" if s.alone else "side by side" for s in make_schedule(study)}


def _read_listed(verdicts_jsonl: Path) -> Iterator[_Listed]:
    seen: set[tuple[str, int]] = set()
    for offset, judgement in read_lines(verdicts_jsonl):
        attempt = (judgement.trial, judgement.attempt)
        if attempt in seen:
            raise CampaignError(
                f"{verdicts_jsonl}: {judgement.trial}, attempt {judgement.attempt}, has two lines; "
                "run `snakemake --forcerun judge`"
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
            measures=replace(judgement.measures, phases=(), changes=(), disturbances=()),
        )
        yield offset, light


def _in_order(study: Study, listed: list[_Listed]) -> list[_Listed]:
    """Sort by the study's cells, then by trial and attempt."""
    cells = all_cells(study, (judgement for _, judgement in listed))
    places = {cell.id: at for at, cell in enumerate(cells)}

    def place(one: _Listed) -> tuple[int, str, int]:
        _, judgement = one  # its trial may have the name of no cell: a stray folder of records
        return places[cell_of(judgement).id], judgement.trial, judgement.attempt

    return sorted(listed, key=place)


def _pieces(verdicts_jsonl: Path, listed: Sequence[_Listed]) -> Iterator[list[Judgement]]:
    """Read the whole judgements, `PIECE` at a time."""
    with verdicts_jsonl.open("rb") as lines:
        for at in range(0, len(listed), PIECE):
            piece = []
            for offset, _ in listed[at : at + PIECE]:
                lines.seek(offset)
                piece.append(judgement_of(lines.readline()))
            yield piece
