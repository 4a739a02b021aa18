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


def commands_of_workflow() -> list[str]:
    steps = yaml.safe_load(text_of(LIVE))["jobs"]["quick"]["steps"]
    lines = [line.strip() for step in steps for line in step.get("run", "").splitlines()]
    return [line.removeprefix(".venv/bin/") for line in lines if line.startswith(".venv/bin/")]


@pytest.mark.parametrize("line", commands_of_workflow())
def test_a_command_of_the_live_workflow_is_one_that_we_have(line: str) -> None:
    program, *arguments = shlex.split(line)
    if program == "snakemake":
        load_settings(settings_of(arguments))
    else:
        command: Any = get_command(app)
        parse(command, arguments, None)


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
