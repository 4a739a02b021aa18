# SPDX-License-Identifier: Apache-2.0
"""What those need who cite, review or run the project from outside: each agrees with the rest."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from linked_pages import LEADS_TO
from test_readme import parse, settings_of
from typer.main import get_command

from nsm_resilience import __version__
from nsm_resilience.cli import app
from nsm_resilience.testbed.config import Images
from nsm_resilience.workflow import load_settings

ROOT = Path(__file__).parents[2]
LIVE = ".github/workflows/live.yml"


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


WORKFLOWS = sorted(f".github/workflows/{p.name}" for p in ROOT.glob(".github/workflows/*.yml"))


def runs_of(workflow: str) -> list[str]:
    """Every line that a workflow runs."""
    jobs = yaml.safe_load(text_of(workflow))["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    return [line.strip() for step in steps for line in step.get("run", "").splitlines()]


def runs_of_the_container() -> list[str]:
    """What the Dockerfile runs, starts, and says how to start."""
    lines = text_of("Dockerfile").splitlines()
    started = [" ".join(json.loads(line[4:])) for line in lines if line.startswith("CMD ")]
    told = [line for line in lines if line.startswith("#   docker run --rm")]
    ran = [part for line in lines if line.startswith("RUN ") for part in line[4:].split(" && ")]
    return [*ran, *started, *(line.split("nsm-resilience ", 1)[1] for line in told)]


def check_command(line: str) -> None:
    """A command of this project is one that it has, with options that it takes."""
    program, *arguments = shlex.split(line)
    if program == ".venv/bin/snakemake":
        load_settings(settings_of(arguments))
    elif program == ".venv/bin/nsm-resilience":
        command: Any = get_command(app)
        parse(command, arguments, None)
    elif program in ("python3", "bash"):
        script = text_of(arguments[0])
        for option in arguments[1:]:
            assert f'"{option}"' in script, line
    elif program.startswith(".venv/"):
        assert line == ".venv/bin/python -m pytest -n logical", line
        assert line.removeprefix(".venv/bin/") in text_of("Makefile")


OURS = (".venv/", "python3 ", "bash ")


@pytest.mark.parametrize(
    "line",
    [
        line
        for lines in (*map(runs_of, WORKFLOWS), runs_of_the_container())
        for line in lines
        if line.startswith(OURS)
    ],
)
def test_a_command_of_a_workflow_or_of_the_container_is_one_that_we_have(line: str) -> None:
    check_command(line)


def test_workflows_and_container_run_our_commands_and_none_is_overlooked() -> None:
    assert WORKFLOWS == [".github/workflows/ci.yml", LIVE]
    theirs = ("go install", 'echo "$(go env', "sudo ", "}", "apt-get ", "rm -rf", "git config")
    for lines in (*map(runs_of, WORKFLOWS), runs_of_the_container()):
        assert any(line.startswith(OURS) for line in lines)
        assert all(line.startswith((*OURS, *theirs)) for line in lines)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_runs_actions_of_one_commit_and_may_only_read(workflow: str) -> None:
    """A tag may be moved; version 6 and later of these run on Node.js 24, which runners have."""
    text = text_of(workflow)
    pinned = re.findall(r"uses: actions/[a-z-]+@[0-9a-f]{40} # v(\d+)\.\d+\.\d+$", text, flags=re.M)
    assert len(pinned) == text.count("uses:") >= 3
    assert all(int(major) >= 6 for major in pinned)
    found = yaml.safe_load(text)
    assert found["permissions"] == {"contents": "read"}
    for job in found["jobs"].values():
        assert "permissions" not in job and job["timeout-minutes"] <= 90


def kept_by(workflow: str) -> list[list[str]]:
    """The paths of each artifact that a workflow keeps."""
    jobs = yaml.safe_load(text_of(workflow))["jobs"].values()
    return [
        step["with"]["path"].split()
        for job in jobs
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/upload-artifact@")
    ]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_what_a_workflow_watches_and_keeps_is_there(workflow: str) -> None:
    found = yaml.safe_load(text_of(workflow))
    watched = (found[True].get("pull_request") or {}).get("paths", [])  # `on` is a boolean of YAML
    assert [path for path in watched if not (ROOT / path).is_file()] == []
    promised = {"live", "logs"}
    promised |= set(re.findall(r"^\| `([^`/]+)", text_of("docs/results.md"), flags=re.M))
    kept = [path for paths in kept_by(workflow) for path in paths]
    assert kept and {path.split("/")[1] for path in kept} <= promised


RECORDS = {".github/workflows/ci.yml": "results/unpacked", LIVE: "results/live/quick"}


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_what_a_workflow_keeps_has_what_its_links_lead_to(workflow: str) -> None:
    for kept in kept_by(workflow):
        led_to = {f"results/{name}" for name in LEADS_TO} | {RECORDS[workflow]}
        assert sorted(led_to - set(kept)) == []


def test_the_container_installs_little_leaves_nothing_and_names_its_base() -> None:
    """What hadolint asks for: rules DL3000, DL3007, DL3009, DL3014, DL3015, DL3020, DL3025."""
    text = text_of("Dockerfile")
    (base,) = re.findall(r"^FROM (\S+)$", text, flags=re.M)
    assert re.search(r":[\d.]+-slim$", base)
    (installs,) = [line for line in text.splitlines() if "apt-get install" in line]
    assert "apt-get install -y --no-install-recommends" in installs
    assert installs.startswith("RUN apt-get update && ")
    assert installs.endswith(" && rm -rf /var/lib/apt/lists/*")
    assert re.findall(r"^WORKDIR (\S)", text, flags=re.M) == ["/"]
    assert "ADD " not in text and re.search(r"^CMD \[", text, flags=re.M)
    ignored = text_of(".dockerignore").splitlines()
    assert "results/*" in ignored and "!results/recorded" in ignored and ".git" not in ignored


def test_the_live_workflow_takes_the_kind_that_the_readme_names() -> None:
    (version,) = re.findall(r"sigs\.k8s\.io/kind@(v[\d.]+)", text_of(LIVE))
    assert f"{version} on the PATH" in text_of("README.md")
    assert f"published for kind {version}" in text_of("config/testbed-kind-default.yaml")


def test_the_container_for_reviewers_begins_with_an_image_that_the_project_names() -> None:
    (base,) = re.findall(r"^FROM (\S+)$", text_of("Dockerfile"), flags=re.M)
    assert base == Images.model_fields["agent"].default


def test_who_cites_gets_one_version_one_title_and_one_licence() -> None:
    citation = yaml.safe_load(text_of("CITATION.cff"))
    deposit = json.loads(text_of(".zenodo.json"))
    assert citation["version"] == __version__
    assert f"## {__version__} ({citation['date-released']})" in text_of("CHANGELOG.md")
    for ours, theirs in (
        ("title", "title"), ("abstract", "description"), ("license", "license"),
        ("keywords", "keywords"), ("type", "upload_type"), ("authors", "creators"),
    ):  # fmt: skip
        assert citation[ours] == deposit[theirs], ours
    (study,) = citation["references"]
    assert [it["identifier"] for it in deposit["related_identifiers"]] == [study["doi"]]


def test_a_trial_that_the_changes_name_was_recorded() -> None:
    campaigns = {
        path.parent.name: path.read_text(encoding="utf-8")
        for path in (ROOT / "results" / "recorded").glob("*/campaign.json")
    }
    named, changes = 0, text_of("CHANGELOG.md")
    for line in changes.replace("\n  ", " ").splitlines():
        for part in re.split(r"(?=`(?:nine|[a-z]+-\d{4}-\d\d)`)", line):
            campaign = re.match(r"`(nine|[a-z]+-\d{4}-\d\d)`", part)
            for trial in re.findall(r"`([A-Z]\d-[a-z0-9.-]+/\d\d)`", part):
                assert campaign is not None, line
                if f"campaign `{campaign[1]}` is no longer in the tree" in changes:
                    continue
                assert trial in campaigns[campaign[1]], (campaign[1], trial)
                named += 1
    assert named > 10
