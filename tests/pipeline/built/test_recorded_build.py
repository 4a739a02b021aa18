# SPDX-License-Identifier: Apache-2.0
"""The whole way from a recorded campaign to the paper, in one build."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.builders.projects import Project, files_of, recorded_project
from tests.builders.small_campaign import Small

pytestmark = pytest.mark.pipeline

TABLES = (
    "trials", "scenarios", "claims", "outages", "new_clients", "disturbances", "coincidences",
    "components", "phases", "sensitivity", "campaigns", "rule_changes", "contrasts",
    "environments",
)  # fmt: skip
NOTEBOOKS = (
    "result-table", "outages", "consequences", "contrasts", "timelines", "testbed", "gallery",
    "explore",
)  # fmt: skip

COMPARED = ("results/ro-crate-metadata.json", "results/site", "results/start.rst",
            "results/settings.json")  # fmt: skip
"""These need all the rest, but for the HTML report, whose bytes are not compared."""


def test_a_bare_snakemake_makes_everything_that_is_promised(built: Project) -> None:
    results = built.folder / "results"
    wanted = ["report.pdf", "report.html", "verdicts/small.jsonl", "numbers.json"]
    wanted += ["ro-crate-metadata.json", "source/Snakefile", "source/notebooks/outages.py"]
    wanted += ["site/index.html"]
    wanted += [f"tables/{name}.{kind}" for name in TABLES for kind in ("csv", "parquet")]
    wanted += [f"notebooks/{name}.ipynb" for name in NOTEBOOKS]
    wanted += [f"figures/{name}.svg" for name in (*NOTEBOOKS, "survival")]
    assert [path for path in wanted if not (results / path).stat().st_size] == []
    assert (results / "report.pdf").read_bytes().startswith(b"%PDF-")


def test_every_attempt_is_in_the_tables_and_every_scenario_has_its_row(built: Project) -> None:
    tables = built.folder / "results" / "tables"
    trials = pd.read_parquet(tables / "trials.parquet")
    description = json.loads(
        (built.folder / "results/unpacked/small/campaign.json").read_text(encoding="utf-8")
    )
    listed = {(r["trial"], r["attempt"]) for r in description["records"]}
    assert set(zip(trials["trial"], trials["attempt"], strict=True)) == listed
    assert set(trials["trial"]) == set(built.trials)
    scenarios = pd.read_parquet(tables / "scenarios.parquet")
    assert {f"S{n}" for n in range(1, 10)} <= set(scenarios["scenario"])
    untested = scenarios[scenarios["n"] == 0]
    assert (untested["verdict"] == "not tested").all()
    assert untested["wilson_low"].isna().all()


def test_evidence_of_every_verdict_is_in_the_record_it_names(built: Project) -> None:
    campaign = built.folder / "results" / "unpacked" / "small"
    lines = (built.folder / "results/verdicts/small.jsonl").read_text(encoding="utf-8").splitlines()
    judged = [json.loads(line) for line in lines]
    checked = 0
    for verdict in judged:
        if verdict["outcome"] == "complete":
            assert verdict["evidence"], verdict["trial"]
        for evidence in verdict["evidence"]:
            path = campaign / verdict["record"] / evidence["file"]
            assert path.is_file(), path
            if evidence["line"] is not None:
                assert 1 <= evidence["line"] <= len(path.read_bytes().splitlines())
            elif evidence["first_seq"] is not None:
                rows = pd.read_parquet(path)
                assert 0 <= evidence["first_seq"] <= evidence["last_seq"]
                assert evidence["last_seq"] <= (rows["seq"].max() if "seq" in rows else len(rows))
            checked += 1
    assert checked > 0


def test_the_html_report_opens_with_the_result_table(built: Project) -> None:
    page = (built.folder / "results" / "start.rst").read_text(encoding="utf-8")
    report = (built.folder / "results" / "report.html").read_text(encoding="utf-8")
    assert "Scenarios of campaign small" in page
    assert "<caption>Scenarios of campaign small</caption>" in report
    assert "system-message" not in report
    for category in ("Figures", "Tables"):
        assert category in report
    assert '{"rule": "judge", "runtime": ' in report  # how long each rule ran
    leads_to = set(re.findall(r'href=\\?"([^"\\]+)', report))
    for beside in ("report.pdf", "site/index.html", "site/index.html#tables"):
        assert beside in leads_to
        assert (built.folder / "results" / beside.partition("#")[0]).exists()
    assert len(report) < 5_000_000


def test_the_site_has_a_page_for_every_attempt_table_and_notebook(built: Project) -> None:
    results = built.folder / "results"
    site = results / "site"
    trials = pd.read_parquet(results / "tables" / "trials.parquet")
    for folder, count in (
        ("campaigns/small/trials", len(trials)),
        ("campaigns/small/cells", len(pd.read_parquet(results / "tables" / "scenarios.parquet"))),
        ("tables", len(list((results / "tables").glob("*.csv")))),
        ("notebooks", len(list((results / "notebooks").glob("*.ipynb")))),
    ):
        assert len(list((site / folder).rglob("*.html"))) == count > 0, folder


def test_a_second_call_has_nothing_to_do(built: Project) -> None:
    done = built.snakemake()
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def test_whatever_the_paper_reads_has_a_rule(built: Project) -> None:
    done = built.snakemake("--list-untracked")
    untracked = [line.strip() for line in done.stdout.splitlines()]
    made = [p for p in untracked if p.startswith(("results/tables", "results/figures"))]
    assert made == []


def begin_and_kill(project: Project) -> None:
    """While a build runs another one is refused; killed, it leaves no lock."""
    lock = project.folder / ".snakemake" / "build.lock"
    first = subprocess.Popen(
        project.command(*COMPARED), cwd=project.folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not (lock.exists() and lock.read_text()):
            assert first.poll() is None
            time.sleep(0.05)
        os.kill(first.pid, signal.SIGSTOP)
        second = project.snakemake(*COMPARED)
        assert second.returncode == 1
        assert f"are being built by process {first.pid}" in second.stdout
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.wait()


def test_a_killed_build_is_gone_on_with_and_in_another_folder_gives_the_same_bytes(
    built: Project, small: Small, tmp_path: Path
) -> None:
    """All but logs, and the HTML report, which shows how long each rule ran."""
    again = recorded_project(small, tmp_path / "elsewhere" / "another name")
    begin_and_kill(again)
    done = again.snakemake(*COMPARED)
    assert done.returncode == 0, done.stdout[-5000:]
    first, second = files_of(built), files_of(again)
    assert set(first) == set(second)
    wanted = ("report.pdf", "supplement.pdf", "ro-crate-metadata.json", "numbers.json")
    for name in (*wanted, "figures/timelines.svg"):
        assert name in first
    assert [name for name, digest in first.items() if second[name] != digest] == []
