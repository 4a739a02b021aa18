# SPDX-License-Identifier: Apache-2.0
"""The steps of CONTRIBUTING suffice (issue 15.8): they are done here as they are written there.

A system: `test_systems.py`; a figure: `tests/pipeline/test_wiring.py`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from nsm_resilience.cli import app
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Study
from tests.builders.records import build, describe
from tests.builders.studies import make_study

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAME = "constructed"
CAMPAIGN = Path("results/unpacked", NAME)


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    return CONTRIBUTING.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def row(wanted: str) -> str:
    """What the table says is written for what one wants."""
    (found,) = re.findall(rf"^\| {wanted} \| (.*) \|$", section("Where things go"), flags=re.M)
    return str(found)


def command(*arguments: str) -> str:
    """Call `nsm-resilience` as from a shell in this folder; what it printed."""
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def describe_all() -> None:
    """The campaign's description, with what the report needs."""
    describe(CAMPAIGN)
    path = CAMPAIGN / "campaign.json"
    description = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({"created": "2026-11-23", **description}), encoding="utf-8")


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """`config/mine.yaml`: the study's copy, with the two blocks of YAML put where it is said."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```yaml\n(.*?)```", section("A new scenario in ten minutes"), flags=re.S)
    entry, run = (yaml.safe_load(dedent(block)) for block in blocks)
    study = yaml.safe_load((ROOT / "config" / "study.yaml").read_text(encoding="utf-8"))
    study["name"] = "mine"
    study["scenarios"] += entry
    study["campaign"] = run["campaign"]
    Path("config").mkdir()
    Path("config/mine.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    return load_study(Path("config/mine.yaml"))


def test_a_new_scenario_is_data_from_its_schedule_to_the_paper_and_explain(mine: Study) -> None:
    """Records of it are made up here; all between them and the paper's numbers is the program."""
    planned = command("schedule", "--study", "config/mine.yaml")
    scenario = mine.scenarios[-1].id
    cells = [cell for cell, _ in mine.cells() if cell.scenario == scenario]
    assert cells and all(f"{cell.id}/01" in planned for cell in cells)

    CAMPAIGN.mkdir(parents=True)
    shutil.copyfile("config/mine.yaml", CAMPAIGN / "study.yaml")
    build(CAMPAIGN, "S1", study=mine)
    build(CAMPAIGN, scenario, study=mine, down=[(1.0, 3.0)])
    build(CAMPAIGN, scenario, study=mine, number=2, down=[(1.0, 500.0)], answered_s=None)
    describe_all()
    for step in ("judge", "tables", "contrasts", "numbers"):
        command(step, str(CAMPAIGN))
    own = pd.read_parquet("results/tables/trials.parquet")
    own = own[own["scenario"] == scenario]
    assert list(own["verdict"]) == ["supported", "unsupported"]
    scenarios = pd.read_parquet("results/tables/scenarios.parquet").set_index("scenario")
    assert scenarios.loc[scenario, "n"] == 2
    assert scenario in json.dumps(json.loads(Path("results/numbers.json").read_text("utf-8")))
    told = command("explain", scenario)
    assert f"{cells[0].id}/01" in told and "unsupported" in told


MEASURE = """
    Measure(
        "losses", "echoes lost", "", "less", False, _number("replies_lost")
    ),
"""


def test_a_new_measure_is_one_entry_and_is_in_every_contrast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a copy of the sources and a process of its own: nothing but that entry is written."""
    assert row("a new measure").startswith("an entry of `MEASURES` in `analysis/measures.py`:")
    monkeypatch.chdir(tmp_path)
    study = make_study(CAMPAIGN)
    for failure, back in (("kill", 2.0), ("delete", 4.0)):
        for number in (1, 2):
            factors = {"failure": failure}
            build(CAMPAIGN, study=study, number=number, factors=factors, down=[(1.0, back)])
    describe_all()
    for step in ("judge", "tables"):
        command(step, str(CAMPAIGN))

    copy = tmp_path / "copy" / "nsm_resilience"
    source = ROOT / "src" / "nsm_resilience"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    file = copy / "analysis" / "measures.py"
    before, opening, after = file.read_text("utf-8").partition(
        "\nMEASURES: tuple[Measure, ...] = ("
    )
    file.write_text(before + opening + MEASURE + after, encoding="utf-8")
    for step in ("contrasts", "numbers"):
        subprocess.run(
            [sys.executable, "-c", "from nsm_resilience import cli; cli.app()", step, CAMPAIGN],
            env={**os.environ, "PYTHONPATH": str(copy.parent)}, check=True,
        )  # fmt: skip
    contrasts = pd.read_parquet("results/tables/contrasts.parquet")
    (contrast,) = contrasts[contrasts["measure"] == "losses"].to_dict("records")
    assert (contrast["first"], contrast["second"]) == ("kill", "delete")
    assert contrast["second_value"] > contrast["first_value"] > 0
    assert len(contrasts.groupby("measure")) > 5
