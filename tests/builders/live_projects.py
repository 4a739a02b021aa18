# SPDX-License-Identifier: Apache-2.0
"""A project with a live campaign whose cluster is a stand-in, and what can be read off it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from nsm_resilience.study.load import load_study
from nsm_resilience.study.schedule import make_schedule
from tests.builders.projects import Project

HERE = Path(__file__).parent
CAMPAIGN = Path("results/live/local")
VERDICTS = "results/verdicts/local.jsonl"
RUN = (f"{CAMPAIGN}/campaign.json", f"{CAMPAIGN}/cluster-removed")
"""What is there when a campaign has run; a test that looks at verdicts wants these as well."""
TRIALS = 2


def take_signals() -> None:
    """Take Ctrl-C and a closed terminal as anybody does, however pytest was started.

    A shell that starts something in the background has it ignore the one, `nohup` the other, and
    children inherit that.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@dataclass(frozen=True)
class Live:
    """A project whose `nsm-resilience` is the stand-in, and what can be read off it.

    Attributes:
        project: the project.
        environment: variables of every call.
        targets: what is asked of Snakemake.
    """

    project: Project
    environment: dict[str, str]
    targets: tuple[str, ...] = RUN

    def judged(self) -> Live:
        """The same, with verdicts."""
        return replace(self, targets=(*RUN, VERDICTS))

    @property
    def campaign(self) -> Path:
        return self.project.folder / CAMPAIGN

    def order(self) -> list[str]:
        study = load_study(self.project.folder / "config" / "study.yaml")
        return [scheduled.trial for scheduled in make_schedule(study)]

    def start(
        self, profile: str = "live", output: IO[str] | int = subprocess.PIPE, **environment: str
    ) -> subprocess.Popen[str]:
        """Start snakemake in a session and process group of its own."""
        return subprocess.Popen(
            self.project.command("--profile", f"profiles/{profile}", "--", *self.targets),
            cwd=self.project.folder,
            env={**self.environment, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            preexec_fn=take_signals,
        )

    def run(self, profile: str = "live", **environment: str) -> str:
        """Run snakemake to its end, which must be a good one; returns what it printed."""
        process = self.start(profile, subprocess.PIPE, **environment)
        output, _ = process.communicate()
        assert process.returncode == 0, output
        return output

    def calls(self, what: str) -> list[str]:
        """Arguments of every call of the stand-in that begins so."""
        lines = (self.project.folder / "calls.txt").read_text(encoding="utf-8").splitlines()
        return [c for c in (line.split(" ", 1)[1] for line in lines) if c.startswith(what)]

    def outcomes(self) -> dict[str, list[str]]:
        """Outcomes of all attempts, by trial, as the campaign's description lists them."""
        description = json.loads((self.campaign / "campaign.json").read_text(encoding="utf-8"))
        found: dict[str, list[str]] = {s["trial"]: [] for s in description["scheduled"]}
        for record in description["records"]:
            found[record["trial"]].append(record["outcome"])
        return found

    def wait_for_records(self, complete: int) -> None:
        """Wait until so many trials are done and the next one has begun."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            done = len(list(self.campaign.glob("receipts/*/*.json")))
            if done >= complete and len(list(self.campaign.glob("records/*/*/*"))) > done:
                return
            time.sleep(0.05)
        raise AssertionError("the campaign does not get on")
