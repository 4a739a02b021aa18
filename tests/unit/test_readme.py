# SPDX-License-Identifier: Apache-2.0
"""The commands that README, CONTRIBUTING and the profiles tell people to type."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from typer.main import get_command

from nsm_resilience.cli import app
from nsm_resilience.study.load import load_recorded_study, load_study
from nsm_resilience.workflow import load_settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/results.md",
    "docs/live.md",
    "docs/safety.md",
)


WRITTEN = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "config/*.md", "results/recorded/*/*.md")
    for path in ROOT.glob(pattern)
)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def typed(program: str) -> list[str]:
    """Every line with this program in a block or between backticks, continued lines joined."""
    found = []
    for name in DOCUMENTS:
        text = text_of(name)
        blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.S)
        lines = [line.strip() for block in blocks for line in block.splitlines()]
        lines += re.findall(rf"`({program} [^`]*)`", re.sub(r"```.*?```", "", text, flags=re.S))
        for line in lines:
            command = re.sub(r"\s+", " ", line).removeprefix(".venv/bin/")
            if command.split(" ")[0] == program:
                found.append(command)
    return sorted(set(found))


def parse(command: click.Command, arguments: list[str], context: click.Context | None) -> None:
    """Parse as the program would, and run nothing."""
    own = command.make_context(command.name or "", list(arguments), parent=context)
    if isinstance(command, click.Group):
        name, sub, rest = command.resolve_command(own, [*own._protected_args, *own.args])
        assert sub is not None, name
        parse(sub, rest, own)


@pytest.mark.parametrize("line", typed("nsm-resilience"))
def test_a_command_in_the_documents_is_one_that_we_have(line: str) -> None:
    command: Any = get_command(app)
    parse(command, shlex.split(line)[1:], None)


def settings_of(arguments: list[str]) -> dict[str, Any]:
    """What a call of snakemake in the documents would configure."""
    files = [ROOT / "config" / "config.yaml"]
    given: list[str] = []
    if "--profile" in arguments:
        profile = ROOT / arguments[arguments.index("--profile") + 1] / "profile.yaml"
        files += [ROOT / f for f in yaml.safe_load(profile.read_text("utf-8"))["configfile"]]
    if "--config" in arguments:
        given = arguments[arguments.index("--config") + 1 :]
    config: dict[str, Any] = {}
    for file in files:
        config.update(yaml.safe_load(file.read_text(encoding="utf-8")))
    return {**config, **dict(pair.split("=", 1) for pair in given)}


@pytest.mark.parametrize("line", typed("snakemake"))
def test_a_call_of_snakemake_in_the_documents_is_configured_validly(line: str) -> None:
    load_settings(settings_of(shlex.split(line)))


STAND_INS = {"mine", "mine-beyond", "vpp", "quick", "home", "lab", "lanes", "a", "b", "007"}
"""Names of campaigns that a reader is yet to run."""

NAMING = (*WRITTEN, "config/config.yaml")
"""Where campaigns to build from are named, in prose too."""


@pytest.mark.parametrize("document", NAMING)
def test_every_campaign_that_a_document_builds_from_is_recorded_or_stands_in(document: str) -> None:
    named = re.findall(r"\bcampaigns=([\w.,-]*[\w-])", text_of(document))
    names = {name for group in named for name in group.split(",")}
    recorded = {path.parent.name for path in ROOT.glob("results/recorded/*/campaign.json")}
    assert sorted(names - recorded - STAND_INS) == []


def test_what_is_measured_anew_is_on_the_plane_of_what_make_shows() -> None:
    """The table from claim to command: `make live` is the kernel plane."""
    config = yaml.safe_load(text_of("config/config.yaml"))
    own = ROOT / "results" / "recorded" / config["campaigns"][0] / "study.yaml"
    section = text_of("docs/results.md").partition("## From claim to command\n")[2]
    (line,) = [row for row in section.splitlines() if "measured anew" in row]
    (command,) = re.findall(r"`(snakemake [^`]+)`", line)
    study = settings_of(shlex.split(command))["study"]
    (anew,) = load_study(ROOT / study).planes.values()
    (shown,) = load_recorded_study(own).planes.values()
    assert anew == ("vpp",) == shown[:1]


def test_every_target_of_make_in_the_documents_exists() -> None:
    makefile = text_of("Makefile")
    wanted = {line.split()[1] for line in typed("make") if len(line.split()) > 1}
    wanted |= set(re.findall(r"`make (\w+)`", text_of("README.md")))
    assert {"test", "live"} <= wanted
    for target in wanted:
        assert re.search(rf"^{target}:", makefile, flags=re.M), target


def test_the_spelled_out_commands_do_what_make_does() -> None:
    readme = text_of("README.md")
    for line in (
        "python3 -m venv .venv",
        '.venv/bin/python -m pip install -c constraints.txt -e ".[dev]"',
        ".venv/bin/snakemake",
        ".venv/bin/python -m pytest -n logical",
    ):
        assert f"\n{line}\n" in readme
    makefile = text_of("Makefile")
    assert "$(BIN)/snakemake $(QUIET)\n" in makefile
    assert "$(BIN)/python -m pytest -n logical\n" in makefile


def anchors_of(text: str) -> set[str]:
    """The anchors that a host of repositories gives to the headings of a document."""
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    headings = re.findall(r"^#+ (.+)$", prose, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("document", WRITTEN)
def test_every_link_of_a_document_leads_to_a_file_and_to_a_heading_of_it(document: str) -> None:
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(document)):
        if "://" in link or link.startswith("mailto:"):
            continue
        file, _, anchor = link.partition("#")
        target = (ROOT / document).parent / file if file else ROOT / document
        if not target.exists() or (anchor and anchor not in anchors_of(target.read_text("utf-8"))):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    text = text_of(document)
    paths = re.findall(r"`((?:config|profiles|tools|workflow|paper|notebooks)/[\w./-]+)`", text)
    own = {"config/mine.yaml"}
    assert [path for path in set(paths) - own if not (ROOT / path).exists()] == []


def test_the_documented_results_are_what_the_workflow_makes() -> None:
    table = text_of("docs/results.md").split("## What comes out", 1)[1].split("##", 1)[0]
    named = set(re.findall(r"^\| `([^`]+)` \|", table, flags=re.M))
    rules = "".join(p.read_text("utf-8") for p in (ROOT / "workflow" / "rules").glob("*.smk"))
    for name in named - {"unpacked/"}:
        assert f"results/{name}" in rules, name


def test_git_ignores_what_the_workflow_makes_and_keeps_recorded_campaigns() -> None:
    def ignored(path: str) -> bool:
        done = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False)
        if done.returncode > 1:
            pytest.skip("not a git checkout")
        return done.returncode == 0

    assert ignored("results/report.pdf")
    assert ignored("results/live/local/campaign.json")
    assert ignored(".snakemake/log")
    assert not ignored("results/recorded/kernel/S1.tar.xz")
    assert not ignored("results/recorded/kernel/campaign.json")


def test_the_table_of_harms_has_a_line_for_each_that_the_test_on_a_cluster_does() -> None:
    import harms

    section = text_of("docs/live.md").partition("## What survives what\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]
    told = {row[0].upper() + row[1:] for row in rows[2:]}
    assert told == {str(harm.__doc__).splitlines()[0].rstrip(".") for harm in harms.ALL}
