# SPDX-License-Identifier: Apache-2.0
"""Shared by the commands: panels of the help, options with their defaults, lines of output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

READ = "Read results"
BEFORE, LIVE, AFTER = "Before a live run", "A live run", "From records to the paper"

DEFAULT_STUDY = Path("config/study.yaml")
DEFAULT_TESTBED = Path("config/testbed-kind-default.yaml")
DEFAULT_CAMPAIGN = Path("results/live/local")


def _with_a_name(folder: Path) -> Path:
    """A folder with its real name: `.` and `..` are no names of campaigns."""
    return folder if folder.name not in ("", "..") else folder.resolve()


def with_names(folders: list[Path]) -> list[Path]:
    """The same for several."""
    return [_with_a_name(folder) for folder in folders]


Study = Annotated[
    Path, typer.Option("--study", metavar="FILE", help="The study file.", show_default=True)
]
Testbed = Annotated[
    Path, typer.Option("--testbed", metavar="FILE", help="The testbed file: cluster and images.")
]
CampaignDir = Annotated[
    Path,
    typer.Option(
        "--campaign-dir",
        metavar="FOLDER",
        help="The campaign's folder, with records.",
        callback=_with_a_name,
    ),
]
Campaign = Annotated[
    Path,
    typer.Argument(metavar="CAMPAIGN", help="The campaign's folder.", callback=_with_a_name),
]
AllowContext = Annotated[
    str | None,
    typer.Option(
        "--allow-context",
        metavar="CONTEXT",
        help="For a cluster we did not make: its context, repeated for safety.",
    ),
]
OutFile = Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")]
OutFolder = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder to write.")]
Tables = Annotated[
    Path, typer.Option("--tables", metavar="FOLDER", help="The folder with the tidy tables.")
]
Recorded = Annotated[
    Path,
    typer.Argument(metavar="RECORDED", help="results/recorded/<name>", callback=_with_a_name),
]
Campaigns = Annotated[
    list[Path],
    typer.Argument(
        metavar="CAMPAIGN...",
        help="Folders of campaigns, the paper's own first.",
        callback=with_names,
    ),
]
Verdicts = Annotated[
    Path,
    typer.Option("--verdicts", metavar="FOLDER", help="The judge's verdicts, by campaign."),
]
Json = Annotated[
    bool, typer.Option("--json", help="For a program: JSON, one object a line, and nothing else.")
]


def say_json(found: object) -> None:
    """One object as a line of JSON."""
    import json

    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    say(json.dumps(found, ensure_ascii=not unicode, allow_nan=False, default=str))


def say(text: str) -> None:
    """Print one line of progress, without a buffer if the output is a file."""
    typer.echo(text)
    sys.stdout.flush()


def if_anybody_listens(say: Callable[[str], None]) -> Callable[[str], None]:
    """The same, for work that goes on when a line cannot be written (full disk, closed terminal).

    After the first such line nothing more is written: the buffer would fail again.
    """

    def tell(text: str) -> None:
        try:
            say(text)
        except OSError:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115

    return tell
