# SPDX-License-Identifier: Apache-2.0
"""The commands that read results: a verdict's way, two campaigns, where the time went."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsm_resilience.cli.options import READ, Json, Tables, say, say_json

app = typer.Typer()


@app.command(rich_help_panel=READ)
def explain(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A scenario (S8), a cell, or a trial's id.")
    ],
    trial: Annotated[
        int | None, typer.Option("--trial", metavar="N", help="Only the trial of this number.")
    ] = None,
    verdicts: Annotated[Path, typer.Option("--verdicts", metavar="FILE")] = Path(
        "results/verdicts.jsonl"
    ),
    campaign_dir: Annotated[
        Path | None,
        typer.Option("--campaign-dir", metavar="FOLDER", help="Default: found by its name."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Follow a verdict to what it rests on: reason, measures, and the lines of the record.

    Cells come in the order of the study, the one that the paper's claim is about first.
    """
    from nsm_resilience.provenance.explain import explain_verdicts, find_verdicts

    if as_json:
        for judgement in find_verdicts(what, trial, verdicts, campaign_dir):
            say_json(judgement.to_dict())
        return
    for line in explain_verdicts(what, trial, verdicts, campaign_dir):
        typer.echo(line)


@app.command(rich_help_panel=READ)
def compare(
    first: Annotated[
        Path,
        typer.Argument(
            metavar="A", help="A recorded campaign, one with its records, or a folder of tables."
        ),
    ],
    second: Annotated[Path, typer.Argument(metavar="B", help="The same of the other.")],
    first_tables: Annotated[
        Path | None,
        typer.Option("--first-tables", metavar="FOLDER", help="A's tables, if they are there."),
    ] = None,
    second_tables: Annotated[
        Path | None,
        typer.Option("--second-tables", metavar="FOLDER", help="B's tables, if they are there."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Also write the tables of the comparison."),
    ] = None,
) -> None:
    """Put two campaigns side by side: verdicts, times, and what they were made with.

    Cells are matched by scenario and levels. Whatever comes of it, the exit code is 0.
    """
    from tempfile import TemporaryDirectory

    from nsm_resilience.analysis.comparison import compare_campaigns
    from nsm_resilience.report.comparison import write_comparison
    from nsm_resilience.report.side_by_side import plain_console, print_comparison
    from nsm_resilience.report.sides import read_sides

    with TemporaryDirectory(prefix="nsm-compare-") as scratch:
        sides = read_sides(first, second, Path(scratch), first_tables, second_tables)
    found = compare_campaigns(*sides)
    print_comparison(found, plain_console())
    for path in write_comparison(found, out) if out is not None else []:
        say(str(path))


@app.command(rich_help_panel=READ)
def efficiency(tables: Tables = Path("results/tables"), as_json: Json = False) -> None:
    """Say where the time of a campaign's lanes went, and how much of it the study required."""
    from nsm_resilience.report.efficiency import efficiency_lines, efficiency_of

    if as_json:
        say_json(efficiency_of(tables))
        return
    for line in efficiency_lines(tables):
        say(line)
