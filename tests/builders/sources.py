# SPDX-License-Identifier: Apache-2.0
"""A copy of the program's sources, to which a test adds what CONTRIBUTING says, no more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
ADDITIONS = Path(__file__).parent / "additions"
MADE_UP_SYSTEM = Path(__file__).parent / "mesh_v3"


@dataclass(frozen=True)
class Sources:
    """A package `nsm_resilience` of its own in a folder.

    `project` has the workflow, the notebooks and the paper that go with it, if any do.
    """

    folder: Path
    project: Path = Path()
    touched: list[str] = field(default_factory=list)
    """Files that were written or changed, each once."""

    @classmethod
    def copy(cls, folder: Path, project: Path = Path()) -> Sources:
        """The sources as they are, with what Python compiled of them and is still true of a copy.

        To compile the whole package takes each process seconds. A file that is just being compiled
        by another process has a number behind its name.
        """
        shutil.copytree(
            ROOT / "src" / "nsm_resilience",
            folder / "nsm_resilience",
            ignore=shutil.ignore_patterns("*.pyc.*"),
        )
        return cls(folder, project)

    def path(self, module: str) -> Path:
        """A file of the package, or one that stands beside it in the project."""
        beside = module.partition("/")[0] in ("notebooks", "paper", "workflow")
        return (self.project if beside else self.folder / "nsm_resilience") / module

    def add(self, module: str) -> None:
        """A new file, out of the folder of additions; FileExistsError where there is one."""
        with self.path(module).open("x", encoding="utf-8") as stream:
            stream.write((ADDITIONS / module).read_text(encoding="utf-8"))
        self._touch(module)

    def _touch(self, module: str) -> None:
        if module not in self.touched:
            self.touched.append(module)

    def insert(self, module: str, after: str, text: str) -> None:
        """Text behind the one place that reads as `after`; AssertionError when it is not one."""
        file = self.path(module)
        whole = file.read_text(encoding="utf-8")
        assert whole.count(after) == 1, f"{module}: `{after}` is there {whole.count(after)} times"
        file.write_text(whole.replace(after, after + text), encoding="utf-8")
        self._touch(module)

    def add_system(self, folder: Path = MADE_UP_SYSTEM) -> None:
        """A folder in `systems/`, and nothing else."""
        shutil.copytree(
            folder,
            self.path("systems") / folder.name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )

    def python(
        self, *arguments: str | Path, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Python with this package, and the tests' builders, in a process of its own."""
        path = os.pathsep.join((str(self.folder), str(ROOT), str(ROOT / "tests" / "unit")))
        done = subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def command(self, *arguments: str | Path, check: bool = True) -> str:
        """`nsm-resilience` of this package in the current folder; what it printed."""
        done = self.python(
            "-c", "from nsm_resilience import cli; cli.app()", *arguments, check=check
        )
        return done.stdout + done.stderr

    def commands(self, *each: Sequence[str | Path], first: str = "") -> str:
        """Several of them one after the other in one process, after some code; what they print."""
        calls = [[str(argument) for argument in one] for one in each]
        return self.python("-c", first + _COMMANDS, json.dumps(calls)).stdout

    def steps(self, campaign: Path, *names: str) -> None:
        """Several commands about a campaign, likewise."""
        self.commands(*((name, campaign) for name in names))


_COMMANDS = """
import json, sys
from typer.testing import CliRunner
from nsm_resilience.cli import app
for call in json.loads(sys.argv[1]):
    done = CliRunner().invoke(app, call, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    print(done.output)
"""
