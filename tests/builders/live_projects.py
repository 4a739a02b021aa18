# SPDX-License-Identifier: Apache-2.0
"""A project with a live campaign whose cluster is a stand-in, and what can be read off it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import yaml

from nsm_resilience.study.load import load_study
from nsm_resilience.study.schedule import ScheduledTrial, make_schedule
from tests.builders.projects import Project, make_project
from tests.builders.small_campaign import Small, recorded_folder

HERE = Path(__file__).parent
CAMPAIGN = Path("results/live/local")
VERDICTS = "results/verdicts/local.jsonl"
INSTRUMENTS = ("windows", "full", "new_clients", "probes", "judge")
"""Parts of a study that say how trials are watched and judged."""
RUN = (f"{CAMPAIGN}/campaign.json", f"{CAMPAIGN}/cluster-removed")
"""What is there when a campaign has run; a test that looks at verdicts wants these as well."""


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

    @property
    def study(self) -> Path:
        return self.project.folder / "config" / "study.yaml"

    @property
    def cluster(self) -> Path:
        """The file that stands for the cluster."""
        return self.project.folder / "cluster-is-up"

    def plan(self, *arms: dict[str, Any], **more: Any) -> list[ScheduledTrial]:
        """Write another campaign into the study; returns its schedule."""
        study = yaml.safe_load(self.study.read_text(encoding="utf-8"))
        recorded = yaml.safe_load((recorded_folder() / "study.yaml").read_text(encoding="utf-8"))
        # the stand-in copies records of that campaign, which ask and watch as its study says
        instruments = {key: recorded[key] for key in INSTRUMENTS if key in recorded}
        study.update(campaign=list(arms), **{**instruments, **more})
        self.study.write_text(yaml.safe_dump(study), encoding="utf-8")
        return make_schedule(load_study(self.study))

    def order(self) -> list[str]:
        return [scheduled.trial for scheduled in make_schedule(load_study(self.study))]

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

    def _calls(self) -> list[tuple[int, str]]:
        """Process and arguments of each call of the stand-in; `record <trial>` of each begun."""
        file = self.project.folder / "calls.txt"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [(int(pid), call) for pid, _, call in (line.partition(" ") for line in lines)]

    def calls(self, what: str) -> list[str]:
        """Arguments of every call of the stand-in that begins so."""
        return [call for _, call in self._calls() if call.startswith(what)]

    def running(self, what: str = "") -> list[int]:
        """Processes of such calls that are still there."""
        found = []
        for pid, call in self._calls():
            with suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                if call.startswith(what) and b"stand_in.py" in command:
                    found.append(pid)
        return found

    def outcomes(self) -> dict[str, list[str]]:
        """Outcomes of all attempts, by trial, as the campaign's description lists them."""
        description = json.loads((self.campaign / "campaign.json").read_text(encoding="utf-8"))
        found: dict[str, list[str]] = {s["trial"]: [] for s in description["scheduled"]}
        for record in description["records"]:
            found[record["trial"]].append(record["outcome"])
        return found

    def wait_for_record(self) -> str:
        """Wait until another record is begun; its trial. It is open for STAND_IN_SECONDS."""
        before = len(self.calls("record "))
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            begun = self.calls("record ")
            if len(begun) > before:
                return begun[-1].removeprefix("record ")
            time.sleep(0.02)
        raise AssertionError("the campaign does not get on")


def begin(small: Small, stand_in: Path, folder: Path) -> Live:
    """A live campaign of two trials in a new project, of which nothing has run."""
    environment = {**os.environ, "STAND_IN_RECORDS": str(small.folder / "records")}
    environment.pop("PYTHONPATH", None)
    begun = Live(replace(make_project(folder), python=str(stand_in)), environment)
    begun.plan({"scenarios": ["S1", "S2"], "trials": 1})
    return begun
