# SPDX-License-Identifier: Apache-2.0
"""What Snakemake says when it is told something wrong. Nothing is built here."""

from __future__ import annotations

import pytest
from workflow_project import Project, make_project

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("errors"))


def test_an_unknown_setting_is_refused_with_the_one_that_is_meant(bare: Project) -> None:
    done = bare.snakemake("--dry-run", "--config", "campain=x")
    assert done.returncode == 1
    assert "did you mean `campaign:`?" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_campaign_that_is_not_recorded_is_refused_with_those_that_are(bare: Project) -> None:
    done = bare.snakemake("--dry-run", "--config", "campaign=elsewhere")
    assert done.returncode == 1
    assert "There is no recorded campaign `elsewhere`" in done.stdout
    assert "Recorded are:" in done.stdout


def test_a_wrong_key_in_the_study_is_refused_before_anything_runs(bare: Project) -> None:
    study = (bare.folder / "config" / "study.yaml").read_text(encoding="utf-8")
    (bare.folder / "wrong.yaml").write_text(study.replace("trials: 10", "trails: 10", 1))
    done = bare.snakemake("--dry-run", "--profile", "profiles/live", "--config", "study=wrong.yaml")
    assert done.returncode == 1
    assert "`trails` is no key here; did you mean `trials:`?" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("profile", ["live", "live-local-images"])
def test_a_live_profile_plans_every_trial_of_the_study(bare: Project, profile: str) -> None:
    from nsm_resilience.study.load import load_study
    from nsm_resilience.study.schedule import make_schedule

    done = bare.snakemake("--dry-run", "--profile", f"profiles/{profile}")
    assert done.returncode == 0, done.stdout
    planned = len(make_schedule(load_study(bare.folder / "config" / "study.yaml")))
    counts = dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)
    assert counts["trial"] == str(planned)
    assert (counts["cluster_up"], counts["cluster_down"]) == ("1", "1")


def test_lint_finds_nothing_in_either_source(project: Project) -> None:
    for arguments in ([], ["--configfile", "config/live.yaml"]):
        done = project.snakemake("--lint", *arguments)
        assert done.returncode == 0, done.stdout
