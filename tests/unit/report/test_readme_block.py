# SPDX-License-Identifier: Apache-2.0
"""What the README says came out is what the tables have."""

from __future__ import annotations

import pytest

from nsm_resilience.report.readme import (
    BEGIN,
    END,
    ReadmeError,
    what_came_out,
    with_what_came_out,
)
from tests.builders.reports import Builder, Built


def told(built: Built) -> str:
    return what_came_out(built.numbers)


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
        assert row[3] == f"{own['claimed']} ({own['source']})"
        assert row[4] == f"{own['verdict']}, {own['k']} of {own['n']}"
    assert len([line for line in text.splitlines() if line.startswith("- ")]) == 3


def test_two_planes_are_two_columns_and_four_sentences(build: Builder) -> None:
    text = told(build("supported", planes=("kernel", "vpp"), records=False, most_trials=2))
    assert "| NSM v0.2.0 (2019), kernel plane | NSM v0.2.0 (2019), VPP plane |" in text
    assert len([line for line in text.splitlines() if line.startswith("- ")]) == 4


def test_what_does_not_exist_and_what_was_not_run_are_told_apart() -> None:
    row = {"scenario": "S7", "title": "t", "where": "w", "claimed": "supported",
           "source": "stated", "client": "monitored"}  # fmt: skip
    gone = {"k": 0, "n": 0, "verdict": "not applicable", "absent": "there is none"}
    numbers = {
        "headline": {"columns": [{"name": "a"}, {"name": "b"}],
                     "rows": [{**row, "cells": [gone, None]}]},
        "findings": {"in_short": [], "claims": ["", "", ""]},
    }  # fmt: skip
    assert "| does not exist | not tested |" in what_came_out(numbers)


def test_without_a_judged_scenario_nothing_is_claimed(untested: Built) -> None:
    assert told(untested) == "Nothing of the nine was judged."


def test_the_text_stands_between_the_marks_and_a_readme_without_is_refused() -> None:
    assert with_what_came_out(f"a{BEGIN}old{END}b", "new") == f"a{BEGIN}\n\nnew\n\n{END}b"
    with pytest.raises(ReadmeError, match="lacks the lines"):
        with_what_came_out("no marks", "new")
