# SPDX-License-Identifier: Apache-2.0
"""The command line: one command per step. It parses and calls, nothing else.

There is one module per panel of the help, two for the last one. This module joins them in the order
of the help, with the commands for readers first. Each command imports heavy modules itself, so that
`--help` and the start of a trial stay fast. Errors of our own code, of the disk and of the cluster
are shown as one message; with `NSM_DEBUG=1` with a traceback.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from nsm_resilience import __version__
from nsm_resilience.cli import archive, before, cluster, live, read, reports, results
from nsm_resilience.cli.options import AFTER, LIVE
from nsm_resilience.cli.terminal import (
    open_closed_streams,
    replace_unencodable,
    restart_in_utf_8,
    visible,
)
from nsm_resilience.host.checkout import CHECKOUT, code_of_another_checkout
from nsm_resilience.record.lock import STEPS_LOCK, share_for_life

app = typer.Typer(
    name="nsm-resilience",
    help="Rerun, check and extend a published study of the fault tolerance of Network Service Mesh."
    " `snakemake` calls these commands in order; each can be called by hand.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
for panel in (read, before, live, results, reports):
    app.add_typer(panel.app)
app.add_typer(cluster.app, name="cluster", rich_help_panel=LIVE)
app.add_typer(archive.app, name="archive", rich_help_panel=AFTER)


def main() -> None:
    """Entry point of `nsm-resilience`."""
    open_closed_streams()
    restart_in_utf_8()
    replace_unencodable()
    os.environ.pop("MPLBACKEND", None)  # figures are files; a window's back end may not even load
    if any(_is_empty(word) for word in sys.argv[1:]):
        typer.echo("error: a word is empty; is a variable of the shell not set?", err=True)
        sys.exit(2)
    try:
        here = Path.cwd()
        foreign = code_of_another_checkout(here)
    except FileNotFoundError:  # deleted, or made again, while a shell was in it
        foreign = "this folder is not there any more; `cd` into the checkout"
    if foreign:
        typer.echo(f"error: {foreign}", err=True)
        sys.exit(1)
    if STEPS_LOCK in os.environ:  # a step of a build: the next build waits for its end
        share_for_life(Path(os.environ[STEPS_LOCK]))
    try:
        app()
    except Exception as error:
        message = _message_of(error)
        if message is None or "NSM_DEBUG" in os.environ:
            raise
        typer.echo(f"error: {visible(message)}", err=True)
        if CHECKOUT in here.parents:
            typer.echo(f"paths were looked for in {here}; the checkout is {CHECKOUT}", err=True)
        sys.exit(1)


def _is_empty(word: str) -> bool:
    """Whether a word of the command is empty, or an option with nothing after its `=`."""
    return not word or (word.startswith("--") and word.find("=") == len(word) - 1)


def _message_of(error: Exception) -> str | None:
    """The message of an error in place of a traceback; None for a bug, which needs one."""
    if isinstance(error, OSError) and (told := error.strerror or str(error)):
        where = error.filename if error.filename2 is None else error.filename2
        if where is None and error.errno in (errno.ENOSPC, errno.EDQUOT):
            from tempfile import gettempdir

            where = f"{Path.cwd()} or {gettempdir()}"
        return f"{where}: {told}" if where is not None else told
    origin = type(error).__module__.split(".")[0]
    if origin == "nsm_resilience":
        return str(error)
    if origin in ("kubernetes", "urllib3"):
        return f"the cluster's API server: {' '.join(str(error).split())[:500]}"
    return None


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
