# SPDX-License-Identifier: Apache-2.0
"""The commands from tables to documents: notebooks, paper, site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsm_resilience.cli.options import AFTER, Campaigns, OutFile, OutFolder, Tables, Verdicts, say

app = typer.Typer()

Numbers = Annotated[Path, typer.Option("--numbers", metavar="FILE")]


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


@app.command("copy-notebooks", rich_help_panel=AFTER)
def copy_notebooks() -> None:
    """Make notebooks to run and change by hand; existing copies stay as they are."""
    from nsm_resilience.report.notebook import copy_notebooks as copy

    out = Path("results/explore")
    copy(Path("notebooks"), out)
    say(f"Notebooks to look around with are in {out}; one that you remove is made again.")


@app.command(rich_help_panel=AFTER)
def numbers(
    campaigns: Campaigns,
    tables: Tables = Path("results/tables"),
    out: OutFile = Path("results/numbers.json"),
    repository: Annotated[
        str | None,
        typer.Option("--repository", metavar="ADDRESS", help="For links to the trials' commit."),
    ] = None,
) -> None:
    """Collect every number and sentence of the paper that depends on the data."""
    from nsm_resilience.report.numbers import write_numbers

    write_numbers(tables, campaigns, out, repository)
    say(str(out))


@app.command(rich_help_panel=AFTER)
def paper(
    main: Annotated[Path, typer.Option("--main", metavar="FILE")] = Path("paper/main.typ"),
    numbers: Numbers = Path("results/numbers.json"),
    out: OutFile = Path("results/report.pdf"),
) -> None:
    """Set the paper as PDF/A and PDF/UA; if it cannot be set so, a warning says what it lacks."""
    from nsm_resilience.report.paper import build_paper

    lacking = build_paper(main, out, numbers, Path.cwd())
    if lacking:
        typer.echo(f"Warning: {lacking}", err=True)
    say(str(out))


@app.command(rich_help_panel=AFTER)
def readme(
    file: Annotated[Path, typer.Argument(metavar="FILE")] = Path("README.md"),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if it differs from the build.")
    ] = False,
) -> None:
    """Write the results of the default build into the README, with their picture."""
    from nsm_resilience.report.readme import write_readme

    write_readme(file, Path("results"), check=check)


@app.command(rich_help_panel=AFTER)
def crate(
    campaigns: Campaigns,
    workflow: Annotated[
        str,
        typer.Option("--workflow", metavar="JSON", help="The workflow; the rule `crate` has it."),
    ],
    numbers: Numbers = Path("results/numbers.json"),
    verdicts: Verdicts = Path("results/verdicts"),
    out: OutFile = Path("results/ro-crate-metadata.json"),
) -> None:
    """Write the provenance of a build as an RO-Crate, with the sources that it describes."""
    from nsm_resilience.provenance.crate.build import write_crate

    write_crate(workflow, campaigns, numbers, verdicts, Path("CITATION.cff"), out)
    say(str(out))


@app.command("start-page", rich_help_panel=AFTER)
def start_page(
    campaigns: Campaigns,
    tables: Tables = Path("results/tables"),
    out: OutFile = Path("results/start.rst"),
) -> None:
    """Write the first page of the HTML report: the table of the nine and the claims."""
    from nsm_resilience.report.start_page import write_start_page

    write_start_page(tables, campaigns, out)
    say(str(out))


@app.command(rich_help_panel=AFTER)
def site(
    campaigns: Campaigns,
    tables: Tables = Path("results/tables"),
    verdicts: Verdicts = Path("results/verdicts"),
    out: OutFolder = Path("results/site"),
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, metavar="N", help="Processes that write pages.")
    ] = 1,
) -> None:
    """Write the static site: a page per campaign, cell, attempt, table and notebook."""
    from nsm_resilience.site.build import build_site

    say(f"{build_site(tables, campaigns, verdicts, out, jobs)} attempts: {out / 'index.html'}")
