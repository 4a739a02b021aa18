# SPDX-License-Identifier: Apache-2.0
"""Two constructed campaigns: which cells are matched, and what is said of each."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from constructed_campaign import construct

from nsm_resilience.analysis.comparison import (
    Comparison,
    Contrast,
    Side,
    compare_campaigns,
    contrasts_of,
)
from nsm_resilience.tables.comparison import COMPARISON_TABLES, MEASURES


def side_of(folder: Path, kind: str, name: str, **how: Any) -> Side:
    tables = construct(folder, kind, records=False, most_trials=6, **how).tables
    return Side(name, tables["trials"], tables["scenarios"])


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Side:
    return side_of(tmp_path_factory.mktemp("mixed"), "mixed", "mixed", voids=2)


@pytest.fixture(scope="module")
def supported(tmp_path_factory: pytest.TempPathFactory) -> Side:
    return side_of(tmp_path_factory.mktemp("supported"), "supported", "supported")


@pytest.fixture(scope="module")
def on_vpp(tmp_path_factory: pytest.TempPathFactory) -> Side:
    return side_of(tmp_path_factory.mktemp("vpp"), "supported", "on vpp", planes=("vpp",))


@pytest.fixture(scope="module")
def found(mixed: Side, supported: Side) -> Comparison:
    return compare_campaigns(mixed, supported)


def row(table: pd.DataFrame, scenario: str, **levels: str) -> pd.Series:
    wanted = {"scenario": scenario, "client": "monitored", **levels}
    rows = table[(table[list(wanted)] == list(wanted.values())).all(axis=1)]
    assert len(rows) == 1, rows
    only: pd.Series = rows.iloc[0]
    return only


def test_a_campaign_beside_itself_differs_in_nothing(mixed: Side) -> None:
    found = compare_campaigns(mixed, replace(mixed, name="again"))
    assert found.contrasts == ()
    assert set(found.verdicts["change"]) == {"same"}
    assert (found.verdicts["share_difference"] == 0).all()
    enough = found.verdicts[found.verdicts["share_low"].notna()]
    assert len(enough) and (enough["share_low"] < 0).all() and (enough["share_high"] > 0).all()
    assert (found.times["cliff_delta"] == 0).all()
    # six against six can give 0.002, five against five 0.008, and so no adjusted p of 0.05 is
    # out of reach for the former alone
    made = found.times[found.times["rank_holm_p"].notna()]
    assert len(made) and (made["rank_holm_p"] == 1).all()
    assert (found.times.loc[found.times["rank_holm_p"].isna(), "rank_least_p"] > 0.05).all()


def test_every_cell_has_one_row_and_the_names_stand_in_it(
    found: Comparison, mixed: Side, supported: Side
) -> None:
    verdicts = found.verdicts
    assert len(verdicts) == len(mixed.scenarios) == len(supported.scenarios)
    assert set(verdicts["first"]) == {"mixed"} and set(verdicts["second"]) == {"supported"}
    assert (verdicts["first_cell"] == verdicts["second_cell"]).all()
    assert len(found.times) == len(verdicts) * len(MEASURES)


def test_a_verdict_that_is_another_is_a_change_with_its_difference(found: Comparison) -> None:
    s2 = row(found.verdicts, "S2")
    assert (s2["first_verdict"], s2["second_verdict"], s2["change"]) == (
        "unsupported", "supported", "changed",
    )  # fmt: skip
    assert (s2["first_k"], s2["first_n"], s2["second_k"], s2["second_n"]) == (0, 6, 6, 6)
    assert s2["share_difference"] == 1.0
    assert 0.1 < s2["share_low"] < 1.0 == s2["share_high"]
    assert s2["fisher_p"] == pytest.approx(2 / 924) and s2["fisher_method"] == "exact"
    assert s2["fisher_p"] < s2["fisher_holm_p"] < 0.05
    assert row(found.verdicts, "S1")["change"] == "same"
    assert row(found.verdicts, "S4")["change"] == "same"


def test_times_are_compared_by_ranks_with_censored_ones_longest(found: Comparison) -> None:
    outage = row(found.times, "S2", measure="outage")
    assert (outage["first_n"], outage["first_censored"], outage["second_censored"]) == (6, 6, 0)
    assert math.isinf(outage["first_median_s"]) and outage["second_median_s"] == 0
    assert outage["cliff_delta"] == -1.0
    assert outage["rank_p"] == pytest.approx(2 / 924) and outage["rank_method"] == "exact"
    assert outage["rank_p"] < outage["rank_holm_p"] < 0.05
    told = row(found.times, "S2", measure="notified")
    assert told["first_median_s"] == 6.0 and math.isinf(told["second_median_s"])
    assert told["cliff_delta"] == 1.0
    new = row(found.times, "S2", measure="new_connection")
    assert new["first_censored"] == 6 and 3 <= new["second_median_s"] <= 5


def test_medians_are_those_of_the_campaigns_own_table(found: Comparison, mixed: Side) -> None:
    outages = found.times[found.times["measure"] == "outage"]
    own = mixed.scenarios.set_index(["scenario", "client", "failure"])["outage_median_s"]
    for other in outages.to_dict("records"):
        expected = own[other["scenario"], other["client"], other["failure"]]
        assert other["first_median_s"] == pytest.approx(expected, abs=1e-6)


def test_campaigns_on_two_planes_are_matched_by_everything_else(mixed: Side, on_vpp: Side) -> None:
    found = compare_campaigns(mixed, on_vpp)
    assert found.contrasts == (Contrast("plane", "kernel", "vpp"),)
    assert len(found.verdicts) == len(mixed.scenarios)
    assert found.verdicts["plane"].isna().all()
    s2 = row(found.verdicts, "S2")
    assert (s2["first_cell"], s2["second_cell"]) == (
        "S2-kernel-monitored-kill", "S2-vpp-monitored-kill",
    )  # fmt: skip
    assert s2["change"] == "changed"


def test_a_factor_with_several_levels_on_one_side_is_matched_by_level(
    mixed: Side, on_vpp: Side, tmp_path: Path
) -> None:
    both = side_of(tmp_path, "supported", "both", planes=("kernel", "vpp"))
    assert contrasts_of(both.scenarios, on_vpp.scenarios) == ()
    changes = compare_campaigns(both, on_vpp).verdicts.groupby("plane")["change"].unique()
    assert list(changes["vpp"]) == ["same"]
    assert list(changes["kernel"]) == ["first only"]


def only(side: Side, name: str, **levels: str) -> Side:
    """The side with these levels alone."""

    def own(table: pd.DataFrame) -> pd.DataFrame:
        return table[(table[list(levels)] == list(levels.values())).all(axis=1)]

    return Side(name, own(side.trials), own(side.scenarios))


def test_controls_do_not_keep_kinds_of_failure_from_being_compared(mixed: Side) -> None:
    killed, deleted = (
        pd.concat([t[t["scenario"] == "S1"], t[(t["scenario"] == "S9") & (t["failure"] == how)]])
        for t, how in ((mixed.scenarios, "kill"), (mixed.scenarios, "delete"))
    )
    assert contrasts_of(killed, deleted) == (Contrast("failure", "kill", "delete"),)
    found = compare_campaigns(
        Side("killed", mixed.trials, killed), Side("deleted", mixed.trials, deleted)
    )
    assert list(found.verdicts["change"]) == ["same"] * 3


def test_a_cell_that_one_campaign_lacks_is_shown_and_not_compared(
    mixed: Side, supported: Side
) -> None:
    plain, monitored = only(mixed, "plain", scenario="S9"), supported
    found = compare_campaigns(plain, monitored)
    assert row(found.verdicts, "S9", failure="kill")["change"] == "changed"
    lacking = row(found.verdicts, "S2")
    assert lacking["first_cell"] is None and lacking["change"] == "second only"
    assert (lacking["first_n"], lacking["first_verdict"]) == (0, "not tested")
    assert math.isnan(lacking["share_difference"])
    outage = row(found.times, "S2", measure="outage")
    assert math.isnan(outage["cliff_delta"]) and outage["second_median_s"] == 0


def test_campaigns_without_trials_are_compared_without_a_finding(
    mixed: Side, tmp_path: Path
) -> None:
    nothing = side_of(tmp_path, "untested", "nothing")
    assert set(compare_campaigns(nothing, mixed).verdicts["change"]) == {"second only"}
    found = compare_campaigns(nothing, replace(nothing, name="neither"))
    assert set(found.verdicts["change"]) == {"neither"}
    assert found.times.empty


def test_clusters_give_an_interval_only_where_both_have_several(
    mixed: Side, supported: Side, found: Comparison
) -> None:
    assert found.verdicts["share_cluster_low"].isna().all()
    assert found.times["delta_cluster_low"].isna().all()

    def clustered(side: Side, n: int) -> Side:
        return replace(
            side, clusters={r: f"c{at % n}" for at, r in enumerate(side.trials["record"])}
        )

    # of 17 cells each: five clusters on either side can give 0.008, six 0.002
    few = compare_campaigns(clustered(mixed, 5), clustered(supported, 5))
    assert few.verdicts["share_cluster_low"].isna().all()
    several = compare_campaigns(clustered(mixed, 6), clustered(supported, 6))
    s3 = row(several.verdicts, "S3")
    assert s3["share_cluster_low"] < s3["share_difference"] <= s3["share_cluster_high"]
    # never overlapping, in whichever clusters: nothing is known of what lies between them
    assert math.isnan(row(several.times, "S2", measure="outage")["delta_cluster_high"])


def test_the_environment_says_what_differs_and_what_does_not(mixed: Side, supported: Side) -> None:
    first = replace(mixed, facts={"lanes": "1", "Kubernetes": "v1.34.4", "kind": "0.30"})
    second = replace(supported, facts={"lanes": "5", "Kubernetes": "v1.34.4", "docker": "27"})
    table = compare_campaigns(first, second).environment.set_index("what")
    assert table["differs"].to_dict() == {
        "lanes": True, "Kubernetes": False, "kind": True, "docker": True,
    }  # fmt: skip
    assert table.loc["docker", "first"] is None


def test_two_campaigns_of_one_name_are_refused(mixed: Side) -> None:
    with pytest.raises(ValueError, match="name them apart"):
        compare_campaigns(mixed, mixed)


def test_void_attempts_are_not_compared(mixed: Side) -> None:
    assert mixed.trials["reason"].str.startswith("void:").sum() == 2
    from nsm_resilience.analysis.figures.cells import judged
    from nsm_resilience.analysis.times import times_of

    assert times_of(judged(mixed.trials), "outage_s").n == int(mixed.scenarios["n"].sum())


def test_every_column_says_what_it_means_and_keeps_its_type_without_rows() -> None:
    for table in COMPARISON_TABLES:
        assert all(column.meaning for column in table.columns)
        assert [str(t) for t in table.frame([]).dtypes] == [c.dtype for c in table.columns]
