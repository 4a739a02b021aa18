# SPDX-License-Identifier: Apache-2.0
"""The matrix of consequences and the forest of contrasts, by what they draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from artists import with_id
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from nsm_resilience.analysis.contrast_rows import contrast_table
from nsm_resilience.analysis.figures.cells import judged
from nsm_resilience.analysis.figures.consequences import (
    COLUMNS,
    by_cell,
    describe_consequences,
    draw_consequences,
)
from nsm_resilience.analysis.figures.contrasts import (
    MOST_ROWS,
    PANELS,
    Pair,
    describe_contrasts,
    draw_contrasts,
    labels_of,
    pairs_of,
)
from nsm_resilience.analysis.trial_units import RunConditions
from nsm_resilience.study.load import load_study
from nsm_resilience.tables.cell import FACTOR_LEVELS
from tests.builders.campaigns import Constructed, construct

STUDY = load_study(Path(__file__).parents[3] / "config" / "study.yaml")


def compared_of(trials: pd.DataFrame) -> pd.DataFrame:
    return contrast_table(trials, dict.fromkeys(trials["campaign"], RunConditions(STUDY)))


@pytest.fixture(scope="module")
def matrix(mixed: Constructed, names: dict[str, str]) -> Figure:
    return draw_consequences(mixed.tables["trials"], names)


def lightness(square: Any) -> float:
    red, green, blue = to_rgb(square.get_facecolor()[:3])
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_every_cell_has_a_square_for_every_consequence(mixed: Constructed, matrix: Figure) -> None:
    cells = {trial.rpartition("/")[0] for trial in judged(mixed.tables["trials"])["trial"]}
    squares = [str(s.get_gid()) for s in with_id(matrix, "/") if str(s.get_gid()).count(":") == 2]
    assert len(squares) == len(cells) * len(COLUMNS)
    assert {square.partition(":")[0] for square in squares} == cells


def test_a_square_counts_the_trials_with_that_consequence(matrix: Figure) -> None:
    assert with_id(matrix, "S3-kernel-monitored-kill:not-back:8/10")
    assert with_id(matrix, "S3-kernel-monitored-kill:stopped:10/10")
    assert with_id(matrix, "S8-kernel-monitored-replace:refused:10/10")
    assert with_id(matrix, "S8-kernel-monitored-replace:blocked:10/10")
    assert with_id(matrix, "S8-kernel-monitored-replace:shown:0/10")
    assert with_id(matrix, "S1-kernel-monitored-none:told:0/10")


def test_more_trials_make_a_darker_square_also_in_grey(matrix: Figure) -> None:
    (none,) = with_id(matrix, "S1-kernel-monitored-none:not-back:")
    (some,) = with_id(matrix, "S5-kernel-monitored-kill:not-back:5/10")
    (most,) = with_id(matrix, "S3-kernel-monitored-kill:not-back:8/10")
    (every,) = with_id(matrix, "S2-kernel-monitored-kill:not-back:10/10")
    steps = [lightness(square) for square in (none, some, most, every)]
    assert steps == sorted(steps, reverse=True)
    assert steps[0] > 0.999 and steps[0] - steps[1] > 0.2


def test_what_nobody_asked_has_no_count(mixed: Constructed) -> None:
    trials = mixed.tables["trials"].copy()
    trials["bystander_started"] = trials["bystander_started"].astype("boolean")
    trials.loc[trials["scenario"] == "S1", "bystander_started"] = None
    of_controls = describe_consequences(trials).alt.partition("; ")[0]
    assert "S1-" in of_controls and "other pod not started –" in of_controls


@pytest.mark.parametrize(
    ("path", "interruptions", "stopped", "not_back"),
    [
        ("alive", 0, 0, 0), ("recovered", 1, 1, 0), ("late", 0, 0, 0), ("late", 2, 1, 0),
        ("dead", 1, 1, 1), ("dead", 0, 1, 1), ("gone", 0, 1, 1),
    ],
)  # fmt: skip
def test_each_fate_of_a_path_is_counted_as_what_it_was(
    mixed: Constructed, path: str, interruptions: int, stopped: int, not_back: int
) -> None:
    """A late path that never stopped did not stop; one that is gone is not back."""
    trials = mixed.tables["trials"].query("scenario == 'S4' and client == 'monitored'").copy()
    trials["path_verdict"], trials["interruptions"] = path, interruptions
    n = len(judged(trials))
    said = describe_consequences(trials).alt
    assert f"path stopped {stopped * n}/{n}" in said and n > 1
    assert f"path not back {not_back * n}/{n}" in said


def test_the_words_of_the_matrix_hold_its_numbers(mixed: Constructed) -> None:
    described = describe_consequences(mixed.tables["trials"])
    assert "S8-kernel-monitored-replace: path stopped 0/10" in described.alt
    assert len(described.trials) == len(judged(mixed.tables["trials"]))


def test_without_judged_trials_neither_is_drawn(
    untested: Constructed, names: dict[str, str]
) -> None:
    trials = untested.tables["trials"]
    empty = compared_of(trials)
    assert by_cell(trials) == [] and pairs_of(empty) == []
    assert not describe_consequences(trials).drawn
    assert not describe_contrasts(empty, trials).drawn
    draw_consequences(trials, names)
    draw_contrasts(empty)


@pytest.fixture(scope="module")
def two(mixed: Constructed, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Trials of a campaign and of another one in which all went well."""
    fine = construct(tmp_path_factory.mktemp("fine"), "supported", records=False, most_trials=6)
    other = fine.tables["trials"].assign(campaign="other")
    return pd.concat([mixed.tables["trials"], other], ignore_index=True)


@pytest.fixture(scope="module")
def compared(two: pd.DataFrame) -> pd.DataFrame:
    return compared_of(two)


def test_only_pairs_that_differ_beyond_chance_are_drawn_each_with_a_mark_in_every_panel(
    compared: pd.DataFrame,
) -> None:
    pairs = pairs_of(compared)
    figure = draw_contrasts(compared)
    shown = pairs[:MOST_ROWS]
    assert shown
    for panel in PANELS:
        assert len(with_id(figure, f":{panel}:")) == sum(panel in pair.rows for pair in shown)
    for pair in pairs:
        assert {row["word"] for row in pair.rows.values()} - {"open", "equal"}


def test_what_censoring_leaves_open_is_not_drawn_as_an_estimate(compared: pd.DataFrame) -> None:
    figure = draw_contrasts(compared)
    for mark in with_id(figure, ":outage_s:"):
        kind, scenario, level, *_ = str(mark.get_gid()).split(":")
        rows = compared[
            (compared["differs_in"] == kind) & (compared["scenario"] == scenario)
            & (compared["second"] == level) & (compared["measure"] == "outage_s")
        ]  # fmt: skip
        whole = (rows["at_least"] == rows["at_most"]).tolist()
        if len(set(whole)) == 1:
            assert (mark.get_marker() == "o") == whole[0]  # type: ignore[attr-defined]


def test_pairs_of_the_same_levels_in_several_campaigns_are_told_apart_by_them() -> None:
    row = {**dict.fromkeys(FACTOR_LEVELS), "scenario": "S2", "failure": "kill",
           "differs_in": "plane", "first": "vpp", "second": "kernel",
           "first_campaign": "a"}  # fmt: skip
    pairs = [Pair({"outage_s": {**row, "second_campaign": name}}) for name in ("b", "c")]
    assert labels_of(pairs) == [
        "S2 (kill): kernel – VPP (b – a)",
        "S2 (kill): kernel – VPP (c – a)",
    ]
    assert labels_of(pairs[:1]) == ["S2 (kill): kernel – VPP"]


def test_labels_tell_pairs_apart_and_trials_are_named_with_their_campaign(
    two: pd.DataFrame, compared: pd.DataFrame
) -> None:
    pairs = pairs_of(compared)
    kinds = [pair.common["differs_in"] for pair in pairs]
    labels = list(zip(kinds, labels_of(pairs), strict=True))
    assert len(set(labels)) == len(labels)
    described = describe_contrasts(compared, two)
    known = {f"{c}: {t}" for c, t in zip(two["campaign"], two["trial"], strict=True)}
    assert described.trials and set(described.trials) <= known


def test_figures_drawn_twice_are_the_same(
    mixed: Constructed, compared: pd.DataFrame, names: dict[str, str], tmp_path: Path
) -> None:
    from nsm_resilience.analysis.style import save_figure

    for name in ("a", "b"):
        save_figure(
            draw_consequences(mixed.tables["trials"], names),
            tmp_path / f"{name}1.svg",
            title="t",
            alt="a",
        )
        save_figure(draw_contrasts(compared), tmp_path / f"{name}2.svg", title="t", alt="a")
    for number in (1, 2):
        first, second = (tmp_path / f"{name}{number}.svg" for name in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()
