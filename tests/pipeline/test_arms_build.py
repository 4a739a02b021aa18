# SPDX-License-Identifier: Apache-2.0
"""A build with a campaign of arms beside the paper's own. That campaign is constructed, not run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from constructed_beyond import construct_beyond
from small_campaign import Small
from workflow_project import Project, make_project

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def built(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small campaign recorded, and beside it a part of a constructed one as a live one."""
    project = make_project(tmp_path_factory.mktemp("arms"))
    results = project.folder / "results"
    shutil.copytree(small.packed, results / "recorded" / "small")
    scratch = tmp_path_factory.mktemp("far")
    far = construct_beyond(scratch, n=1, run=("S1", "S6", "S8", "N1"), name="far")
    shutil.copytree(far.folder, results / "live" / "far")
    done = project.snakemake("--config", "beyond=far")
    assert done.returncode == 0, done.stdout[-5000:]
    return project


def test_everything_is_there_and_the_papers_own_paths_are_as_ever(built: Project) -> None:
    results = built.folder / "results"
    wanted = [
        "report.pdf",
        "report.html",
        "verdicts.jsonl",
        "tables/trials.csv",
        "ro-crate-metadata.json",
    ]
    wanted += ["beyond/far/verdicts.jsonl", "beyond/far/tables/trials.parquet"]
    wanted += ["figures/remedies.svg", "figures/beyond.svg", "notebooks/beyond.ipynb"]
    wanted += ["tables/remedies.csv", "tables/arms.parquet"]
    assert [path for path in wanted if not (results / path).stat().st_size] == []


def test_the_claims_are_those_of_the_papers_own_campaign(built: Project) -> None:
    tables = built.folder / "results" / "tables"
    assert set(pd.read_parquet(tables / "claims.parquet")["campaign"]) == {"small"}
    assert set(pd.read_parquet(tables / "arms.parquet")["campaign"]) == {"far"}


def test_paper_and_report_have_the_arms_and_say_that_they_are_synthetic(built: Project) -> None:
    results = built.folder / "results"
    beyond = json.loads((results / "numbers.json").read_text(encoding="utf-8"))["beyond"]
    assert beyond["campaign"]["source"] == "synthetic"
    assert [it["id"] for it in beyond["remedies"]] == ["none", "observe", "heal"]
    damaged = next(line for line in beyond["nine"] if line["scenario"] == "S8")
    assert damaged["arms"]["heal"]["verdict"] == "supported"
    assert (results / Path(damaged["arms"]["heal"]["record"]) / "events.jsonl").is_file()
    report = (results / "report.html").read_text(encoding="utf-8")
    assert "remedies.svg" in report and "arms.csv" in report


def test_a_second_call_has_nothing_to_do(built: Project) -> None:
    done = built.snakemake("--config", "beyond=far")
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def test_without_it_nothing_of_it_is_built(built: Project) -> None:
    done = built.snakemake("--dry-run", "--config", "beyond=")
    assert done.returncode == 0
    assert "remedies" not in done.stdout
