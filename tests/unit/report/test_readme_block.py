# SPDX-License-Identifier: Apache-2.0
"""What the README says came out is what the tables have."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from nsm_resilience.report.readme import (
    BEGIN,
    END,
    ReadmeError,
    what_came_out,
    with_what_came_out,
)
from tests.builders.campaigns import construct


def told(folder: Path, kind: str, **how: object) -> tuple[str, pd.DataFrame]:
    built = construct(folder, kind, records=False, **how)  # type: ignore[arg-type]
    where = {f"S{n}": f"node {n}" for n in range(1, 10)}
    scenarios = built.tables["scenarios"]
    return what_came_out(scenarios, built.tables["claims"], where), scenarios


@pytest.mark.parametrize("kind", ["mixed", "supported"])
def test_each_of_nine_rows_has_the_numbers_of_its_cell(kind: str, tmp_path: Path) -> None:
    text, scenarios = told(tmp_path, kind)
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| S")]
    assert [row[0] for row in rows] == [f"| S{n}" for n in range(1, 10)]
    for row in rows:
        own = scenarios[scenarios["scenario"] == row[0][2:]].iloc[0]
        assert row[2] == f"node {row[0][3:]}"
        assert row[3] == f"{own['claimed']} ({own['source']})"
        assert row[4].removesuffix(" |") == f"{own['verdict']}, {own['k']} of {own['n']}"
    assert len([line for line in text.splitlines() if line.startswith("- ")]) == 3


def test_two_planes_are_two_columns_and_four_sentences(tmp_path: Path) -> None:
    text, _ = told(tmp_path, "supported", planes=("kernel", "vpp"), most_trials=2)
    assert "| NSM v0.2.0 (2019), kernel plane | NSM v0.2.0 (2019), VPP plane |" in text
    assert len([line for line in text.splitlines() if line.startswith("- ")]) == 4


def test_without_a_judged_scenario_nothing_is_claimed(tmp_path: Path) -> None:
    text, _ = told(tmp_path, "untested")
    assert text == "Nothing of the nine was judged."


def test_the_text_stands_between_the_marks_and_a_readme_without_is_refused() -> None:
    assert with_what_came_out(f"a{BEGIN}old{END}b", "new") == f"a{BEGIN}\n\nnew\n\n{END}b"
    with pytest.raises(ReadmeError, match="lacks the lines"):
        with_what_came_out("no marks", "new")
