# SPDX-License-Identifier: Apache-2.0
"""Do lanes bias: what is said of constructed campaigns that do, and of one that does not."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from constructed_lanes import LANES as AT_ONCE
from constructed_lanes import construct_lanes
from scipy.stats import mannwhitneyu

from nsm_resilience.analysis.differences import Shift
from nsm_resilience.analysis.lanes import Ran, beside, margins_of, verdict_of
from nsm_resilience.analysis.statistics import Interval
from nsm_resilience.report.lane_trials import LanesError, write_lanes


def tables(root: Path, **how: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables `lanes` and `lanes_trials` of a constructed campaign."""
    made = construct_lanes(root, **how)  # type: ignore[arg-type]
    write_lanes(made.campaign, made.tables, made.tables)
    read = [pd.read_parquet(made.tables / f"{name}.parquet") for name in ("lanes", "lanes_trials")]
    return read[0], read[1]


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    return tables(tmp_path_factory.mktemp("alike"), void=("S1-vpp-monitored-none/01",))


@pytest.fixture(scope="module")
def slower(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    found, _ = tables(
        tmp_path_factory.mktemp("slower"), slower={"S4": 1.0, "V1": 0.2}, late=0.02, trials=32
    )
    return found


def one(lanes: pd.DataFrame, scenario: str, measure: str) -> pd.Series:
    rows = lanes[
        (lanes["scenario"] == scenario) & (lanes["plane"] == "vpp") & (lanes["measure"] == measure)
    ]
    assert len(rows) == 1
    row: pd.Series = rows.iloc[0]
    return row


def test_without_a_difference_every_cell_and_measure_is_equal(
    alike: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    lanes, _ = alike
    assert len(lanes) > 25
    assert set(lanes["verdict"]) == {"equal"}
    assert (lanes["alone_n"] == 10).all() and (lanes["together_n"] == 10).all()


def test_a_shift_beyond_the_margin_is_found_and_one_within_it_is_not_called_a_bias(
    slower: pd.DataFrame,
) -> None:
    s4, v1 = one(slower, "S4", "outage_s"), one(slower, "V1", "outage_s")
    assert s4["verdict"] == "biased"
    assert s4["shift"] == pytest.approx(1.0, abs=0.2)
    assert s4["margin"] == 0.5 < s4["shift_low"] < 1.0 < s4["shift_high"]
    assert (s4["cliff_delta"], s4["rank_holm_p"] < 0.05) == (1.0, True)
    # a fifth of a second is seen, and is less than the study can tell
    assert v1["verdict"] == "equal" and v1["shift_low"] > 0
    assert (slower.loc[slower["measure"] == "late_share", "verdict"] == "biased").all()
    others = slower[~slower["measure"].isin(["outage_s", "late_share"])]
    assert set(others["verdict"]) == {"equal"}


def test_the_p_is_that_of_the_exact_test_where_there_are_no_ties(slower: pd.DataFrame) -> None:
    s4 = one(slower, "S4", "outage_s")
    # sixteen values that are all larger than sixteen others: two of C(32, 16) orders
    assert s4["rank_p"] == pytest.approx(2 / math.comb(32, 16))
    samples = [float(v) for v in range(16)], [float(v) + 20 for v in range(16)]
    assert mannwhitneyu(*samples, method="exact").pvalue == pytest.approx(s4["rank_p"])


def test_too_few_trials_leave_a_bias_open(tmp_path: Path) -> None:
    lanes, _ = tables(tmp_path, slower={"S4": 1.0}, trials=4)
    assert set(lanes["verdict"]) == {"open"}


def test_what_was_never_seen_is_no_row(alike: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    lanes, _ = alike
    assert "notified_s" not in set(lanes["measure"])
    assert "detected_s" not in set(lanes.loc[lanes["scenario"] == "S1", "measure"])
    assert "detected_s" in set(lanes.loc[lanes["scenario"] == "S9", "measure"])


def test_every_attempt_says_what_was_allowed_and_what_ran_beside_it(
    alike: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    _, trials = alike
    assert set(trials["lanes_at_once"]) == {1, AT_ONCE}
    by_way = trials[trials["counted"]].groupby("way")["beside"].mean()
    assert by_way["alone"] < 0.5 < 3 < by_way["together"]
    void = trials[~trials["counted"]]
    assert void["trial"].tolist() == ["S1-vpp-monitored-none/01"]
    assert void["rtt_ms"].isna().all()
    assert trials.loc[trials["counted"], "rtt_ms"].eq(0.4).all()


def test_a_campaign_without_turns_is_refused_with_what_to_run(tmp_path: Path) -> None:
    made = construct_lanes(tmp_path, says=False, trials=4)
    with pytest.raises(LanesError, match=r"do not show trials both alone and side by side; run"):
        write_lanes(made.campaign, made.tables, made.tables)
    assert not (made.tables / "lanes.csv").exists()


def test_time_beside_others_is_averaged_over_an_attempts_own_time() -> None:
    assert beside([Ran(0, 10), Ran(5, 15), Ran(20, 30)]) == [0.5, 0.5, 0.0]
    assert beside([Ran(0, 10), Ran(0, 10), Ran(0, 10)]) == [2.0, 2.0, 2.0]
    assert math.isnan(beside([Ran(3, 3)])[0])


@pytest.mark.parametrize(
    ("shift", "rejected", "verdict"),
    [
        (Shift(0.1, 0.1, Interval(-0.4, 0.5)), True, "equal"),
        (Shift(0.6, 0.6, Interval(0.1, 1.1)), True, "biased"),
        (Shift(-0.6, -0.6, Interval(-1.1, -0.1)), True, "biased"),
        (Shift(0.6, 0.6, Interval(0.1, 1.1)), False, "open"),
        (Shift(0.3, 0.3, Interval(0.1, 0.9)), True, "open"),
        (Shift(25.0, math.inf, Interval(20, math.inf)), True, "biased"),
        (Shift(-math.inf, math.inf, Interval(-math.inf, math.inf)), True, "open"),
        (Shift(math.nan, math.nan, Interval(math.nan, math.nan)), False, "open"),
    ],
)
def test_the_verdict_follows_the_interval_the_margin_and_the_test(
    shift: Shift, rejected: bool, verdict: str
) -> None:
    assert verdict_of(shift, 0.5, rejected=rejected) == verdict


def test_margins_come_from_the_study_and_grow_with_long_times(
    alike: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
) -> None:
    margins = margins_of(construct_lanes(tmp_path, trials=4).study)
    assert margins["outage_s"] == 0.5 and margins["rtt_ms"] == pytest.approx(20)
    install = one(alike[0], "S4", "install_s")
    assert install["margin"] == pytest.approx(0.1 * install["alone_median"])
    assert one(alike[0], "S4", "outage_s")["margin"] == 0.5
