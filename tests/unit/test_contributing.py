# SPDX-License-Identifier: Apache-2.0
"""The steps of CONTRIBUTING suffice (issue 15.8): they are done here as they are written there.

A fault and a probe: `test_contributing_live.py`; a system: `test_systems.py`; a figure:
`tests/pipeline/built/test_added_figure.py`.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from textwrap import dedent

import pandas as pd
import pytest
import yaml

from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Study
from tests.builders.contributing import (
    CAMPAIGN,
    NAME,
    check_row,
    command,
    describe_all,
    section,
)
from tests.builders.records import build, note
from tests.builders.sources import ROOT, Sources
from tests.builders.studies import make_study, study_text


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


def test_every_place_that_the_table_names_is_there() -> None:
    folders = (ROOT, ROOT / "src" / "nsm_resilience")
    paths = re.findall(r"`([\w./-]+(?:/|\.(?:py|smk|typ|yaml|md)))`", section("Where things go"))
    assert len(paths) > 30
    for path in paths:
        inside = [*folders, *(folder for folder in folders[1].rglob("*") if folder.is_dir())]
        assert any((folder / path).exists() for folder in inside), path


MEASURE = """
    Measure(
        "losses", "echoes lost", "", "less", False, _number("replies_lost")
    ),
"""


def test_a_new_measure_and_a_new_contrast_are_compared_printed_and_in_the_paper(
    sources: Sources,
) -> None:
    """In a copy of the sources and a process of its own: no more is written than the table says."""
    study = make_study(CAMPAIGN)
    for number in range(1, 9):
        attempt = 1 if number <= 4 else 2
        down = [(1.0, 2.0 if attempt == 1 else 500.0)]
        build(CAMPAIGN, study=study, number=number, attempt=attempt, down=down)
    describe_all()
    for step in ("judge", "tables"):
        command(step, str(CAMPAIGN))
    sources.insert("analysis/measures.py", "\nMEASURES: tuple[Measure, ...] = (", MEASURE)
    check_row("a new measure", sources)
    sources.touched.clear()
    sources.insert(
        "tables/contrasts.py", 'PROPERTIES: dict[str, str] = {\n',
        '    "attempt": "how often it was tried",\n',
    )  # fmt: skip
    check_row("a new contrast", sources)
    told = sources.commands(*((step, CAMPAIGN) for step in ("contrasts", "numbers", "compare")))
    assert "how often it was tried: second less first" in told
    contrasts = pd.read_parquet("results/tables/contrasts.parquet")
    supported = contrasts[contrasts["measure"] == "supported"].to_dict("records")
    assert [(row["differs_in"], row["first"], row["second"], row["word"]) for row in supported] == [
        ("attempt", "1", "2", "worse")
    ]
    (losses,) = contrasts[contrasts["measure"] == "losses"].to_dict("records")
    assert losses["second_value"] > losses["first_value"] > 0
    numbers = json.loads(Path("results/numbers.json").read_text("utf-8"))
    assert [kind["name"] for kind in numbers["contrasts"]["kinds"]] == ["how often it was tried"]
    assert numbers["figures"]["contrasts"]["drawn"]
    assert len(numbers["figures"]["contrasts"]["trials"]) == 8


COLUMN_MEASURE = """
    Measure("restarts", "containers restarted", "", "less", False, _number("restarts")),
"""
TABLE = """
LOSSES = Table(
    "losses",
    "Echoes that each attempt lost.",
    (*OF_ATTEMPT, count("lost", "echoes not answered")),
    ("campaign", "trial", "attempt"),
)
"""
ROWS = """

def loss_rows(judgement: Judgement) -> Iterator[Row]:
    yield {**head_of(judgement), "lost": judgement.measures.replies_lost}
"""


def test_a_new_column_and_a_new_table_are_judged_compared_and_on_the_site(
    sources: Sources,
) -> None:
    """A column from the record to a measure; a table without rows is said at once."""
    add_a_column(sources)
    sources.insert("analysis/measures.py", "\nMEASURES: tuple[Measure, ...] = (", COLUMN_MEASURE)
    sources.touched.clear()
    schemas = "tables/schemas.py"
    sources.insert(schemas, '\n_TOO_FEW = "fewer than 6 judged trials cannot give 95 %"\n', TABLE)
    sources.insert(schemas, "TABLES: tuple[Table, ...] = (\n", "    LOSSES,\n")
    campaign = [{"scenarios": ["S2"], "client": ["monitored", "plain"], "trials": 4}]
    study = make_study(CAMPAIGN, study_text(campaign))
    counts = {"count_before": 0, "count_after": 1}
    restart = note("restart", source="kubernetes", node="client", target="nsmd", data=counts)
    for number in range(1, 5):
        for client, acts in (("monitored", []), ("plain", [(1.5, restart)])):
            build(CAMPAIGN, study=study, number=number, factors={"client": client},
                  down=[(1.0, 2.0)], acts=acts)  # fmt: skip
    describe_all()
    sources.command("judge", CAMPAIGN)
    assert "names `losses`, and nothing makes rows; write them into BY_ATTEMPT" in sources.command(
        "tables", CAMPAIGN, check=False
    )
    sources.insert("tables/rows.py", 'phase_rows = _rows_of("phases")\n', ROWS)
    build_py = "tables/build.py"
    sources.insert(build_py, "    CLAIMS,\n", "    LOSSES,\n")
    sources.insert(build_py, "    component_rows,\n", "    loss_rows,\n")
    sources.insert(build_py, "    (PHASES, phase_rows),\n", "    (LOSSES, loss_rows),\n")
    check_row("another table", sources)

    sources.steps(CAMPAIGN, "tables", "contrasts", "numbers", "site")
    trials = pd.read_parquet("results/tables/trials.parquet")
    assert Counter(zip(trials["client"], trials["restarts"], strict=True)) == {
        ("monitored", 0): 4, ("plain", 1): 4,
    }  # fmt: skip
    contrasts = pd.read_parquet("results/tables/contrasts.parquet").set_index("measure")
    assert contrasts.loc["restarts", ["differs_in", "difference"]].tolist() == ["client", 1.0]
    lost = pd.read_parquet("results/tables/losses.parquet")
    assert list(lost["lost"]) == list(trials["replies_lost"])
    assert "losses" in json.loads(Path("results/numbers.json").read_text("utf-8"))["tables"]
    site = Path("results/site")
    assert "Echoes that each attempt lost." in (site / "tables/losses.html").read_text("utf-8")
    pages = list((site / "campaigns" / NAME / "trials").rglob("*.html"))
    assert len(pages) == len(trials)
    assert all("containers that were restarted" in page.read_text("utf-8") for page in pages)


def add_a_column(sources: Sources) -> None:
    sources.insert("judge/judgement.py", "    late_sends: int = 0\n", "    restarts: int = 0\n")
    sources.insert("judge/trial.py", "        late_sends=path.late,\n",
                   '        restarts=len(record.all_of("restart")),\n')  # fmt: skip
    last = '"echoes sent more than half an interval late", _NOT_MEASURED),\n'
    column = '        count("restarts", "containers that were restarted"),\n'
    sources.insert("tables/trials.py", last, column)
    check_row("a new column of table `trials`", sources)


def add_a_level(sources: Sources) -> None:
    sources.insert("study/cells.py", 'Outage = Literal["first", "second"', ', "third"')
    sources.insert(
        "study/factors.py",
        '                "the path is broken again after it has healed from a first fault", '
        '"second outage"\n            ),\n',
        '            "third": LevelWords("and once more", "third outage"),\n',
    )
    check_row("a new level of a factor", sources)
    sources.touched.clear()


def test_a_new_level_and_a_new_factor_are_known_from_the_study_to_the_site(
    sources: Sources,
) -> None:
    """Each is in as many files as it says; all between its word and the pages is the program.

    What is said of cells at the usual levels is said of none at theirs.
    """
    add_a_level(sources)
    add_a_factor(sources)
    study = yaml.safe_load((ROOT / "config" / "study.yaml").read_text(encoding="utf-8"))
    study["name"] = NAME
    new = {"outage": ["first", "third"], "load": ["idle", "busy"]}
    study["campaign"] = [
        {"scenarios": "S2", **new, "trials": 2},
        {"scenarios": ["S1", "S9"], "load": new["load"], "trials": 2},
    ]
    CAMPAIGN.mkdir(parents=True)
    (CAMPAIGN / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    told = sources.commands(
        ("schedule", "--study", CAMPAIGN / "study.yaml"),
        *((step, CAMPAIGN) for step in ("judge", "tables", "contrasts", "numbers", "site")),
        ("compare", "--all", CAMPAIGN),
        first=RECORDS,
    )
    for planned in ("-third/02", "-busy/02", "-third-busy/02"):
        assert f"S2-kernel-monitored-kill{planned}" in told
    assert "third outage" in told and "on a busy machine" in told
    trials = pd.read_parquet("results/tables/trials.parquet")
    trials = trials[trials["scenario"] == "S2"]
    for factor, (usual, other) in new.items():
        assert Counter(trials[factor]) == {usual: 4, other: 4}
    contrasts = pd.read_parquet("results/tables/contrasts.parquet")
    sides = contrasts[["differs_in", "first", "second"]].drop_duplicates()
    assert sorted(sides.to_numpy().tolist()) == sorted([name, *both] for name, both in new.items())
    controls = pd.read_parquet("results/tables/controls.parquet")
    assert sorted(zip(controls["load"], controls["attempts"], strict=True)) == [
        ("busy", 2), ("idle", 2),
    ]  # fmt: skip
    claims = pd.read_parquet("results/tables/claims.parquet").set_index(["claim", "plane"])
    assert claims.loc[("C2", "kernel"), "scenarios"] == "S9-kernel-monitored-kill"
    page = Path("results/site/campaigns", NAME, "index.html").read_text("utf-8")
    assert '<select name="load">' in page and page.count(' data-load="busy"') == 8
    numbers = json.loads(Path("results/numbers.json").read_text("utf-8"))
    assert numbers["findings"]["asked"] == "first outage, no remedy, idle machine"
    for name in ("index.html", "words.html"):
        words = " ".join(Path("results/site", name).read_text("utf-8").split())
        assert "and once more" in words and "other programs run beside" in words


RECORDS = """
from nsm_resilience.study.load import load_study
from tests.builders.contributing import CAMPAIGN, describe_all
from tests.builders.records import build
study = load_study(CAMPAIGN / "study.yaml")
for place, (cell, trials) in enumerate(study.cells()):
    given = dict(study=study, factors=cell.factors.levels())
    if cell.scenario != "S1":
        given["down"] = [(1.0, 2.0 + place % 4)]
    for number in range(1, trials + 1):
        build(CAMPAIGN, cell.scenario, number=number, **given)
describe_all()
"""


def add_a_factor(sources: Sources) -> None:
    cells = "study/cells.py"
    sources.insert(cells, "    kinds_of,\n)\n", 'Load = Literal["idle", "busy"]\n')
    sources.insert(cells, '    remedy: Remedy = "none"\n', '    load: Load = "idle"\n')
    sources.insert(cells, '    remedy: tuple[Remedy, ...] = ("none",)\n',
                   '    load: tuple[Load, ...] = ("idle",)\n')  # fmt: skip
    sources.insert(cells, '    ADDED_LATER = frozenset({"watch", "system"', ', "load"')
    sources.insert("study/factors.py", FACTOR_BEFORE, FACTOR)
    sources.insert("judge/judgement.py", "    system: str = FIRST\n", '    load: str = "idle"\n')
    check_row("a new factor", sources)


FACTOR_BEFORE = """                "watchdog heals",
            ),
        },
    ),
"""
FACTOR = """    "load": FactorWords(
        "load of the machine",
        {
            "idle": LevelWords("nothing else runs", "idle machine"),
            "busy": LevelWords("other programs run beside", "on a busy machine"),
        },
    ),
"""
