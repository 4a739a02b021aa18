# SPDX-License-Identifier: Apache-2.0
"""Trials as jobs of a cluster scheduler: the graph is the same, and is seen without a plug-in."""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec

import pytest

from nsm_resilience.executor import need_executor
from nsm_resilience.study.load import load_study
from nsm_resilience.study.schedule import make_schedule
from tests.builders.projects import ROOT, Project, make_project

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.skipif(sys.platform == "win32", reason="live campaigns need Linux"),
]

TESTBED = """
testbed:
  type: existing
  name: lab
  context: lab
  nodes: [[w1, w2], [w3, w4]]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = make_project(tmp_path_factory.mktemp("hosts"))
    (made.folder / "config" / "testbed-lab.yaml").write_text(TESTBED)
    return made


@pytest.mark.parametrize("profile", ["slurm", "kubernetes"])
def test_every_trial_is_one_job_on_one_lane(project: Project, profile: str) -> None:
    done = project.snakemake(
        "--profile", f"profiles/{profile}", "--executor", "dryrun",
        "--config", "study=config/quick.yaml", "testbed=config/testbed-lab.yaml",
        "allow_context=lab",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    trials = len(make_schedule(load_study(ROOT / "config" / "quick.yaml")))
    assert re.search(rf"^trial +{trials}$", done.stdout, flags=re.M)
    for rule in ("cluster_up", "index", "cluster_down"):
        assert re.search(rf"^{rule} +1$", done.stdout, flags=re.M), rule
    job = done.stdout.split("rule trial:", 1)[1].split("rule ", 1)[0]
    assert "cluster=1" in job and "runtime=30" in job
    assert not (project.folder / "results").exists()


def test_a_plug_in_that_is_missing_is_one_line(project: Project) -> None:
    if find_spec("snakemake_executor_plugin_slurm") is not None:
        pytest.skip("snakemake-executor-plugin-slurm is installed here")
    done = project.snakemake("--profile", "profiles/slurm")
    assert done.returncode == 1
    errors = [line for line in done.stdout.splitlines() if not line.startswith("Using profiles")]
    assert len(errors) == 1, done.stdout
    assert "-m pip install snakemake-executor-plugin-slurm" in errors[0]


@pytest.mark.parametrize(
    "given", [["--executor", "dryrun"], ["--executor=touch"], ["-e", "dryrun"], ["-elocal"]]
)
def test_where_the_command_line_names_another_executor_the_profiles_is_not_needed(
    given: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nsm_resilience.executor.find_spec", lambda _: None)
    assert need_executor("slurm", given) == "slurm"


@pytest.mark.parametrize("given", ["-n", "--dry-run", "--dryrun", "-np", "-pn", "-nq", "-Fpn"])
def test_a_dry_run_needs_no_plug_in(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsm_resilience.executor.find_spec", lambda _: None)
    assert need_executor("slurm", [given]) == "dryrun"


def test_a_kind_cluster_is_refused_where_trials_run_on_other_hosts(project: Project) -> None:
    """The generic plug-in stands for any that sends jobs away; none is sent."""
    done = project.snakemake(
        "--profile", "profiles/live", "--executor", "cluster-generic", "--jobs", "1",
        "--cluster-generic-submit-cmd", "false", "--config", "study=config/quick.yaml",
    )  # fmt: skip
    assert done.returncode == 1
    assert "a kind cluster is reached from this host only" in done.stdout
    assert "cluster-generic" in done.stdout and "write `type: existing`" in done.stdout
    assert not list((project.folder / "results").glob("live/*/records"))
