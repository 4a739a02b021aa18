# SPDX-License-Identifier: Apache-2.0
"""The command line: one command per step of the way. It parses and calls, nothing else.

One module per panel of the help, two for the last one; here they are put together, in the order of
the help. Everything heavy is imported inside the command that needs it, so that `--help` and the
start of a trial stay fast. Errors that our own code raises are shown without a traceback.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from nsm_resilience import __version__
from nsm_resilience.cli import archive, before, cluster, live, reports, results
from nsm_resilience.cli.options import AFTER, LIVE

app = typer.Typer(
    name="nsm-resilience",
    help="Rerun, check and extend a published study of the fault tolerance of Network Service Mesh."
    " `snakemake` calls these commands in order; each can be called by hand.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for panel in (before, live, results, reports):
    app.add_typer(panel.app)
app.add_typer(cluster.app, name="cluster", rich_help_panel=LIVE)
app.add_typer(archive.app, name="archive", rich_help_panel=AFTER)


def main() -> None:
    """Entry point of `nsm-resilience`."""
    try:
        app()
    except Exception as error:
        if not type(error).__module__.startswith("nsm_resilience") or "NSM_DEBUG" in os.environ:
            raise
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nsm-resilience {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
