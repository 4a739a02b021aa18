# SPDX-License-Identifier: Apache-2.0
"""The commands that read results: explain a verdict, compare campaigns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsm_resilience.cli.options import READ, Json, Verdicts, say_json, with_names

app = typer.Typer()


@app.command(rich_help_panel=READ)
def explain(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A scenario (S8), a cell, or a trial's id.")
    ],
    trial: Annotated[
        int | None, typer.Option("--trial", metavar="N", help="Only the trial of this number.")
    ] = None,
    campaign: Annotated[
        str | None,
        typer.Option("--campaign", metavar="NAME", help="Only of this campaign."),
    ] = None,
    verdicts: Verdicts = Path("results/verdicts"),
    as_json: Json = False,
) -> None:
    """Follow a verdict to its reason, its measures, and the lines of the record.

    Cells come in the order of the study, with the cell of the paper's claim first.
    """
    from nsm_resilience.provenance.explain import explain_verdicts, find_verdicts

    if as_json:
        for judgement in find_verdicts(what, trial, verdicts, campaign):
            say_json(judgement.to_dict())
        return
    for line in explain_verdicts(what, trial, verdicts, campaign):
        typer.echo(line)


@app.command(rich_help_panel=READ)
def compare(
    campaigns: Annotated[
        list[Path],
        typer.Argument(
            metavar="CAMPAIGN...",
            help="Recorded campaigns, or ones with their records.",
            callback=with_names,
        ),
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="Also open and equal comparisons.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare trials that differ in one thing: the level of a factor, or the campaign.

    The campaigns are judged again. The exit code is 0, whatever differs.
    """
    import json
    from tempfile import TemporaryDirectory

    from nsm_resilience.report.contrasts import compare as compare_folders
    from nsm_resilience.report.contrasts import contrast_lines

    with TemporaryDirectory(prefix="nsm-compare-") as scratch:
        found = compare_folders(campaigns, Path(scratch))
    if as_json:
        for line in found.to_json(orient="records", lines=True).splitlines():
            say_json(json.loads(line))
        return
    for line in contrast_lines(found, everything=everything):
        typer.echo(line)
