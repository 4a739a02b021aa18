# SPDX-License-Identifier: Apache-2.0
"""The figures of arms, by what they draw. Nothing in the data was measured."""

from __future__ import annotations

import pandas as pd
import pytest
from artists import with_id
from constructed_beyond import BeyondCampaign
from matplotlib.lines import Line2D

from nsm_resilience.analysis.figures.cells import short_names
from nsm_resilience.analysis.figures.remedies import describe_remedies, draw_remedies
from nsm_resilience.analysis.figures.timelines import draw_timelines, timeline_of
from nsm_resilience.analysis.remedies import remedy_table
from nsm_resilience.record.reader import read_record


def table(campaign: BeyondCampaign) -> pd.DataFrame:
    return remedy_table(campaign.table("trials"), campaign.table("scenarios"), campaign.study)


def ids(campaign: BeyondCampaign, name: str, part: str) -> list[str]:
    figure = draw_remedies(
        campaign.table("trials"), table(campaign), short_names(campaign.study),
        campaign.study.windows.watch_s, name,
    )  # fmt: skip
    return [str(artist.get_gid()) for artist in with_id(figure, part)]


def test_each_cell_has_a_verdict_for_each_arm(arms: BeyondCampaign) -> None:
    verdicts = ids(arms, "remedies", "verdict:")
    assert len(verdicts) == 3 * 10
    row = verdicts[0].split(":")[1]
    assert [v for v in verdicts if v.startswith(f"verdict:{row}:")] == [
        f"verdict:{row}:{arm}:supported" for arm in ("none", "observe", "heal")
    ]
    assert sum(v.endswith(":heal:supported") for v in verdicts) == 10
    assert sum(v.endswith(":none:unsupported") for v in verdicts) == 3


def test_each_trial_is_a_point_with_its_moment(arms: BeyondCampaign) -> None:
    outages = ids(arms, "remedies", "outage:")
    assert len(outages) == 2 * 3 * 10
    assert "outage:S8-kernel-monitored-replace/01:censored" in outages
    assert "outage:S8-kernel-monitored-replace-heal/01:back" in outages
    assert "outage:S6-kernel-monitored-kill/01:never" in outages


def test_what_was_not_shown_is_marked_and_a_control_has_no_detection(arms: BeyondCampaign) -> None:
    shown = ids(arms, "remedies", "shown:")
    assert "shown:S8-kernel-monitored-replace/01:no" in shown
    assert "shown:S8-kernel-monitored-replace-observe/01:yes" in shown
    assert not any("S1-" in gid for gid in shown)


def test_the_second_figure_has_what_is_beyond_and_its_arms_only(arms: BeyondCampaign) -> None:
    verdicts = ids(arms, "beyond", "verdict:")
    assert {gid.split(":")[2] for gid in verdicts} == {"none", "heal"}
    assert len(verdicts) == 4
    assert all(":N" in gid for gid in ids(arms, "beyond", "outage:"))


def test_a_partial_campaign_shows_the_cells_that_were_run(part: BeyondCampaign) -> None:
    assert len(ids(part, "remedies", "verdict:")) == 3 * 2
    described = describe_remedies(part.table("trials"), table(part), "remedies")
    assert described.drawn and "2 cells" in described.alt
    assert "Watchdog heals: 2 supported, 0 flaky, 0 unsupported." in described.alt


@pytest.mark.parametrize("name", ["remedies", "beyond"])
def test_without_a_judged_trial_there_is_a_figure_of_nothing(
    arms: BeyondCampaign, name: str
) -> None:
    trials = arms.table("trials").iloc[:0]
    remedies = table(arms).assign(n=0, k=0, verdict="not tested")
    described = describe_remedies(trials, remedies, name)
    assert not described.drawn and described.alt.startswith("No figure")
    draw_remedies(trials, remedies, short_names(arms.study), 12.0, name)


def test_what_the_watchdog_found_and_did_stands_above_the_replies_of_a_timeline(
    arms: BeyondCampaign,
) -> None:
    trials = arms.table("trials")
    chosen = trials[trials["trial"].isin(
        ["S8-kernel-monitored-replace/01", "S8-kernel-monitored-replace-heal/01"]
    )]  # fmt: skip
    lines = {
        row["trial"]: timeline_of(read_record(arms.folder / row["record"]))
        for row in chosen.to_dict("records")
    }
    figure = draw_timelines(
        chosen, lines, arms.table("components"), arms.table("outages"), short_names(arms.study)
    )
    (found,) = with_id(figure, ":findings")
    (did,) = with_id(figure, ":actions")
    assert "S8-kernel-monitored-replace-heal/01" in str(found.get_gid())
    assert isinstance(found, Line2D) and isinstance(did, Line2D)
    assert list(found.get_xdata()) == pytest.approx([2.1], abs=0.01)
    assert list(did.get_xdata()) == pytest.approx([3.0], abs=0.01)
    assert {t.get_text() for t in figure.legends[0].get_texts()} >= {
        "watchdog's finding", "watchdog's action",
    }  # fmt: skip
