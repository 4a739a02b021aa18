# SPDX-License-Identifier: Apache-2.0
"""The commands from records to tables, and the one that multiplies a campaign."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nsm_resilience.cli.options import (
    AFTER,
    Campaign,
    Campaigns,
    OutFolder,
    Tables,
    Verdicts,
    say,
)

app = typer.Typer()


@app.command(rich_help_panel=AFTER)
def judge(
    campaign: Campaign,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Default: results/verdicts/<campaign>.jsonl."),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, help="Processes that judge side by side.")
    ] = 1,
    altered: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Another value of a rule, e.g. judge.loss_run=8; every line says so.",
        ),
    ] = None,
) -> None:
    """Judge every attempt of a campaign: one line of JSON each, with its evidence.

    Written to results/verdicts; with --set to results/verdicts-altered, of which no table, page or
    paper is made.
    """
    from nsm_resilience.judge.altered import AlterationError, parse
    from nsm_resilience.judge.campaign import judge_campaign

    def progress(done: int, of: int) -> None:
        if sys.stdout.isatty():
            typer.echo(f"\r{done}/{of}", nl=done == of)

    try:
        alterations = [parse(text) for text in altered or ()]
    except AlterationError as error:
        raise typer.BadParameter(str(error), param_hint="--set") from error
    folder = Path(f"results/verdicts{'-altered' if alterations else ''}")
    out = out or folder / f"{campaign.name}.jsonl"
    judged = judge_campaign(campaign, out, progress, jobs, alterations)
    by = f" by altered rules ({', '.join(map(str, alterations))})" if alterations else ""
    say(f"{judged} attempts judged{by}: {out}")


@app.command(rich_help_panel=AFTER)
def tables(
    campaigns: Campaigns,
    verdicts: Verdicts = Path("results/verdicts"),
    out: OutFolder = Path("results/tables"),
) -> None:
    """Write verdicts and measures of all campaigns as tidy tables, CSV and Parquet."""
    from nsm_resilience.tables.build import build_tables

    for path in build_tables(campaigns, verdicts, out):
        say(str(path))


@app.command(rich_help_panel=AFTER)
def contrasts(campaigns: Campaigns, tables: Tables = Path("results/tables")) -> None:
    """Write the tables of contrasts beside the others, from the tables of all campaigns."""
    from nsm_resilience.report.contrasts import write_contrasts

    for path in write_contrasts(tables, campaigns):
        say(str(path))


@app.command(rich_help_panel=AFTER)
def synthesize(
    campaign: Campaign,
    out: OutFolder,
    trials: Annotated[
        int, typer.Option("--trials", metavar="N", min=1, help="Trials of the synthetic campaign.")
    ] = 1000,
) -> None:
    """Multiply a campaign's records into a synthetic one, to measure what a large one costs."""
    from nsm_resilience.record.synthesize import synthesize as multiply

    multiply(campaign, trials, out)
    say(f"{out}: {trials} trials, synthetic: none of them was run")
