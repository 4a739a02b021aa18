# SPDX-License-Identifier: Apache-2.0
"""The tables of a campaign with remedies, over constructed records: nothing here was measured."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from constructed_beyond import BeyondCampaign
from scipy import stats

from nsm_resilience.analysis.exact_tests import fisher_test
from nsm_resilience.analysis.remedies import arm_table, remedy_table
from nsm_resilience.tables.attempts import APART
from nsm_resilience.tables.remedies import ARMS, REMEDIES

Row = dict[str, Any]


def tables(campaign: BeyondCampaign) -> tuple[pd.DataFrame, pd.DataFrame]:
    trials, scenarios = campaign.table("trials"), campaign.table("scenarios")
    remedies = remedy_table(trials, scenarios, campaign.study)
    return remedies, arm_table(trials, remedies)


@pytest.fixture(scope="module")
def remedies(arms: BeyondCampaign) -> pd.DataFrame:
    return tables(arms)[0]


@pytest.fixture(scope="module")
def summary(arms: BeyondCampaign) -> pd.DataFrame:
    return tables(arms)[1]


def one(table: pd.DataFrame, **levels: str) -> Row:
    found = table[(table[list(levels)] == list(levels.values())).all(axis=1)]
    assert len(found) == 1
    return {str(name): value for name, value in found.iloc[0].items()}


def test_every_cell_of_every_arm_has_a_row_with_its_verdict(remedies: pd.DataFrame) -> None:
    assert len(remedies) == 3 * 10 + 2 * 2
    healed = one(remedies, scenario="S8", remedy="heal")
    bare = one(remedies, scenario="S8", remedy="none")
    assert (healed["k"], healed["n"], healed["verdict"]) == (2, 2, "supported")
    assert (bare["k"], bare["n"], bare["verdict"]) == (0, 2, "unsupported")
    assert (healed["group"], one(remedies, scenario="N1", remedy="heal")["group"]) == (
        "nine", "beyond",
    )  # fmt: skip


def test_a_cell_is_compared_with_the_same_one_without_a_remedy(remedies: pd.DataFrame) -> None:
    healed = one(remedies, scenario="S8", remedy="heal")
    assert healed["share_difference"] == 1.0
    # 2 of 2 against 0 of 2: no outcome gives less than a third, so there is neither p nor interval
    assert math.isnan(healed["fisher_p"]) and math.isnan(healed["fisher_holm_p"])
    assert healed["fisher_least_p"] == pytest.approx(1 / 3)
    assert (healed["fisher_family"], healed["outage_family"]) == (0, 0)
    assert math.isnan(healed["share_low"]) and math.isnan(healed["share_block_low"])
    assert healed["outage_delta"] == -1.0
    assert pd.isna(one(remedies, scenario="S8", remedy="none")["share_difference"])


def test_times_of_what_was_shown_and_told_are_those_of_the_trials(remedies: pd.DataFrame) -> None:
    seen = one(remedies, scenario="S8", remedy="observe")
    assert (seen["detected"], seen["notified"]) == (2, 2)
    assert seen["detected_median_s"] == pytest.approx(2.15)
    assert (seen["found"], seen["found_median_s"]) == (2, pytest.approx(2.15))
    assert seen["detected_delta"] == -1.0
    bare = one(remedies, scenario="S8", remedy="none")
    assert bare["detected"] == 0 and pd.isna(bare["detected_median_s"])


def test_actions_cuts_and_alarms_of_each_cell(remedies: pd.DataFrame) -> None:
    cut = one(remedies, scenario="S6", remedy="heal")
    assert (cut["acts_per_trial"], cut["cut"], cut["interrupted"]) == (1.0, 2, 2)
    assert cut["outage_delta"] == 1.0  # the path of S6 lives without a watchdog
    alarmed = one(remedies, scenario="S1", remedy="observe")
    assert (alarmed["watched"], alarmed["alarmed"], alarmed["control"]) == (2, 1, True)
    bare = one(remedies, scenario="S6", remedy="none")
    assert bare["watched"] == 0
    assert all(pd.isna(bare[name]) for name in ("found", "acts_per_trial", "alarmed", "cut"))


def test_harm_and_alarms_of_attempts_that_do_not_count_are_kept(arms: BeyondCampaign) -> None:
    # A watchdog that spoils a trial must not vanish with it: of S1-observe/02 a void attempt is
    # added in which it found and did something, and S6-heal/01 is made unknown.
    trials, scenarios = arms.table("trials"), arms.table("scenarios")
    mine = trials["trial"] == "S1-kernel-monitored-none-observe/02"
    spoilt = trials[mine].assign(
        attempt=2, verdict="unknown", reason="void: the steady state was not green",
        watchdog_false_alarms=1, watchdog_acts=1, watchdog_acts_failed=1,
        watchdog_cut=None,
    )  # fmt: skip
    lost = trials["trial"] == "S6-kernel-monitored-kill-heal/01"
    assert mine.any() and lost.any()
    trials = pd.concat([trials.assign(verdict=trials["verdict"].mask(lost, "unknown")), spoilt])
    remedies = remedy_table(trials, scenarios, arms.study)
    row = one(remedies, scenario="S1", remedy="observe")
    assert (row["watched"], row["alarmed"], row["acts_failed"], row["cut_known"]) == (3, 2, 1, 2)
    assert one(remedies, scenario="S6", remedy="heal")["cut"] == 2
    nine = one(arm_table(trials, remedies), group="nine", remedy="observe")
    assert (nine["controls"], nine["controls_alarmed"], nine["acts"]) == (3, 2, 1)


def test_the_arms_count_the_nine_once_each(summary: pd.DataFrame) -> None:
    nine = summary[summary["group"] == "nine"].set_index("remedy")
    assert nine["cells"].tolist() == nine["tested"].tolist() == [9, 9, 9]
    assert nine["supported"].to_dict() == {"none": 7, "observe": 7, "heal": 9}
    assert nine.loc["observe", ["controls", "controls_alarmed", "acts"]].tolist() == [2, 1, 0]
    assert nine.loc["heal", "cut"] == 2 and pd.isna(nine.loc["none", "cut"])
    ours = one(summary, group="beyond", remedy="heal")
    assert (ours["cells"], ours["supported"], ours["unsupported"]) == (2, 1, 1)


def test_a_partial_campaign_counts_what_was_run_and_no_more(part: BeyondCampaign) -> None:
    remedies, summary = tables(part)
    nine = summary[summary["group"] == "nine"].set_index("remedy")
    assert nine["cells"].tolist() == [9, 9, 9] and nine["tested"].tolist() == [2, 2, 2]
    assert nine["n"].tolist() == [2, 2, 2]
    missing = one(remedies, scenario="S2", remedy="heal")
    assert (missing["verdict"], missing["n"]) == ("not tested", 0)
    assert pd.isna(missing["share_difference"]) and pd.isna(missing["acts_per_trial"])


def test_without_the_arm_without_a_remedy_nothing_is_compared(arms: BeyondCampaign) -> None:
    trials = arms.table("trials")
    trials = trials[trials["remedy"] != "none"]
    scenarios = arms.table("scenarios")
    scenarios = scenarios[scenarios["remedy"] != "none"]
    remedies = remedy_table(trials, scenarios, arms.study)
    assert remedies["share_difference"].isna().all() and remedies["outage_least_p"].isna().all()
    assert set(arm_table(trials, remedies)["remedy"]) == {"observe", "heal"}


def test_a_campaign_of_which_nothing_was_run_has_rows_and_no_numbers(arms: BeyondCampaign) -> None:
    trials = arms.table("trials").iloc[:0]
    scenarios = arms.table("scenarios").assign(
        n=0, k=0, attempts=0, **dict.fromkeys(APART, 0), censored=0,
        verdict="not tested", wilson_low=float("nan"),
        wilson_high=float("nan"), outage_median_s=float("nan"),
    )  # fmt: skip
    remedies = remedy_table(trials, scenarios, arms.study)
    assert len(remedies) == len(scenarios)
    assert arm_table(trials, remedies)["tested"].sum() == 0


def test_the_columns_say_when_they_are_empty() -> None:
    for table in (REMEDIES, ARMS):
        assert all(column.meaning for column in table.columns)
        table.frame([])


@pytest.mark.parametrize(("a", "b"), [((1, 10), (8, 9)), ((0, 3), (3, 3)), ((5, 5), (5, 5))])
def test_fishers_test_is_the_sum_of_what_is_as_unlikely(
    a: tuple[int, int], b: tuple[int, int]
) -> None:
    (k1, n1), (k2, n2) = a, b
    chance = stats.hypergeom(n1 + n2, k1 + k2, n1)
    at = [chance.pmf(k) for k in range(n1 + 1)]
    expected = sum(p for p in at if p <= at[k1] * (1 + 1e-7))
    assert fisher_test(a, b).p == pytest.approx(expected)


def test_fishers_test_of_nothing_is_none() -> None:
    assert pd.isna(fisher_test((0, 0), (1, 2)).p)


def test_no_attempt_is_missing_from_the_arms(arms: BeyondCampaign) -> None:
    """Second outages are of the nine and not at their defaults: they fell out of every sum."""
    trials = arms.table("trials")
    remedies = remedy_table(trials, arms.table("scenarios"), arms.study)
    summary = arm_table(trials, remedies)
    assert summary["attempts"].sum() == remedies["attempts"].sum() == len(trials)
    assert summary["watched"].sum() == trials["watchdog_false_alarms"].notna().sum()
    assert "levels" in set(summary["group"])
