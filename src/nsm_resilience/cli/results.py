# SPDX-License-Identifier: Apache-2.0
"""The commands from records to tables, and what a campaign and a build of it cost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nsm_resilience.cli.options import AFTER, Campaign, CampaignDir, OutFile, OutFolder, Tables, say

app = typer.Typer()


@app.command(rich_help_panel=AFTER)
def judge(
    campaign: Campaign,
    out: OutFile | None = None,
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

    Written to results/verdicts.jsonl; with --set to results/verdicts-altered.jsonl, of which no
    table, page or paper is made.
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
    out = out or Path(f"results/verdicts{'-altered' if alterations else ''}.jsonl")
    judged = judge_campaign(campaign, out, progress, jobs, alterations)
    by = f" by altered rules ({', '.join(map(str, alterations))})" if alterations else ""
    say(f"{judged} attempts judged{by}: {out}")


@app.command(rich_help_panel=AFTER)
def tables(
    campaign_dir: CampaignDir,
    verdicts: Annotated[Path, typer.Option("--verdicts", metavar="FILE")] = Path(
        "results/verdicts.jsonl"
    ),
    out: OutFolder = Path("results/tables"),
) -> None:
    """Write verdicts and measures as tidy tables, CSV and Parquet."""
    from nsm_resilience.tables.build import build_tables

    for path in build_tables(verdicts, campaign_dir, out):
        say(str(path))


@app.command(rich_help_panel=AFTER)
def lanes(
    campaign: Campaign,
    tables: Tables = Path("results/tables"),
    out: OutFolder = Path("results/tables"),
) -> None:
    """Compare trials alone with trials side by side, of a campaign that was run by turns."""
    from nsm_resilience.report.lane_trials import write_lanes
    from nsm_resilience.report.lanes import lanes_lines

    write_lanes(campaign, tables, out)
    for line in lanes_lines(out, campaign):
        say(line)


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


@app.command("run-times", rich_help_panel=AFTER)
def run_times(campaign: Campaign, out: OutFile = Path("results/run-times.csv")) -> None:
    """Write rule by rule how long the jobs of this folder's last build took."""
    from nsm_resilience.report.run_times import write_run_times

    jobs = write_run_times(Path(".snakemake/metadata"), campaign, out)
    say(f"{jobs} jobs: {out}")
