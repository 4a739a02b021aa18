# SPDX-License-Identifier: Apache-2.0
"""A folder with the workflow's files and nothing built, and calls of snakemake in it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from tests.builders.small_campaign import ROOT, Small

PARTS = ("Snakefile", "CITATION.cff", "workflow", "profiles", "config", "notebooks", "paper")


@dataclass(frozen=True)
class Project:
    """A copy of the workflow's files. `python` is the interpreter that runs snakemake."""

    folder: Path
    trials: tuple[str, ...] = ()
    python: str = sys.executable

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run snakemake to its end; standard output and errors come as one text."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )

    def command(self, *arguments: str) -> list[str]:
        """The command line of a call of snakemake."""
        return [self.python, "-m", "snakemake", *arguments]


def make_project(folder: Path) -> Project:
    """Copy the workflow's files; its only campaign is the small one."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("*.ipynb"))
        else:
            shutil.copyfile(ROOT / part, folder / part)
    (folder / "config" / "config.yaml").write_text("source: recorded\ncampaigns: [small]\n")
    return Project(folder)


def recorded_project(small: Small, folder: Path) -> Project:
    """A project with the small campaign, recorded."""
    made = make_project(folder)
    shutil.copytree(small.packed, made.folder / "results" / "recorded" / "small")
    return replace(made, trials=small.trials)


def files_of(project: Project) -> dict[str, str]:
    """Checksum of every file that a build makes, by its path in the results.

    All but logs, and the HTML report, which shows how long each rule ran.
    """
    results = project.folder / "results"
    apart = {"logs", "recorded", "report.html"}
    return {
        path.relative_to(results).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.is_file()
        and path.relative_to(results).parts[0] not in apart
        and path.name != ".snakemake_timestamp"
    }
