# SPDX-License-Identifier: Apache-2.0
"""Two campaigns in one figure: every trial in its panel, every change of verdict in its row."""

from __future__ import annotations

import pytest
from artists import with_id
from constructed_campaign import WATCH_S, Constructed, construct

from nsm_resilience.analysis.comparison import Side, compare_campaigns
from nsm_resilience.analysis.figures.comparison import describe_comparison, draw_comparison


def side_of(name: str, campaign: Constructed) -> Side:
    return Side(name, campaign.tables["trials"], campaign.tables["scenarios"])


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Side, Side]:
    how = {"records": False, "most_trials": 3}
    first = construct(tmp_path_factory.mktemp("first"), "mixed", **how)
    second = construct(tmp_path_factory.mktemp("second"), "supported", planes=("vpp",), **how)
    return side_of("one", first), side_of("other", second)


def test_every_trial_is_a_point_in_the_panel_of_its_campaign(
    sides: tuple[Side, Side], names: dict[str, str]
) -> None:
    figure = draw_comparison(*sides, names, WATCH_S)
    for side, prefix, panels in zip(sides, ("first:", "second:"), ((0, 1), (2, 3)), strict=True):
        points = [artist for artist in with_id(figure, prefix) if artist.axes is not None]
        ids = [str(point.get_gid()).removeprefix(prefix).rpartition(":")[0] for point in points]
        assert sorted(ids) == sorted(side.trials["trial"])
        assert {figure.axes.index(point.axes) for point in points} <= set(panels)  # type: ignore[arg-type]


def test_a_cell_has_one_row_whatever_its_plane(
    sides: tuple[Side, Side], names: dict[str, str]
) -> None:
    figure = draw_comparison(*sides, names, WATCH_S)
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert sum(label.startswith("S3 ") for label in labels) == 1
    assert not any("VPP" in label for label in labels)
    assert [axes.get_title(loc="left") for axes in figure.axes[1::2]] == [
        "one (kernel)", "other (VPP)",
    ]  # fmt: skip


def test_changes_of_verdict_are_those_of_the_table(
    sides: tuple[Side, Side], names: dict[str, str]
) -> None:
    changed = int((compare_campaigns(*sides).verdicts["change"] == "changed").sum())
    assert changed > 1
    assert len(with_id(draw_comparison(*sides, names, WATCH_S), "change:")) == changed
    assert f"{changed} have another verdict" in describe_comparison(*sides).alt


def test_without_trials_the_figure_says_so_and_still_draws(
    sides: tuple[Side, Side], names: dict[str, str], untested: Constructed
) -> None:
    nothing = side_of("nothing", untested)
    figure = draw_comparison(sides[0], nothing, names, WATCH_S)
    texts = {artist.get_text() for artist in with_id(figure, "change:")}  # type: ignore[attr-defined]
    assert texts == {"first only"}
    neither = (nothing, side_of("neither", untested))
    assert not describe_comparison(*neither).drawn
    draw_comparison(*neither, names, WATCH_S)
