# SPDX-License-Identifier: Apache-2.0
"""What the README says came out is what the tables have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.report.readme import (
    BEGIN,
    END,
    NO_REMEDY,
    PICTURE,
    ReadmeError,
    what_came_out,
    with_what_came_out,
)
from nsm_resilience.report.words import meaning_of
from tests.builders.reports import Built

ROOT = Path(__file__).parents[3]


def told(built: Built) -> str:
    return what_came_out(built.numbers)


def sentences_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("- ")]


@pytest.mark.parametrize("kind", ["mixed", "supported"])
def test_each_of_nine_rows_has_the_numbers_of_its_cell(
    kind: str, request: pytest.FixtureRequest
) -> None:
    built: Built = request.getfixturevalue(kind)
    text = told(built)
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| S")]
    assert [row[0] for row in rows] == [f"S{n}" for n in range(1, 10)]
    scenarios = built.campaign.tables["scenarios"]
    usual = scenarios[(scenarios["client"] == "monitored") & (scenarios["outage"] == "first")]
    for row in rows:
        own = usual[usual["scenario"] == row[0]].iloc[0]
        assert row[2] == f"{own['claimed']} ({own['source']})"
        assert row[3] == f"{own['verdict']} {own['k']}/{own['n']}"


def test_there_are_four_sentences_and_one_picture_however_many_planes_there_are(
    mixed: Built, both: Built
) -> None:
    assert "| NSM v0.2.0 (2019), kernel plane | NSM v0.2.0 (2019), VPP plane |" in told(both)
    for built in (mixed, both):
        text = told(built)
        lines = sentences_of(text)
        assert len(lines) == 4
        assert not any(re.search(r"\.\s", line) for line in lines), "one sentence a line"
        assert lines[3] == f"- {NO_REMEDY}"
        assert text.count("![") == 1 and text.count(f"](docs/{PICTURE})") == 1
        assert (ROOT / "docs" / PICTURE).is_file()


def test_the_words_of_the_table_are_explained_before_it(mixed: Built) -> None:
    before = told(mixed).partition("| S1 ")[0]
    for column, word in (
        ("trial", "supported"), ("trial", "unsupported"), ("cell", "flaky"),
        ("source", "stated"), ("source", "reconstructed"),
    ):  # fmt: skip
        assert f"*{word}*: {meaning_of(column, word)}" in before


def built_of(cells: list[Any], title: str = "t") -> dict[str, Any]:
    row = {"scenario": "S7", "title": title, "where": "w", "claimed": "supported",
           "source": "stated", "client": "monitored", "control": False,
           "cells": cells}  # fmt: skip
    columns = [{"name": f"c{n}", "campaign": "x"} for n in range(len(cells))]
    return {
        "headline": {"columns": columns, "rows": [row]},
        "findings": {
            "held": "H",
            "claims": ["", "B", "C."],
            "remedy": {"untried": "D"},
            "told": {"rows": []},
        },
        "campaign": {"name": "c"},
    }


def test_what_does_not_exist_and_what_was_not_run_are_told_apart() -> None:
    gone = {"k": 0, "n": 0, "kn": "", "verdict": "not applicable", "absent": "there is none"}
    text = what_came_out(built_of([gone, None]))
    assert "| does not exist | not tested |" in text
    assert sentences_of(text) == ["- H", "- B", "- C.", "- D"]


def test_a_title_is_shown_as_it_is_whatever_it_means_to_markdown() -> None:
    text = what_came_out(built_of([None], "a|b *c* <d>\n[e] &amp; ~~f~~ $g$"))
    shown = r"a\|b \*c\* \<d> \[e\] \&amp; \~\~f\~\~ \$g\$"
    assert f"| S7 | {shown}, w | supported (stated) | not tested |" in text


def test_the_readme_has_half_of_its_former_words() -> None:
    """Issue 18, point 7; it had 2431 when that was written."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 2431 // 2


def test_without_a_judged_scenario_nothing_is_claimed(untested: Built) -> None:
    assert told(untested) == "No scenario of the paper has a judged trial at its default."


def client_told(place: str, client: str, told: int, known: int, **other: Any) -> dict[str, Any]:
    return {"place": place, "campaign": "x", "client": client, "told": told, "told_known": known,
            "decides": True, **other}  # fmt: skip


def test_what_became_of_plain_clients_is_told_beside_the_others() -> None:
    built = built_of([None, None])
    built["findings"]["told"]["rows"] = [
        client_told("c0", "monitored", 3, 4), client_told("c0", "monitored", 1, 1),
        client_told("c1", "plain", 0, 2), client_told("c1", "plain", 5, 5, campaign="other"),
        client_told("c0", "plain", 0, 9, decides=False),  # hang, or a longer watch
    ]  # fmt: skip
    assert sentences_of(what_came_out(built))[2] == (
        "- C; told, column by column: with NSM\u2019s own monitor 4/5, \u2013; "
        "without NSM\u2019s own monitor \u2013, 0/2."
    )


def test_each_sentence_is_said_to_be_about_the_failures_and_clients_that_decide_it(
    mixed: Built,
) -> None:
    """Default failure and monitored client were said of all, yet C2 counts others as well."""
    cells = [
        row for row in mixed.campaign.tables["claims"].to_dict("records") if row["claim"] == "C2"
    ]
    assert any("plain" in row["scenarios"] and "delete" in row["scenarios"] for row in cells)
    text = told(mixed)
    assert "First two sentences and table: default failures, clients with NSM\u2019s own" in text
    assert "C2: components killed or deleted, clients with that monitor and without." in text


def test_a_scenario_in_which_nothing_is_broken_says_so_in_its_line(mixed: Built) -> None:
    lines = [line for line in told(mixed).splitlines() if line.startswith("| S")]
    assert [line[2:4] for line in lines if "(nothing is broken)" in line] == ["S1"]
    assert "what fails" not in told(mixed)


def test_the_text_stands_between_the_marks_and_a_readme_without_is_refused() -> None:
    assert with_what_came_out(f"a{BEGIN}old{END}b", "new") == f"a{BEGIN}\n\nnew\n\n{END}b"
    with pytest.raises(ReadmeError, match="lacks the lines"):
        with_what_came_out("no marks", "new")
