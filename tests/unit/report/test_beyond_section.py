# SPDX-License-Identifier: Apache-2.0
"""A campaign with arms in the numbers and in the paper, whole and in parts; none was measured."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from built_report import PAPER, Built, set_paper
from constructed_beyond import BeyondCampaign, construct_beyond
from constructed_campaign import construct

from nsm_resilience.analysis import style
from nsm_resilience.report.beyond import write_remedies
from nsm_resilience.report.numbers import NumbersError, Second, write_numbers
from nsm_resilience.report.watchdog_rules import stated_rules


@dataclass
class Both:
    """A constructed campaign, one with arms beside it, and the numbers of the paper."""

    root: Path
    numbers: dict[str, Any]

    @property
    def beyond(self) -> dict[str, Any]:
        return dict(self.numbers["beyond"])


def both(root: Path, beyond: BeyondCampaign) -> Both:
    main = construct(root, "mixed", only=("S1", "S2"), cells_per_scenario=1, most_trials=2)
    shutil.copytree(beyond.folder.parent, root / "results" / "far")
    far = root / "results" / "far"
    write_remedies(far / "tables", far / beyond.folder.name, main.tables_dir)
    numbers = write_numbers(
        main.tables_dir, main.campaign, root / "results" / "numbers.json",
        beyond=Second(far / "tables", far / beyond.folder.name),
    )  # fmt: skip
    return Both(root, numbers)


@pytest.fixture(scope="module")
def whole(arms: BeyondCampaign, tmp_path_factory: pytest.TempPathFactory) -> Both:
    return both(tmp_path_factory.mktemp("whole"), arms)


@pytest.fixture(scope="module")
def partial(part: BeyondCampaign, tmp_path_factory: pytest.TempPathFactory) -> Both:
    return both(tmp_path_factory.mktemp("partial"), part)


def text_of_paper(built: Both) -> str:
    """Set the paper with stand-ins for figures; return its text."""
    root = built.root
    shutil.copytree(PAPER, root / "paper")
    for about in built.numbers["figures"].values():
        path = root / "results" / "figures" / f"{about['name']}.svg"
        figure = style.new_figure(style.COLUMN_MM, 30)
        style.save_figure(figure, path, title=about["title"], alt=about["alt"])
    return set_paper(root, "par", "list").replace("\u00a0", " ")


@pytest.fixture(scope="module")
def prose(whole: Both) -> str:
    return text_of_paper(whole)


def test_without_such_a_campaign_nothing_is_said_of_one(single: Built) -> None:
    assert single.numbers["beyond"] is None
    assert not {"remedies", "beyond"} & set(single.numbers["figures"])


def test_the_papers_own_numbers_are_untouched(whole: Both) -> None:
    kernel = whole.numbers["planes"][0]
    assert {row["remedy"] for row in kernel["rows"]} == {"none"}
    assert whole.numbers["counts"]["judged"] == 4


def test_the_arms_stand_beside_each_other_in_each_line(whole: Both) -> None:
    damaged = next(line for line in whole.beyond["nine"] if line["scenario"] == "S8")
    assert {arm: it["kn"] for arm, it in damaged["arms"].items()} == {
        "none": "0/2", "observe": "0/2", "heal": "2/2",
    }  # fmt: skip
    assert damaged["arms"]["observe"]["detected_by"] == (
        "watchdog: rule socket-lost on the client's node"
    )
    record = whole.root / "results" / damaged["arms"]["heal"]["record"]
    assert (record / "events.jsonl").is_file()
    assert [line["scenario"] for line in whole.beyond["beyond"]] == ["N1", "N2"]


def test_what_a_remedy_changed_is_named(whole: Both) -> None:
    observe, heal = whole.beyond["against"]
    assert (observe["better"], observe["worse"]) == ([], [])
    assert heal["better"] == ["S8", "S9 (kill)", "S9 (delete)"] and heal["worse"] == []
    assert heal["nine"] == [
        {"plane": "kernel", "name": "kernel", "both": 9, "without": 7, "with": 9, "least": 2}
    ]
    # two trials against two are no proof, whatever the interval of one cell says
    assert heal["verdicts_apart"] == []
    assert heal["detected_without"][0] < heal["detected_with"][0]


def test_harm_and_false_alarms_are_said_with_their_numbers(whole: Both) -> None:
    harm = whole.beyond["harm"]
    assert [(it["label"], it["cut"], it["none_alive"], it["none_n"]) for it in harm] == [
        ("S6", 2, 2, 2)
    ]
    observe = next(it for it in whole.beyond["controls"] if it["remedy"] == "observe")
    assert (observe["n"], observe["alarmed"]) == (2, 1)


def test_the_paper_says_what_the_data_say(prose: str) -> None:
    assert "Without it the path never stopped in 2 of 2." in prose
    assert "with 2 trials or more in each arm: 7 supported without it" in prose
    assert "In none does the share of supported trials differ beyond chance" in prose
    assert "Attempts that do not count: none beside" in prose
    assert "the verdict is better in 3 (S8, S9 (kill) and S9 (delete)) and worse in none" in prose
    assert "the watchdog found something in 1 of 2 controls" in prose
    assert "9 with a watchdog that heals" in prose
    assert "in 2 attempts of S6 a path that answered stopped after an action" in prose
    assert "socket-lost" in prose  # a rule, in the words of the record
    assert "It is not complete" not in prose


def test_a_partial_campaign_is_said_to_be_one(partial: Both) -> None:
    beyond = partial.beyond
    assert (beyond["judged"], beyond["planned"]) == (3 * 2 + 2, 2 * (3 * 10 + 2 * 2))
    untested = next(line for line in beyond["nine"] if line["scenario"] == "S2")
    assert not untested["tested"]
    text = text_of_paper(partial)
    assert "It is not complete" in text
    assert "2 of the nine were judged with and without it" in text
    assert "Declared and without a judged trial: N2." in text


@pytest.mark.parametrize("only", [("none",), ("heal",), ()])
def test_a_campaign_of_one_arm_or_of_none_can_be_set(tmp_path: Path, only: tuple[str, ...]) -> None:
    (tmp_path / "far").mkdir()
    far = construct_beyond(tmp_path / "far", n=1, run=("S1", "S8"), only=only)
    built = both(tmp_path / "paper-of-it", far)
    assert built.beyond["against"] == []
    text = text_of_paper(built)
    assert "nothing can be compared" in text or not only
    assert ("nothing is known of harm" in text) == ("heal" not in only)
    assert ("No trial of this campaign was judged." in text) == (not only)


def test_without_its_tables_the_command_is_named(arms: BeyondCampaign, tmp_path: Path) -> None:
    main = construct(tmp_path, "untested")
    with pytest.raises(NumbersError, match="run `nsm-resilience remedies` first"):
        write_numbers(
            main.tables_dir, main.campaign, tmp_path / "numbers.json",
            beyond=Second(arms.tables_dir, arms.folder),
        )  # fmt: skip


def test_rules_are_taken_from_a_record_with_a_watchdog(arms: BeyondCampaign) -> None:
    records = json.loads((arms.folder / "campaign.json").read_text("utf-8"))["records"]
    rules = stated_rules(arms.folder, records)
    assert [rule["name"] for rule in rules] == ["socket-lost", "path-dead"]
    bare = [record for record in records if record["trial"].endswith("kill/01")]
    assert stated_rules(arms.folder, bare) == []


def test_a_rules_thresholds_are_read_as_words() -> None:
    from nsm_resilience.report.watchdog_rules import rule_in_words

    silent = {"text": "silence", "tell_s": 3.0, "act": None, "act_s": 0.0, "most": 3}
    assert rule_in_words("path-dead", silent)["settings"] == "told after 3 s"
    failed = {"text": "", "tell_s": 0.0, "act": "reconnect", "act_s": 0.0, "pause_s": 10.0,
              "doubles": True, "most": 6}  # fmt: skip
    assert rule_in_words("path-failed", failed)["settings"] == (
        "told at once, reconnect when told, 10 s or more between two, doubled each time, at most 6"
    )
    assert rule_in_words("other", {"text": "", "limit_s": 2.0})["settings"] == "limit s 2"
