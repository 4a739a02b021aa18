# SPDX-License-Identifier: Apache-2.0
"""What the provenance file is made of: the workflow's rules, the records' own words, its bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nsm_resilience.provenance.crate.attempts import last_time, read_runs, version_of
from nsm_resilience.provenance.crate.graph import ROOT, Graph, ref
from nsm_resilience.provenance.crate.happened import add_trials, moment
from nsm_resilience.provenance.crate.steps import (
    Step,
    Workflow,
    WorkflowError,
    crate_path,
    describe_steps,
    parse_workflow,
)
from nsm_resilience.record.snapshots import parse_image
from tests.builders.records import build, describe
from tests.builders.studies import make_study

RECORDS = "results/unpacked/x/records/"
OWN = [RECORDS]

JUDGE = Step("judge", "Judge.", "workflow/rules/judge.smk", "nsm-resilience judge x",
             inputs={"description": ["results/unpacked/x/campaign.json"]},
             outputs={"verdicts": ["results/verdicts/x.jsonl"]})  # fmt: skip
TABLES = Step("tables", "Tables.", "workflow/rules/judge.smk", "nsm-resilience tables",
              inputs={"verdicts": ["results/verdicts/x.jsonl"]},
              outputs={"csv": ["results/tables/trials.csv"]})  # fmt: skip
WORKFLOW = Workflow("Snakefile", {"campaigns": "x"}, ["config/config.yaml"], "env.yaml",
                    [TABLES, JUDGE])  # fmt: skip


def test_a_step_comes_after_those_whose_files_it_reads() -> None:
    positions = parse_workflow(WORKFLOW.to_json(), OWN).positions()
    assert positions["trial"] < positions["judge"] < positions["tables"]


def test_the_trial_is_a_step_also_where_a_recorded_campaign_is_built() -> None:
    workflow = parse_workflow(WORKFLOW.to_json(), OWN)
    trial = workflow.steps[0]
    assert (trial.name, trial.tool) == ("trial", "nsm-resilience trial")
    assert workflow.makers()[RECORDS] is trial
    unpack = Step("unpack", "", "r.smk", "x", outputs={"records": [RECORDS]})
    recorded = parse_workflow(replace(WORKFLOW, steps=[unpack]).to_json(), OWN)
    assert recorded.makers()[RECORDS].name == "unpack"


def test_a_live_trial_is_the_rule_that_ran_it() -> None:
    own = Step("trial", "Run it.", "workflow/rules/live.smk", "exec nsm-resilience trial --x",
               inputs={"marker": ["results/live/x/cluster.json"]})  # fmt: skip
    steps = parse_workflow(replace(WORKFLOW, steps=[own, JUDGE]).to_json(), OWN).steps
    assert [step.name for step in steps] == ["trial", "judge"]
    assert (steps[0].title, steps[0].tool) == ("Run it.", "nsm-resilience trial")
    assert not steps[0].inputs


def test_something_else_than_a_workflow_is_an_error_that_says_who_gives_it() -> None:
    for text in ("", "[]", "{}", '{"steps": [{"nonsense": 1}]}'):
        with pytest.raises(WorkflowError, match="the rule `crate` gives it"):
            parse_workflow(text, OWN)


class Flagged(str):
    """As Snakemake marks an output that is a folder."""

    is_directory = True


def test_rules_are_described_by_what_snakemake_knows_of_them(tmp_path: Path) -> None:
    rule: Any = SimpleNamespace(
        name="unpack",
        docstring="Unpack it.",
        snakefile=str(tmp_path / "workflow" / "a.smk"),
        shellcmd="nsm-resilience archive unpack {input}",
        params={"code": "abc"},
        input={
            "one": "a.csv",
            "many": ["b.csv", "c.csv"],
            "wild": "{cell}.csv",
            "named": lambda wildcards: f"{wildcards.campaign}/d.csv",
            "late": lambda wildcards: f"{wildcards.cell}.csv",
            "receipts": ["results/live/x/receipts/1.json"],
        },
        output={"folder": Flagged("results/records")},
    )
    group = SimpleNamespace(name="all", shellcmd=None)
    (step,) = describe_steps([rule, group], tmp_path, "results/live/x/receipts", ["x", "y"])
    assert step.tool == "nsm-resilience archive unpack"
    assert (step.file, step.code) == ("workflow/a.smk", "abc")
    assert step.inputs == {
        "one": ["a.csv"],
        "many": ["b.csv", "c.csv"],
        "named": ["x/d.csv", "y/d.csv"],
    }
    assert step.outputs == {"folder": ["results/records/"]}


def test_sources_have_a_place_of_their_own_in_the_crate() -> None:
    assert crate_path("results/tables/trials.csv") == "tables/trials.csv"
    assert crate_path("notebooks/outages.py") == "source/notebooks/outages.py"


def test_what_a_record_says_of_its_run_is_read_and_what_it_lacks_is_empty(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    build(tmp_path, "S2", study=study)
    describe(tmp_path)
    about = json.loads((tmp_path / "campaign.json").read_text(encoding="utf-8"))
    gone = {"trial": "S1-x/01", "attempt": 1, "path": "records/S1-x/01/1", "outcome": "cut",
            "reason": "the runner was killed", "started": None}  # fmt: skip
    about["records"].append(gone)
    runs = {run.trial.split("-")[0]: run for run in read_runs(tmp_path, about)}
    assert runs["S2"].outcome == "complete"
    assert runs["S2"].ended > ""
    lost = runs["S1"]
    assert (lost.outcome, lost.reason) == ("cut", "the runner was killed")
    assert (lost.started, lost.ended, lost.version, lost.command, lost.images) == ("",) * 4 + ((),)


def test_the_end_of_a_cut_record_is_its_last_whole_line(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text('{"wall": "2026-01-01T00:00:00Z"}\n{"wall": "2026-01-01T00:00:09Z"}\n{"wa')
    assert last_time(events) == "2026-01-01T00:00:09Z"
    assert last_time(tmp_path / "none") == ""


@pytest.mark.parametrize(
    ("software", "expected"),
    [
        ({}, ""),
        ({"nsm_resilience": "0.1.0"}, "0.1.0"),
        ({"nsm_resilience": "0.1.0", "git_commit": "a" * 40}, "0.1.0+gaaaaaaaaaaaa"),
        (
            {"nsm_resilience": "0.1.0", "git_commit": "b" * 40, "git_dirty": True},
            "0.1.0+gbbbbbbbbbbbb.dirty",
        ),
    ],
)
def test_a_version_names_the_commit_where_there_is_one(
    software: dict[str, Any], expected: str
) -> None:
    assert version_of(software) == expected


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("docker.io/mesh/nsmd:v0.2.0", ("docker.io", "mesh/nsmd", "v0.2.0")),
        ("lab/python:3.11", ("docker.io", "lab/python", "3.11")),
        ("localhost:5000/nsmd:v1", ("localhost:5000", "nsmd", "v1")),
        ("registry.example/a/b", ("registry.example", "a/b", "")),
        ("python", ("docker.io", "python", "")),
    ],
)  # fmt: skip
def test_an_images_name_is_split_as_docker_does(name: str, parts: tuple[str, str, str]) -> None:
    image = parse_image(name, "x@sha256:" + "c" * 64)
    assert (image.registry, image.name, image.tag) == parts
    assert image.sha256 == "c" * 64


def test_times_are_utc_with_milliseconds() -> None:
    assert moment("2026-11-23T16:21:25.661759Z") == "2026-11-23T16:21:25.661+00:00"
    assert moment("2026-11-23T18:21:25+02:00") == "2026-11-23T16:21:25.000+00:00"


def graph_with(order: list[str], folder: Path) -> bytes:
    graph = Graph()
    for name in order:
        graph.entity(f"#{name}", "Person", name=name, url=None, keywords="", knows=[])
    (folder / "a.csv").write_text("x\n")
    graph.file("tables/a.csv", folder / "a.csv")
    graph.extend(ROOT, name="n", datePublished="2026-01-01T00:00:00Z", author=[ref("#a")])
    return graph.to_bytes()


def test_the_bytes_depend_neither_on_the_order_nor_on_the_time(tmp_path: Path) -> None:
    first, second = (graph_with(order, tmp_path) for order in (["a", "b"], ["b", "a"]))
    assert first == second
    entities = {e["@id"]: e for e in json.loads(first)["@graph"]}
    assert list(entities)[:2] == ["ro-crate-metadata.json", "./"]
    assert entities["#a"] == {"@id": "#a", "@type": "Person", "name": "a"}
    assert entities["./"]["author"] == {"@id": "#a"}
    assert entities["tables/a.csv"]["contentSize"] == "2"


def test_a_trial_takes_little_room_and_is_told_by_its_folder(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    build(tmp_path, "S2", study=study)
    describe(tmp_path)
    about = json.loads((tmp_path / "campaign.json").read_text(encoding="utf-8"))
    (run,) = read_runs(tmp_path, about)
    graph, many = Graph(), 200
    runs = [
        replace(
            run,
            folder="results/unpacked/x/",
            trial=f"{run.cell}/{n:02}",
            record=f"records/{run.cell}/{n:02}/1",
        )
        for n in range(many)
    ]
    trial = parse_workflow(WORKFLOW.to_json(), OWN).steps[0]
    add_trials(graph, trial, runs, {r.id: "supported: " + "x" * 200 for r in runs})
    content = graph.to_bytes()
    assert len(content) / many < 2000
    entities = {e["@id"]: e for e in json.loads(content)["@graph"]}
    for own in runs:
        action = entities[own.id]
        assert action["result"] == ref(f"unpacked/x/{own.record}/")
        assert entities[action["result"]["@id"]]["description"].startswith("supported: ")
    assert content.count(b"\n") == len(entities) + 2
