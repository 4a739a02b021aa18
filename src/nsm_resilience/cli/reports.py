# SPDX-License-Identifier: Apache-2.0
"""The commands from tables to what people read: notebooks, paper, site, explanations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsm_resilience.cli.options import AFTER, CampaignDir, OutFile, OutFolder, Tables, say

app = typer.Typer()


@app.command(rich_help_panel=AFTER)
def notebook(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A percent notebook, *.py")],
    out: OutFile,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="May be repeated."),
    ] = None,
) -> None:
    """Run a notebook from the current folder and keep the executed copy."""
    from nsm_resilience.report.notebook import run_notebook

    values = {}
    for given in parameter or []:
        name, equals, value = given.partition("=")
        if not equals:
            raise typer.BadParameter(f"write -p name=value, not `{given}`", param_hint="-p")
        values[name] = value
    say(str(run_notebook(source, out, values, cwd=Path.cwd())))


@app.command(rich_help_panel=AFTER)
def numbers(
    campaign_dir: CampaignDir,
    tables: Tables = Path("results/tables"),
    second_campaign_dir: Annotated[
        Path | None,
        typer.Option("--second-campaign-dir", metavar="FOLDER", help="A campaign to put beside."),
    ] = None,
    second_tables: Annotated[
        Path | None,
        typer.Option("--second-tables", metavar="FOLDER", help="The tables of that one."),
    ] = None,
    lanes_campaign_dir: Annotated[
        Path | None,
        typer.Option(
            "--lanes-campaign-dir", metavar="FOLDER", help="The campaign that `lanes` was made of."
        ),
    ] = None,
    out: OutFile = Path("results/numbers.json"),
    repository: Annotated[
        str | None,
        typer.Option("--repository", metavar="ADDRESS", help="For links to the trials' commit."),
    ] = None,
) -> None:
    """Collect every number and sentence of the paper that depends on the data."""
    from nsm_resilience.report.numbers import Second, write_numbers

    second = None
    if second_campaign_dir is not None and second_tables is not None:
        second = Second(second_tables, second_campaign_dir)
    elif second_campaign_dir is not None or second_tables is not None:
        raise typer.BadParameter("give --second-campaign-dir and --second-tables together")
    write_numbers(tables, campaign_dir, out, repository, second, lanes_campaign_dir)
    say(str(out))


@app.command(rich_help_panel=AFTER)
def paper(
    main: Annotated[Path, typer.Option("--main", metavar="FILE")] = Path("paper/main.typ"),
    numbers: Annotated[Path, typer.Option("--numbers", metavar="FILE")] = Path(
        "results/numbers.json"
    ),
    out: OutFile = Path("results/report.pdf"),
) -> None:
    """Set the paper as PDF/A; a missing glyph or a dead reference is an error."""
    from nsm_resilience.report.paper import build_paper

    build_paper(main, out, {"numbers": numbers}, Path.cwd())
    say(str(out))


@app.command(rich_help_panel=AFTER)
def crate(
    campaign_dir: CampaignDir,
    workflow: Annotated[
        str,
        typer.Option("--workflow", metavar="JSON", help="The workflow; the rule `crate` has it."),
    ],
    numbers: Annotated[Path, typer.Option("--numbers", metavar="FILE")] = Path(
        "results/numbers.json"
    ),
    verdicts: Annotated[Path, typer.Option("--verdicts", metavar="FILE")] = Path(
        "results/verdicts.jsonl"
    ),
    citation: Annotated[Path, typer.Option("--citation", metavar="FILE")] = Path("CITATION.cff"),
    out: OutFile = Path("results/ro-crate-metadata.json"),
) -> None:
    """Write the provenance of a build as an RO-Crate, with the sources that it describes."""
    from nsm_resilience.provenance.crate.build import write_crate

    write_crate(workflow, campaign_dir, numbers, verdicts, citation, out)
    say(str(out))


@app.command(rich_help_panel=AFTER)
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


@app.command("start-page", rich_help_panel=AFTER)
def start_page(
    campaign_dir: CampaignDir,
    tables: Tables = Path("results/tables"),
    out: OutFile = Path("results/start.rst"),
) -> None:
    """Write the first page of the HTML report: the table of the nine and the claims."""
    from nsm_resilience.report.start_page import write_start_page

    write_start_page(tables, campaign_dir, out)
    say(str(out))


@app.command(rich_help_panel=AFTER)
def site(
    campaign_dir: CampaignDir,
    tables: Tables = Path("results/tables"),
    verdicts: Annotated[Path, typer.Option("--verdicts", metavar="FILE")] = Path(
        "results/verdicts.jsonl"
    ),
    out: OutFolder = Path("results/site"),
) -> None:
    """Write the static site: a page per attempt, with its timeline and the lines that decided."""
    from nsm_resilience.site.build import build_site

    say(f"{build_site(tables, campaign_dir, verdicts, out)} attempts: {out / 'index.html'}")


@app.command(rich_help_panel=AFTER)
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
) -> None:
    """Follow a verdict to what it rests on: reason, measures, and the lines of the record."""
    from nsm_resilience.provenance.explain import explain_verdicts

    for line in explain_verdicts(what, trial, verdicts, campaign_dir):
        typer.echo(line)
