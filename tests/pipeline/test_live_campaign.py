# SPDX-License-Identifier: Apache-2.0
"""Snakemake over a live campaign: order, retries, and being killed. The cluster is a stand-in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml
from small_campaign import Small
from workflow_project import ROOT, Project, make_project

from nsm_resilience.study.load import load_study
from nsm_resilience.study.schedule import make_schedule

pytestmark = pytest.mark.pipeline

HERE = Path(__file__).parent
CAMPAIGN = Path("results/live/local")
TARGETS = [f"{CAMPAIGN}/campaign.json", f"{CAMPAIGN}/cluster-removed", "results/verdicts.jsonl"]
TRIALS = 2


@dataclass(frozen=True)
class Live:
    """A project whose `nsm-resilience` is the stand-in, and what can be read off it."""

    project: Project
    environment: dict[str, str]

    @property
    def campaign(self) -> Path:
        return self.project.folder / CAMPAIGN

    def order(self) -> list[str]:
        study = load_study(self.project.folder / "config" / "study.yaml")
        return [scheduled.trial for scheduled in make_schedule(study)]

    def start(self, profile: str = "live", **environment: str) -> subprocess.Popen[str]:
        """Start snakemake in a process group of its own."""
        return subprocess.Popen(
            self.project.command("--profile", f"profiles/{profile}", "--", *TARGETS),
            cwd=self.project.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            # A shell that starts something in the background has it ignore Ctrl-C, and children
            # inherit that: tests of an interrupt must not depend on how pytest was started.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, profile: str = "live", **environment: str) -> str:
        """Run snakemake to its end, which must be a good one; returns what it printed."""
        process = self.start(profile, **environment)
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


@pytest.fixture
def live(small: Small, tmp_path: Path) -> Iterator[Live]:
    project = make_project(tmp_path / "project")
    study = yaml.safe_load((ROOT / "config" / "study.yaml").read_text(encoding="utf-8"))
    study["campaign"] = [{"scenarios": ["S1", "S2"], "trials": TRIALS}]
    (project.folder / "config" / "study.yaml").write_text(yaml.safe_dump(study))
    # an environment in which `nsm-resilience` is the stand-in, over the packages of this one
    venv.create(tmp_path / "environment", with_pip=False)
    scripts = tmp_path / "environment" / "bin"
    python = scripts / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    paths = [str(ROOT / "src"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    Path(site, "over.pth").write_text("\n".join(paths) + "\n")
    (scripts / "nsm-resilience").write_text(
        f'#!/bin/sh\nexec "{python}" "{HERE / "stand_in.py"}" "$@"\n'
    )
    (scripts / "nsm-resilience").chmod(0o755)
    environment = {**os.environ, "STAND_IN_RECORDS": str(small.folder / "records")}
    environment.pop("PYTHONPATH", None)
    started = Live(replace(project, python=str(python)), environment)
    yield started
    # whatever a test left running ends here: these are our own children's process groups
    for line in (
        (project.folder / "calls.txt").read_text().splitlines()
        if (project.folder / "calls.txt").exists()
        else []
    ):
        try:
            command = Path(f"/proc/{line.split(' ', 1)[0]}/cmdline").read_bytes()
        except OSError:
            continue
        if b"stand_in.py" in command:
            os.kill(int(line.split(" ", 1)[0]), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="live campaigns need Linux")
def test_trials_run_one_by_one_in_the_seeded_order_and_void_ones_again(live: Live) -> None:
    order = live.order()
    output = live.run(STAND_IN_VOID=order[2])
    started = [call.split(" --trial ")[1] for call in live.calls("trial")]
    assert list(dict.fromkeys(started)) == order
    assert sorted(started) == sorted([*order, order[2]])
    outcomes = live.outcomes()
    assert outcomes.pop(order[2]) == ["void", "complete"]
    assert set(map(tuple, outcomes.values())) == {("complete",)}
    assert len(live.calls("cluster up")) == len(live.calls("cluster down")) == 1
    assert not (live.project.folder / "cluster-is-up").exists()
    assert not (live.campaign / "cluster.json").exists()
    verdicts = (live.project.folder / "results" / "verdicts.jsonl").read_text().splitlines()
    assert len(verdicts) == len(order) + 1
    assert "Nothing to be done" in live.run(), output


def test_after_snakemake_is_killed_the_same_command_goes_on(live: Live) -> None:
    """SIGKILL of snakemake alone: the trial it had started goes on, and is not measured twice."""
    first = live.start(STAND_IN_SECONDS="3")
    live.wait_for_records(1)
    first.kill()
    first.communicate()
    kept = {p: p.stat().st_mtime_ns for p in live.campaign.glob("receipts/*/*.json")}
    live.run()
    assert set(map(tuple, live.outcomes().values())) == {("complete",)}
    assert {p: p.stat().st_mtime_ns for p in kept} == kept
    assert not (live.project.folder / "cluster-is-up").exists()


def test_after_everything_is_killed_the_cut_attempt_is_kept_and_run_again(live: Live) -> None:
    """SIGKILL of snakemake and the trial, then the cluster is gone as well."""
    first = live.start(STAND_IN_SECONDS="3")
    live.wait_for_records(1)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    (live.project.folder / "cluster-is-up").unlink()
    live.run()
    outcomes = sorted(live.outcomes().values())
    assert outcomes == [["complete"]] * (2 * TRIALS - 1) + [["cut", "complete"]]
    assert len(live.calls("cluster up")) == 2
    assert not (live.project.folder / "cluster-is-up").exists()


def test_after_ctrl_c_the_cluster_stays_and_the_same_command_goes_on(live: Live) -> None:
    """What is printed is not asked: an interrupt may keep Snakemake from calling `onerror`."""
    first = live.start(STAND_IN_SECONDS="3")
    live.wait_for_records(1)
    os.killpg(first.pid, signal.SIGINT)
    first.communicate()
    assert first.returncode != 0
    assert (live.project.folder / "cluster-is-up").exists()
    live.run()
    assert all(outcome[-1] == "complete" for outcome in live.outcomes().values())
    assert not (live.project.folder / "cluster-is-up").exists()


def test_a_campaign_is_run_by_one_process_at_a_time(live: Live) -> None:
    first = live.start(STAND_IN_SECONDS="3")
    live.wait_for_records(1)
    second = live.start()
    output, _ = second.communicate()
    assert second.returncode != 0
    assert f"is being run by process {first.pid}" in output
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()


def test_a_study_changed_under_a_campaign_is_refused(live: Live) -> None:
    study = live.project.folder / "config" / "study.yaml"
    live.campaign.mkdir(parents=True)
    shutil.copyfile(study, live.campaign / "study.yaml")
    study.write_text(study.read_text(encoding="utf-8").replace("seed: ", "seed: 1"))
    done = live.project.snakemake("--profile", "profiles/live", "--dry-run")
    assert done.returncode == 1
    assert "was begun, in `seed`" in done.stdout


def test_a_lane_that_will_not_come_clean_is_taken_out_of_use_and_told(live: Live) -> None:
    """The campaign ends on the other lane; no trial pays with its attempts."""
    live.run(STAND_IN_LANES="2", STAND_IN_DIRTY="lane-1")
    description = json.loads((live.campaign / "campaign.json").read_text(encoding="utf-8"))
    lost = description["lanes_out_of_use"]
    assert [(one["lane"], one["why"]) for one in lost] == [("lane-1", "a process would not go")]
    on = {r["outcome"]: set[str]() for r in description["records"]}
    for record in description["records"]:
        on[record["outcome"]].add(record["lane"])
    assert on == {"void": {"lane-1"}, "complete": {"lane-2"}}
    assert sorted(map(len, live.outcomes().values())) == [1] * (2 * TRIALS - 1) + [2]


def test_without_a_clean_lane_the_campaign_stops_and_goes_on_when_one_is_mended(
    live: Live,
) -> None:
    first = live.start(STAND_IN_DIRTY="lane-1")
    output, _ = first.communicate()
    assert first.returncode != 0
    assert "every lane of the cluster is out of use" in output
    assert "nsm-resilience cluster up" in output
    live.run()  # `cluster up` proves that the lane is clean now
    assert all(outcome[-1] == "complete" for outcome in live.outcomes().values())


def test_trials_are_jobs_of_a_scheduler_that_we_know_nothing_of(live: Live) -> None:
    """The profile for Slurm, with an executor that submits to what is here: a shell."""
    folder = live.project.folder
    profile = yaml.safe_load((folder / "profiles" / "slurm" / "profile.yaml").read_text("utf-8"))
    submit = folder / "submit"
    lines = ("#!/bin/sh", 'echo "$1" >> submitted.txt', 'sh "$1" > /dev/null 2>&1 &', "echo $!")
    submit.write_text("\n".join(lines) + "\n")
    submit.chmod(0o755)
    profile.update(executor="cluster-generic", **{"cluster-generic-submit-cmd": str(submit)})
    profile["latency-wait"] = 5
    (folder / "profiles" / "hosts").mkdir()
    (folder / "profiles" / "hosts" / "profile.yaml").write_text(yaml.safe_dump(profile))
    live.run("hosts", STAND_IN_LANES="2")
    submitted = (folder / "submitted.txt").read_text(encoding="utf-8")
    assert submitted.count("snakejob.trial.") == 2 * TRIALS
    assert "snakejob.cluster" not in submitted and "snakejob.index" not in submitted
    assert set(map(tuple, live.outcomes().values())) == {("complete",)}
    assert not (folder / "cluster-is-up").exists()
