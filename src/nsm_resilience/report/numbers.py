# SPDX-License-Identifier: Apache-2.0
"""All numbers of the paper in one JSON file: counts, rows, intervals, facts of the campaign.

The paper reads this file and types no number of its own. Nothing in the file depends on the time or
the place of the build, so the same tables give the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from nsm_resilience.analysis.deployment import deployments
from nsm_resilience.analysis.figures.cells import judged, short_names
from nsm_resilience.analysis.figures.consequences import describe_consequences
from nsm_resilience.analysis.figures.contrasts import describe_contrasts
from nsm_resilience.analysis.figures.outages import describe_outages, reference_lines
from nsm_resilience.analysis.figures.refusals import asked_clients, describe_refusals
from nsm_resilience.analysis.figures.result_table import describe_result_table
from nsm_resilience.analysis.figures.survival import describe_survival
from nsm_resilience.analysis.figures.testbed import describe_testbed
from nsm_resilience.analysis.figures.timelines import describe_timelines
from nsm_resilience.record.files import write_json
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.report.campaign import campaign_facts, read_description
from nsm_resilience.report.cell_rows import cell_rows, in_the_nine, with_places, with_variants
from nsm_resilience.report.contrasts import contrast_numbers
from nsm_resilience.report.coverage import covered
from nsm_resilience.report.disturbances import disturbances
from nsm_resilience.report.findings.build import findings
from nsm_resilience.report.headline import headline
from nsm_resilience.report.sensitivity import sensitivity
from nsm_resilience.report.watchdog import watchdog
from nsm_resilience.report.without_fault import without_fault
from nsm_resilience.report.wording import share_interval
from nsm_resilience.statistics.intervals import wilson
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.study.models import Study, carrying
from nsm_resilience.study.names import PLANE_NAMES
from nsm_resilience.tables.attempts import (
    APART,
    JUDGED,
    MEANINGS,
    counted_parts,
    in_words,
    parts_of,
)
from nsm_resilience.tables.columns import Table
from nsm_resilience.tables.contrasts import CONTRAST_TABLES, CONTRASTS, ENVIRONMENTS
from nsm_resilience.tables.language import seconds
from nsm_resilience.tables.schemas import TABLES

PATHS = ("alive", "recovered", "late", "dead", "gone")


class NumbersError(Exception):
    """The paper's numbers cannot be made from what is there."""


def write_numbers(
    tables_dir: Path, campaigns: Sequence[Path], out_json: Path, repository: str | None = None
) -> dict[str, Any]:
    """Write the paper's numbers.

    Args:
        campaigns: their folders; the first is the paper's own.
        out_json: file to write, beside the report; links in it are relative to its folder.
        repository: address of the repository for links to a commit; default: that of the
            campaign's description, or none.

    Returns:
        The numbers written: those of the paper's own campaign, under `others` those of each other
        one, under `contrasts` the differences.

    Raises:
        NumbersError: a table is missing.
        DescriptionError: a campaign's description is missing or lacks something.
    """
    tables = read_named(tables_dir, TABLES, "snakemake")
    compared = read_named(tables_dir, CONTRAST_TABLES, "nsm-resilience contrasts")
    contrasts, environments = compared[CONTRASTS.name], compared[ENVIRONMENTS.name]

    names = [str(read_description(folder)["campaign"]) for folder in campaigns]
    split = [of_campaign(tables, name) for name in names]
    studies = [load_recorded_study(CampaignLayout(folder).study) for folder in campaigns]
    made = []
    for folder, own_tables, study in zip(campaigns, split, studies, strict=True):
        links = {
            "tables": _relative(out_json.parent, tables_dir),
            "campaign": _relative(out_json.parent, folder),
            "notebooks": "notebooks",
            "figures": "figures",
            "sources": "source",
        }
        made.append(make_numbers(own_tables, folder, study, links, repository))
    nine = headline(made, studies)
    differing = contrast_numbers(contrasts, environments)
    refused = asked_clients(tables["new_clients"], tables["trials"], carrying("C1", studies))
    trials, scenarios = split[0]["trials"], split[0]["scenarios"]
    figures = [
        describe_testbed(deployments(campaigns[0], trials)),
        describe_result_table(scenarios, trials),
        describe_outages(trials),
        describe_survival(trials),
        describe_consequences(trials),
        describe_timelines(trials),
        describe_contrasts(contrasts, tables["trials"]),
        describe_refusals(refused),
    ]
    numbers = {
        **made[0],
        "figures": {figure.name: asdict(figure) for figure in figures},
        "tables": [*tables, *compared],
        "others": made[1:],
        "headline": nine,
        "findings": findings(made, studies, nine, differing, rows_with_none(tables["campaigns"])),
        "sensitivity": sensitivity(tables["sensitivity"]),
        "without_fault": without_fault(tables["controls"]),
        "coverage": covered(zip(names, (one["trials"] for one in split), studies, strict=True)),
        "contrasts": differing,
        "environment": environments.loc[
            environments["campaign"] == names[0], ["what", "value"]
        ].to_dict("records"),
    }
    write_json(out_json, numbers)
    return numbers


def of_campaign(tables: Mapping[str, pd.DataFrame], name: str) -> dict[str, pd.DataFrame]:
    """Return the rows of one campaign, with their index in the whole tables."""
    return {key: table[table["campaign"] == name] for key, table in tables.items()}


COUNTED = ("components", "phases")
"""Long tables of which only the numbers of rows are given, so that few columns are read."""


def read_named(tables_dir: Path, tables: Iterable[Table], command: str) -> dict[str, pd.DataFrame]:
    """Read these tables by name; NumbersError names a missing one and the command that makes it."""
    found = {}
    for table in tables:
        path = tables_dir / f"{table.name}.parquet"
        if not path.is_file():
            raise NumbersError(f"{path} is missing; run `{command}` first")
        columns = ["campaign", "trial"] if table.name in COUNTED else None
        found[table.name] = pd.read_parquet(path, columns=columns)
    return found


def make_numbers(
    tables: Mapping[str, pd.DataFrame],
    campaign: Path,
    study: Study,
    links: Mapping[str, str],
    repository: str | None,
) -> dict[str, Any]:
    """Return the numbers of one campaign as plain data; see `write_numbers`."""
    description = read_description(campaign)
    names, trials = short_names(study), tables["trials"]
    rows = [with_places(row, tables) for row in cell_rows(tables, study, names)]
    nine = with_variants([row for row in rows if in_the_nine(row, study)], names)
    further = [row for row in rows if not in_the_nine(row, study) and row["n"]]
    return {
        "campaign": campaign_facts(campaign, study),
        "repository": repository or description.get("repository"),
        "links": dict(links),
        "counts": verdict_counts(trials),
        "paths": path_outcomes(trials),
        "constants": [
            {"s": f"{at_s:g}", "what": what}
            for at_s, what in sorted(reference_lines(trials).items())
        ],
        "planes": planes(nine, tables["claims"]),
        "further": further,
        "controls": controls(rows),
        "disturbances": disturbances(tables["disturbances"], tables["coincidences"]),
        "watchdog": watchdog(trials, study, campaign, description["records"]),
        "nine_declared": len({s.id for s in study.scenarios if "C0" in s.claims}),
    }


def rows_with_none(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows as plain data; empty values are None, whatever pandas has for them."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]


def verdict_counts(trials: pd.DataFrame) -> dict[str, Any]:
    """Count all attempts, each in one part, see `tables.attempts`.

    Returns:
        A number for each part, their sum as `attempts`, the judged ones as `judged`, and under
        `apart` the parts outside of n with any: in words, their meaning, and how many.
    """
    found = counted_parts(parts_of(trials))
    return {
        **found,
        "judged": sum(found[word] for word in JUDGED),
        "attempts": len(trials),
        "apart": [
            {"word": in_words(part), "meaning": MEANINGS[part], "n": found[part]}
            for part in APART
            if found[part]
        ],
    }


def path_outcomes(trials: pd.DataFrame) -> dict[str, Any]:
    """Count judged trials by the fate of the established path, with the span of the outages."""
    own = judged(trials)
    back = own.loc[own["path_verdict"] == "recovered", "outage_s"].astype(float)
    return {
        **{word: int((own["path_verdict"] == word).sum()) for word in PATHS},
        "shortest": seconds(float(back.min())) if len(back) else "",
        "longest": seconds(float(back.max())) if len(back) else "",
        "echoes": int(own["replies_sent"].fillna(0).sum()),
        "late_sends": int(own["late_sends"].fillna(0).sum()),
    }


def planes(nine: Sequence[Mapping[str, Any]], claims: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the table of the nine for each forwarding plane of table `claims`, with its claims."""
    found = []
    for plane in dict.fromkeys(map(str, claims["plane"])):
        rows = [row for row in nine if row["plane"] == plane]
        own = claims[claims["plane"] == plane]
        found.append(
            {
                "id": plane,
                "name": PLANE_NAMES[plane],
                "tested": any(row["n"] for row in rows),
                "rows": rows,
                "claims": [
                    {
                        **{key: str(claim[key]) for key in ("claim", "text", "agreement", "why")},
                        "cells": [c for c in str(claim["scenarios"] or "").split(", ") if c],
                    }
                    for claim in own.sort_values("claim").to_dict("records")
                ],
            }
        )
    return found


def controls(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the judge's false alarms: trials without a fault that are judged unsupported.

    Trials with a remedy are left out: the remedy may have broken something.
    """
    own = [row for row in rows if row["control"] and row["remedy"] == "none"]
    n = sum(row["n"] for row in own)
    alarms = n - sum(row["k"] for row in own)
    interval = wilson(alarms, n)
    return {
        "n": n,
        "alarms": alarms,
        "interval": share_interval(interval.low, interval.high),
        "stopped": sum(row["stopped"] for row in own),
    }


def _relative(folder: Path, target: Path) -> str:
    """Return the relative path from a folder to a target, as in links."""
    return Path(os.path.relpath(target, folder)).as_posix()
