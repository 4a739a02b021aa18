# SPDX-License-Identifier: Apache-2.0
"""A build with a second campaign beside the first, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from small_campaign import Small
from workflow_project import Project, make_project

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def built(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small campaign recorded, and its records under another name as a live one beside it."""
    project = make_project(tmp_path_factory.mktemp("compared"))
    results = project.folder / "results"
    shutil.copytree(small.packed, results / "recorded" / "small")
    shutil.copytree(small.folder, results / "live" / "mine")
    description = results / "live" / "mine" / "campaign.json"
    described = {**json.loads(description.read_text(encoding="utf-8")), "campaign": "mine"}
    description.write_text(json.dumps(described), encoding="utf-8")
    (project.folder / "config" / "config.yaml").write_text("source: recorded\ncampaign: small\n")
    done = project.snakemake("--config", "compare=mine")
    assert done.returncode == 0, done.stdout[-5000:]
    return project


def test_everything_is_there_and_the_first_campaigns_paths_are_as_ever(built: Project) -> None:
    results = built.folder / "results"
    wanted = ["report.pdf", "report.html", "verdicts.jsonl", "tables/trials.csv"]
    wanted += ["compare/mine/verdicts.jsonl", "compare/mine/tables/claims.parquet"]
    wanted += ["figures/comparison.svg", "notebooks/compare.ipynb"]
    wanted += [f"tables/comparison{name}.csv" for name in ("", "_times", "_environment")]
    assert [path for path in wanted if not (results / path).stat().st_size] == []
    own = pd.read_parquet(results / "tables" / "trials.parquet")
    other = pd.read_parquet(results / "compare" / "mine" / "tables" / "trials.parquet")
    assert own["trial"].tolist() == other["trial"].tolist()


def test_the_same_records_have_the_same_verdicts_and_environment(built: Project) -> None:
    tables = built.folder / "results" / "tables"
    verdicts = pd.read_parquet(tables / "comparison.parquet")
    assert set(verdicts["first"]) == {"small"} and set(verdicts["second"]) == {"mine"}
    assert "same" in set(verdicts["change"]) <= {"same", "neither"}
    environment = pd.read_parquet(tables / "comparison_environment.parquet")
    assert len(environment) > 10
    assert not environment["differs"].any()


def test_the_comparison_is_in_paper_and_html_report(built: Project) -> None:
    results = built.folder / "results"
    numbers = json.loads((results / "numbers.json").read_text(encoding="utf-8"))
    assert numbers["comparison"]["second"]["name"] == "mine"
    assert numbers["comparison"]["second"]["links"]["tables"] == "compare/mine/tables"
    report = (results / "report.html").read_text(encoding="utf-8")
    assert "comparison.svg" in report and "comparison_times.csv" in report


def test_a_second_call_has_nothing_to_do(built: Project) -> None:
    done = built.snakemake("--config", "compare=mine")
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def test_a_campaign_that_is_not_there_is_refused_with_those_that_are(built: Project) -> None:
    done = built.snakemake("--dry-run", "--config", "compare=elsewhere")
    assert done.returncode == 1
    assert "no campaign `elsewhere` to compare with" in done.stdout
    assert "there are: mine" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_damaged_second_campaign_is_refused(built: Project) -> None:
    recorded = built.folder / "results" / "recorded"
    shutil.copytree(recorded / "small", recorded / "damaged")
    with (recorded / "damaged" / "study.yaml").open("a", encoding="utf-8") as study:
        study.write("# a line more\n")
    unpacked = Path("results/unpacked/damaged/campaign.json")
    done = built.snakemake("--config", "compare=damaged", "--", str(unpacked))
    assert done.returncode == 1
    assert "study.yaml: does not match its checksum" in done.stdout
    assert not (built.folder / unpacked).exists()
