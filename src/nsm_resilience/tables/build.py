# SPDX-License-Identifier: Apache-2.0
"""Build all tables of a campaign from its verdicts and its study file."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from nsm_resilience.judge.campaign import read_judgements
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.record.files import write_bytes
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Study
from nsm_resilience.tables.claims import claim_rows
from nsm_resilience.tables.columns import Table
from nsm_resilience.tables.efficiency import attempt_times, efficiency_rows
from nsm_resilience.tables.rows import Row, component_rows, outage_rows, phase_rows, trial_row
from nsm_resilience.tables.scenarios import all_cells, scenario_rows
from nsm_resilience.tables.schemas import TABLES

if TYPE_CHECKING:
    import pandas as pd


def build_tables(verdicts_jsonl: Path, campaign_folder: Path, out_dir: Path) -> list[Path]:
    """Write every table as CSV and Parquet into `out_dir` and return the files written.

    Raises:
        CampaignError: If a line of the verdicts is none.
        ConfigError: If the campaign's study file is not valid.
        ValueError: If a record is of a scenario that the study does not declare.
        pandera.errors.SchemaErrors: If a table breaks its schema (a defect of this program).
    """
    layout = CampaignLayout(campaign_folder)
    study = load_study(layout.study)
    campaign = str(json.loads(layout.description.read_text(encoding="utf-8"))["campaign"])
    judgements = list(read_judgements(verdicts_jsonl))
    written: list[Path] = []
    rows = all_rows(campaign, study, judgements)
    for table in TABLES:
        written += write_table(table, table.frame(rows[table.name]), out_dir)
    return written


def all_rows(campaign: str, study: Study, judgements: list[Judgement]) -> dict[str, Iterable[Row]]:
    """Rows of every table, by its name, in the order of the study."""
    places = {cell.id: at for at, cell in enumerate(all_cells(study, judgements))}
    ordered = sorted(
        judgements, key=lambda j: (places[j.trial.split("/", 1)[0]], j.trial, j.attempt)
    )
    return {
        "trials": (trial_row(j) for j in ordered),
        "scenarios": scenario_rows(campaign, study, ordered),
        "claims": claim_rows(campaign, study, ordered),
        "outages": (row for j in ordered for row in outage_rows(j)),
        "components": (row for j in ordered for row in component_rows(j)),
        "phases": (row for j in ordered for row in phase_rows(j)),
        "efficiency": efficiency_rows(campaign, attempt_times(ordered)),
    }


def write_table(table: Table, frame: pd.DataFrame, out_dir: Path) -> list[Path]:
    """Write one table both ways; the same table gives the same bytes."""
    text = io.StringIO()
    frame.to_csv(text, index=False, lineterminator="\n")
    binary = io.BytesIO()
    frame.to_parquet(
        binary, engine="pyarrow", index=False, compression="zstd", schema=table.arrow()
    )
    paths = [out_dir / f"{table.name}.csv", out_dir / f"{table.name}.parquet"]
    write_bytes(paths[0], text.getvalue().encode())
    write_bytes(paths[1], binary.getvalue())
    return paths
