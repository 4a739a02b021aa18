# SPDX-License-Identifier: Apache-2.0
"""What the paper and the terminal say of trials side by side, whatever came of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from built_report import Builder, Built, set_paper
from constructed_lanes import ByTurns, construct_lanes
from typer.testing import CliRunner

from nsm_resilience.cli import app
from nsm_resilience.report.lane_trials import write_lanes
from nsm_resilience.report.numbers import NumbersError, write_numbers

Make = Callable[..., tuple[Built, ByTurns]]


@pytest.fixture(scope="module")
def with_lanes(build: Builder) -> Make:
    """Build the inputs of the paper with a constructed campaign by turns beside its own."""

    def make(**how: Any) -> tuple[Built, ByTurns]:
        built = build("supported", records=False, most_trials=2)
        made = construct_lanes(built.root / "turns", **how)
        tables = built.campaign.tables_dir
        write_lanes(made.campaign, made.tables, tables)
        numbers = write_numbers(
            tables, built.campaign.campaign, built.numbers_path, lanes=made.campaign
        )
        return Built(built.campaign, numbers), made

    return make


def prose(built: Built) -> str:
    """Set the paper; return the text of its paragraphs."""
    return set_paper(built.root, "par")


def test_without_a_campaign_by_turns_nothing_is_said_of_one(mixed: Built) -> None:
    assert mixed.numbers["lanes"] is None
    assert "side by side minus alone" not in prose(mixed)


def test_lanes_that_do_not_bias_are_said_not_to(with_lanes: Make) -> None:
    built, _ = with_lanes(void=("S1-vpp-monitored-none/01",))
    lanes = built.numbers["lanes"]
    assert lanes["counts"] == {"equal": len(lanes["rows"]), "biased": 0, "open": 0}
    assert {t["name"] for t in built.numbers["tables"]} >= {"lanes", "lanes_trials"}
    text = prose(built)
    assert "Within their margins, lanes do not bias." in text
    assert "with up to 5 trials side by side, on the same cluster, by turns of 2 blocks" in text
    assert "Its data are synthetic" in text
    assert "of 50. In no verdict count alone none of 50 attempts; side by side 1 void of" in text
    for wrong in ("Lanes bias", "No bias is shown"):
        assert wrong not in text


def test_lanes_that_bias_are_named_with_cell_measure_and_shift(with_lanes: Make) -> None:
    built, _ = with_lanes(slower={"S4": 1.0})
    biased = [row for row in built.numbers["lanes"]["rows"] if row["verdict"] == "biased"]
    assert [row["cell"].split()[0] for row in biased] == ["S4"]
    text = prose(built)
    (row,) = biased
    said = f"outage of the path in {row['cell']} by {row['shift']}\u00a0s ({row['interval']})"
    assert re.sub(r"\s+", " ", f"Lanes bias: {said}.") in text
    assert "do not bias" not in text


def test_with_too_few_trials_neither_is_said(with_lanes: Make) -> None:
    built, _ = with_lanes(trials=4)
    text = prose(built)
    assert "No bias is shown." in text
    for wrong in ("Lanes bias", "do not bias"):
        assert wrong not in text


def test_tables_that_are_missing_are_named_with_their_command(
    with_lanes: Make, mixed: Built, tmp_path: Path
) -> None:
    _, made = with_lanes(trials=4)
    own = mixed.campaign
    with pytest.raises(
        NumbersError, match=r"lanes\.parquet is missing; run `nsm-resilience lanes`"
    ):
        write_numbers(own.tables_dir, own.campaign, tmp_path / "n.json", lanes=made.campaign)


def test_the_command_writes_the_tables_and_says_what_is_in_them(tmp_path: Path) -> None:
    made = construct_lanes(tmp_path, slower={"V1": 2.0})
    done = CliRunner().invoke(
        app, ["lanes", str(made.campaign), "--tables", str(made.tables), "--out", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "lanes.csv").is_file() and (tmp_path / "lanes_trials.csv").is_file()
    assert re.search(
        r"5 lanes against one, \d+ comparisons: \d+ equal, 1 biased, 0 open", done.output
    )
    assert re.search(r"V1 .*outage.* \+2\.\d+  biased", done.output)
