# SPDX-License-Identifier: Apache-2.0
"""The matrix of consequences and the forest of effects, by what they draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from artists import with_id
from constructed_campaign import WATCH_S, Constructed, construct
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from nsm_resilience.analysis.effects import effects
from nsm_resilience.analysis.figures.cells import judged
from nsm_resilience.analysis.figures.consequences import (
    COLUMNS,
    by_cell,
    describe_consequences,
    draw_consequences,
    table_of_consequences,
)
from nsm_resilience.analysis.figures.effects import (
    PANELS,
    describe_effects,
    draw_effects,
    effect_labels,
    table_of_effects,
)


@pytest.fixture(scope="module")
def matrix(mixed: Constructed, names: dict[str, str]) -> Figure:
    return draw_consequences(mixed.tables["trials"], names)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Constructed:
    return construct(tmp_path_factory.mktemp("both"), "mixed", planes=("kernel", "vpp"),
                     records=False)  # fmt: skip


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
    table = table_of_consequences(trials)
    assert table.loc[table["scenario"] == "S1", "other pod not started"].tolist() == ["–"]


def test_the_words_of_the_matrix_hold_its_numbers(mixed: Constructed) -> None:
    described = describe_consequences(mixed.tables["trials"])
    assert "S8-kernel-monitored-replace: path stopped 0/10" in described.alt
    assert len(described.trials) == len(judged(mixed.tables["trials"]))


def test_without_judged_trials_neither_is_drawn(
    untested: Constructed, names: dict[str, str]
) -> None:
    trials = untested.tables["trials"]
    assert by_cell(trials) == [] and effects(trials) == []
    assert not describe_consequences(trials).drawn
    assert not describe_effects(trials).drawn
    draw_consequences(trials, names)
    draw_effects([], WATCH_S)


def test_every_pair_has_a_mark_in_every_panel(both: Constructed) -> None:
    pairs = effects(both.tables["trials"])
    figure = draw_effects(pairs, WATCH_S)
    for panel in PANELS:
        assert len(with_id(figure, f":{panel}")) == len(pairs) > 0


def test_what_censoring_leaves_open_is_not_drawn_as_an_estimate(both: Constructed) -> None:
    figure = draw_effects(effects(both.tables["trials"]), WATCH_S)
    (never,) = with_id(figure, "S2-kernel-monitored-kill/S2-vpp-monitored-kill:outage")
    (ended,) = with_id(figure, "S4-kernel-monitored-kill/S4-vpp-monitored-kill:outage")
    assert never.get_marker() == "x"  # type: ignore[attr-defined]
    assert ended.get_marker() == "o"  # type: ignore[attr-defined]


def test_labels_tell_pairs_apart_and_name_the_plane_only_where_there_are_two(
    mixed: Constructed, both: Constructed
) -> None:
    one, two = (effects(built.tables["trials"]) for built in (mixed, both))
    for pairs in (one, two):
        own = [
            (pair.factor, label) for pair, label in zip(pairs, effect_labels(pairs), strict=True)
        ]
        assert len(set(own)) == len(own)
    assert "S2: plain – monitored" in effect_labels(one)
    assert "S2 (kernel): plain – monitored" in effect_labels(two)
    assert "S3: VPP – kernel" in effect_labels(two)


def test_the_table_of_effects_has_a_row_per_pair(mixed: Constructed) -> None:
    pairs = effects(mixed.tables["trials"])
    table = table_of_effects(pairs)
    assert len(table) == len(pairs)
    row = table[table["pair"] == "S8: unlink – replace"].iloc[0]
    assert row["supported"] == "0/5 – 0/10"


def test_figures_drawn_twice_are_the_same(
    mixed: Constructed, names: dict[str, str], tmp_path: Path
) -> None:
    from nsm_resilience.analysis.style import save_figure

    trials = mixed.tables["trials"]
    for name in ("a", "b"):
        save_figure(draw_consequences(trials, names), tmp_path / f"{name}1.svg", title="t", alt="a")
        pairs = effects(trials)
        save_figure(draw_effects(pairs, WATCH_S), tmp_path / f"{name}2.svg", title="t", alt="a")
    for number in (1, 2):
        first, second = (tmp_path / f"{name}{number}.svg" for name in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()
