# SPDX-License-Identifier: Apache-2.0
"""The figures are tested by what they draw, not by pixels."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from artists import with_id
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from nsm_resilience.analysis import style
from nsm_resilience.analysis.figures.outages import (
    describe_outages,
    draw_outages,
    reference_lines,
    shown_trials,
)
from nsm_resilience.analysis.figures.result_table import (
    describe_result_table,
    draw_result_table,
)
from nsm_resilience.analysis.figures.survival import curves, describe_survival, draw_survival
from nsm_resilience.analysis.figures.timelines import describe_timelines, draw_timelines
from nsm_resilience.analysis.figures.typical import typical_trials
from nsm_resilience.analysis.timeline import (
    Timeline,
    binned,
    changed_sockets,
    states,
    timeline_of,
)
from nsm_resilience.record.reader import read_record
from nsm_resilience.tables import language
from nsm_resilience.tables.cell import DEFAULTS
from tests.builders.campaign_tables import WATCH_S
from tests.builders.campaigns import Constructed


@pytest.fixture(scope="module")
def outages(mixed: Constructed, names: dict[str, str]) -> Figure:
    return draw_outages(mixed.tables["trials"], mixed.tables["scenarios"], names, WATCH_S)


@pytest.fixture(scope="module")
def timelines(mixed: Constructed, names: dict[str, str]) -> Figure:
    return draw_timelines(*_timeline_tables(mixed), names)


def _timeline_tables(built: Constructed) -> Any:
    chosen = typical_trials(built.tables["trials"])
    own = {
        row["trial"]: timeline_of(read_record(built.campaign / row["record"]))
        for row in chosen.to_dict("records")
    }
    return chosen, own, built.tables["components"], built.tables["outages"]


# --- outages -------------------------------------------------------------------------------------


def test_every_judged_trial_is_one_point(mixed: Constructed, outages: Figure) -> None:
    shown = shown_trials(mixed.tables["trials"])
    points = [
        str(artist.get_gid()).rpartition(":")[0]
        for moment in ("never", "back", "censored")
        for artist in with_id(outages, f":{moment}")
    ]
    assert sorted(points) == sorted(shown["trial"])


def test_censored_trials_have_the_censored_marker_and_others_do_not(outages: Figure) -> None:
    censored: list[Any] = with_id(outages, ":censored")
    others: list[Any] = with_id(outages, ":back") + with_id(outages, ":never")
    assert censored
    assert {artist.get_marker() for artist in censored} == {style.CENSORED_MARKER}
    assert {to_hex(artist.get_markerfacecolor()) for artist in censored} == {"#ffffff"}
    assert style.CENSORED_MARKER not in {artist.get_marker() for artist in others}


def test_where_a_path_stopped_more_than_once_the_time_down_stands_beside_the_outage(
    mixed: Constructed, names: dict[str, str], outages: Figure
) -> None:
    once = mixed.tables["scenarios"]
    assert not with_id(outages, "down:")
    often = once.assign(interruptions_most=3, down_median_s=7.25)
    drawn: list[Any] = with_id(draw_outages(mixed.tables["trials"], often, names, WATCH_S), "down:")
    assert drawn and {mark.get_text() for mark in drawn} == {"7.25 in 3"}
    never_over = often.assign(down_median_s=math.inf)
    drawn = with_id(draw_outages(mixed.tables["trials"], never_over, names, WATCH_S), "down:")
    assert drawn and all(mark.get_text().startswith("> ") for mark in drawn)


def test_the_reference_lines_are_the_time_constants_of_the_systems_shown(
    mixed: Constructed,
) -> None:
    trials = mixed.tables["trials"]
    assert reference_lines(trials)[60.0] == "a manager waits for a lost forwarder"
    today = trials.assign(system="nsm-v1.18.0")
    assert list(reference_lines(today)) == [125.0]
    assert reference_lines(today[:0]) == {}


def test_the_time_axis_is_logarithmic_and_holds_the_reference_lines(outages: Figure) -> None:
    axes = outages.axes[1]
    assert axes.get_xscale() == "log"
    for seconds in (10.0, 60.0, 290.0):
        (line,) = with_id(outages, f"reference:{seconds:g}")
        assert line.get_xdata()[0] == seconds  # type: ignore[attr-defined]
        assert axes.get_xlim()[0] < seconds < axes.get_xlim()[1]


def test_a_path_that_never_stopped_is_not_on_the_log_axis(outages: Figure) -> None:
    assert {artist.axes for artist in with_id(outages, ":never")} == {outages.axes[0]}


def test_points_say_the_verdict_by_marker_and_not_by_colour_alone() -> None:
    marks = [mark.marker for mark in style.VERDICT_MARKS.values()]
    assert len(set(marks)) == len(marks)


def test_the_description_counts_what_is_drawn(mixed: Constructed) -> None:
    description = describe_outages(mixed.tables["trials"])
    counts = shown_trials(mixed.tables["trials"])["moment"].value_counts()
    assert f"In {counts['never']} the path never stopped" in description.alt
    assert f"in {counts['censored']} it had not come back" in description.alt
    assert len(description.trials) == counts.sum()


def test_outages_that_are_as_long_are_described_by_one_time(mixed: Constructed) -> None:
    trials = mixed.tables["trials"]
    one = trials[trials["outage_s"].gt(0) & ~trials["outage_censored"]].head(1)
    told = f"came back after {language.seconds(one['outage_s'].iloc[0])} s,"
    assert told in describe_outages(one).alt


def test_without_judged_trials_the_figures_say_so_and_still_draw(
    untested: Constructed, names: dict[str, str]
) -> None:
    trials, scenarios = untested.tables["trials"], untested.tables["scenarios"]
    assert not describe_outages(trials).drawn
    assert not describe_survival(trials).drawn
    assert not describe_timelines(trials).drawn
    draw_outages(trials, scenarios, names, WATCH_S)
    draw_survival(trials, names, WATCH_S)
    draw_timelines(*_timeline_tables(untested), names)
    draw_result_table(scenarios, names)


# --- survival ------------------------------------------------------------------------------------


def test_a_cell_gets_a_curve_only_with_enough_trials_and_an_interrupted_path(
    mixed: Constructed,
) -> None:
    trials = mixed.tables["trials"]
    cells = {own["trial"].iloc[0].rpartition("/")[0] for own, _ in curves(trials)}
    assert "S2-kernel-monitored-kill" in cells
    assert "S1-kernel-monitored-none" not in cells
    few = trials[trials["trial"].str[-2:].astype(int) <= 4]
    assert curves(few) == []


def test_a_survival_curve_ends_where_its_last_watch_ended(
    mixed: Constructed, names: dict[str, str]
) -> None:
    figure = draw_survival(mixed.tables["trials"], names, WATCH_S)
    (curve,) = with_id(figure, "survival:S2-kernel-monitored-kill")
    assert curve.get_xdata()[-1] == WATCH_S - 7  # type: ignore[attr-defined]
    assert curve.get_ydata()[-1] == 1.0  # type: ignore[attr-defined]
    assert with_id(figure, "censored:S2-kernel-monitored-kill")
    assert not with_id(figure, "censored:S4-kernel-monitored-kill")


def outages_of(scenario: str, times: dict[str, list[float]]) -> pd.DataFrame:
    """Judged trials of one scenario: outages in seconds by kind of failure."""
    return pd.DataFrame(
        [
            {"trial": f"{scenario}-vpp-monitored-{how}/{n:02}", "attempt": 1, "campaign": "c",
             **DEFAULTS, "scenario": scenario, "plane": "vpp", "failure": how,
             "outcome": "complete", "counts": True, "verdict": "supported", "reason": "x",
             "outage_s": seconds, "outage_censored": False}
            for how, all_of_them in times.items()
            for n, seconds in enumerate(all_of_them, start=1)
        ]
    )  # fmt: skip


def test_no_legend_lies_on_a_survival_curve() -> None:
    """Curves that fall at once lay under a legend at the lower left."""
    soon = [0.15 + 0.02 * n for n in range(1, 8)]
    trials = outages_of("S2", {"kill": soon, "hang": soon})
    figure = draw_survival(trials, {"S2": "nsmd"}, WATCH_S)
    FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    legend = axes.get_legend()
    assert legend is not None
    box = legend.get_window_extent()
    for line in axes.get_lines():
        points = axes.transData.transform(line.get_xydata())
        assert not any(box.contains(x, y) for x, y in points)


def test_a_curve_that_is_alone_in_its_panel_says_which_level_it_is() -> None:
    """The hang of a scenario whose kill has too few trials for a curve."""
    figure = draw_survival(outages_of("V1", {"kill": [5.0], "hang": [9.0] * 5}), {}, WATCH_S)
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["hang, n = 5"]


# --- timelines -----------------------------------------------------------------------------------


def test_a_component_has_one_colour_in_all_panels(timelines: Figure) -> None:
    for component in ("nsmd", "nsmd-k8s", "nsmdp", "forwarder"):
        bars: list[Any] = with_id(timelines, f":{component}:running")
        assert bars or component == "nsmdp"
        colours = {to_hex(bar.get_facecolor()) for bar in bars}
        assert colours <= {style.component_colour(component).lower()}


def test_components_of_one_figure_differ_in_colour() -> None:
    kernel = [style.component_colour(c) for c in ("nsmd", "nsmdp", "nsmd-k8s", "forwarder")]
    assert len(set(kernel)) == 4


@style.styled
def test_names_of_parts_are_not_cut_however_long(mixed: Constructed, names: dict[str, str]) -> None:
    """On VPP "vppagent-forwarder, endpoint" was cut at the edge, and lay on the panel beside."""
    chosen, lines, components, outages = _timeline_tables(mixed)
    longer = components.assign(
        component=components["component"].replace("forwarder", "vppagent-forwarder-of-2026")
    )
    figure = draw_timelines(chosen, lines, longer, outages, names)
    FigureCanvasAgg(figure).draw()
    labels = [
        (axes.get_window_extent().x0, label.get_window_extent())
        for axes in figure.axes
        for label in axes.get_yticklabels()
        if label.get_text().startswith("vppagent")
    ]
    assert labels
    first = min(x0 for x0, _ in labels)
    panels = [axes.get_window_extent() for axes in figure.axes]
    for x0, box in labels:
        assert box.x0 >= 0
        if x0 > first:  # the right column: beside the panels of the left one
            assert box.x0 >= max(panel.x1 for panel in panels if panel.x1 < x0)


def test_all_panels_share_one_time_axis(timelines: Figure) -> None:
    assert len({axes.get_xlim() for axes in timelines.axes}) == 1


def test_a_killed_process_leaves_a_gap_and_a_restart_mark(timelines: Figure) -> None:
    bars: list[Any] = with_id(timelines, "S2-kernel-monitored-kill/05:client:nsmd:running")
    assert [bar.get_x() for bar in bars] == [-10.0, 2.2]
    assert bars[0].get_x() + bars[0].get_width() == pytest.approx(0.3)
    (marks,) = with_id(timelines, "S2-kernel-monitored-kill/05:client:nsmd:restarts")
    assert list(marks.get_xdata()) == [2.7]  # type: ignore[attr-defined]


def test_a_censored_interruption_runs_to_the_end_of_the_watch(timelines: Figure) -> None:
    (span,) = with_id(timelines, "S2-kernel-monitored-kill/05:no-reply")
    left, width = span.get_x(), span.get_width()  # type: ignore[attr-defined]
    assert (left, left + width) == (6.0, WATCH_S)


def test_a_damaged_socket_is_shown_on_its_node_only(timelines: Figure) -> None:
    assert with_id(timelines, "S8-kernel-monitored-replace/05:client:sockets:changed")
    assert not with_id(timelines, "S8-kernel-monitored-replace/05:endpoint:sockets:changed")


def test_what_stayed_as_it_was_has_no_lane(timelines: Figure) -> None:
    assert with_id(timelines, "replies:S1-kernel-monitored-none/05")
    assert not with_id(timelines, "S1-kernel-monitored-none/05:client")
    assert not with_id(timelines, "S2-kernel-monitored-kill/05:endpoint")


def test_bins_keep_count_of_every_echo() -> None:
    import pandas as pd

    replies = pd.DataFrame(
        {"t_s": [0.1, 0.2, 0.6, 0.7], "rtt_s": pd.array([0.001, None, None, None], dtype="Float64")}
    )
    found = binned(replies, 0.0, 1.0, bins=2)
    assert found["sent"].tolist() == [2, 2]
    assert found["lost"].tolist() == [1, 2]
    assert found["median_s"].isna().tolist() == [False, True]


def test_the_first_value_reaches_back_and_the_last_forward() -> None:
    import pandas as pd

    changes = pd.DataFrame({"t_s": [-0.2, 3.0], "value": ["running 1", "gone"]})
    assert states(changes, -10, 20) == [(-10, 3.0, "running 1"), (3.0, 20, "gone")]


def test_a_new_inode_that_answers_is_no_damage() -> None:
    import pandas as pd

    sockets = pd.DataFrame(
        [
            {"component": "a", "t_s": -0.1, "value": "answers 1"},
            {"component": "a", "t_s": 1.0, "value": "missing"},
            {"component": "a", "t_s": 3.0, "value": "answers 2"},
            {"component": "b", "t_s": -0.1, "value": "answers 3"},
            {"component": "b", "t_s": 2.0, "value": "silent 3"},
        ]
    )
    (band,) = changed_sockets(sockets, -10, 20)
    assert (band.begin_s, band.end_s) == (1.0, 20)


def test_a_record_without_a_fault_instant_has_no_timeline(mixed: Constructed) -> None:
    from dataclasses import replace

    chosen = typical_trials(mixed.tables["trials"]).iloc[0]
    record = read_record(mixed.campaign / chosen["record"])
    assert isinstance(timeline_of(record), Timeline)
    with pytest.raises(ValueError, match="no fault instant"):
        timeline_of(replace(record, events=()))


# --- the table of the nine -----------------------------------------------------------------------


def test_cells_without_trials_say_not_tested_and_have_no_interval(
    untested: Constructed, names: dict[str, str]
) -> None:
    figure = draw_result_table(untested.tables["scenarios"], names)
    assert not with_id(figure, "share:")


def test_no_word_beside_the_shares_runs_into_the_next(
    mixed: Constructed, names: dict[str, str]
) -> None:
    """`unsupported` touched the word behind it, in the README's picture, too."""
    figure = draw_result_table(mixed.tables["scenarios"], names)
    FigureCanvasAgg(figure).draw()
    lines: dict[int, list[tuple[float, float]]] = {}
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        lines.setdefault(round(text.get_position()[1] * 10), []).append((box.x0, box.x1))
    assert len(lines) == len(mixed.tables["scenarios"]) + 1
    for line in lines.values():
        for (_, end), (begin, _) in pairwise(sorted(line)):
            assert end + 3 < begin


def test_claims_and_shares_stand_in_the_same_row(mixed: Constructed, names: dict[str, str]) -> None:
    scenarios = mixed.tables["scenarios"]
    figure = draw_result_table(scenarios, names)
    assert len(with_id(figure, "share:")) == len(scenarios)
    assert len(with_id(figure, "claim:")) == len(scenarios)
    text = describe_result_table(scenarios, mixed.tables["trials"]).alt
    assert f"each of {len(scenarios)} cells" in text
