# SPDX-License-Identifier: Apache-2.0
"""Against published values; each says where it is published."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsm_resilience.statistics.intervals import (
    kaplan_meier,
    median_interval,
    median_ranks,
    rate_interval,
    wilson,
)
from nsm_resilience.statistics.times import Times

# Freireich et al. 1963, remission of leukaemia in weeks; the standard example of survival texts
# (Kalbfleisch and Prentice; Collett), in R as MASS::gehan.
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
TREATED_SEEN = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]

# Miller 1981, survival with acute myelogenous leukaemia, maintained arm; in R as survival::aml.
MAINTAINED = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161]
MAINTAINED_SEEN = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]


def times(seconds: list[int], seen: list[int]) -> Times:
    return Times(tuple(map(float, seconds)), tuple(map(bool, seen)))


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [  # Newcombe, Stat. Med. 17 (1998) 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_newcombe(k: int, n: int, low: float, high: float) -> None:
    found = wilson(k, n)
    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-5)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [  # the study's own table, to two digits
        (3, 3, 0.44, 1),
        (5, 5, 0.57, 1),
        (10, 10, 0.72, 1),
        (9, 10, 0.60, 0.98),
        (20, 20, 0.84, 1),
        (19, 20, 0.76, 0.99),
        (30, 30, 0.89, 1),
        (59, 59, 0.94, 1),
    ],
)
def test_wilson_agrees_with_the_studys_table(k: int, n: int, low: float, high: float) -> None:
    found = wilson(k, n)
    assert (round(found.low, 2), round(found.high, 2)) == (low, high)


def test_wilson_reaches_zero_and_one_exactly() -> None:
    assert wilson(0, 7).low == 0.0 and wilson(7, 7).high == 1.0


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [  # Garwood, Biometrika 28 (1936) 437-442; Ulm, Am. J. Epidemiol. 131 (1990) 373-375
        (0, 0, 3.6889),
        (1, 0.0253, 5.5716),
        (5, 1.6235, 11.6683),
        (10, 4.7954, 18.3904),
    ],
)
def test_the_interval_of_a_rate_agrees_with_garwood(events: int, low: float, high: float) -> None:
    found = rate_interval(events, 1)
    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-5)
    per_half = rate_interval(events, 2)
    assert [per_half.low, per_half.high] == pytest.approx([low / 2, high / 2], abs=5e-5)


def test_nothing_observed_has_no_interval() -> None:
    for found in (wilson(0, 0), rate_interval(0, 0)):
        assert math.isnan(found.low) and math.isnan(found.high)
    with pytest.raises(ValueError, match="rate_interval"):
        rate_interval(-1, 1)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, -1)])
def test_wilson_refuses_impossible_counts(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="0 <= k <= n"):
        wilson(k, n)


@settings(deadline=None)
@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_mirrors(kn: tuple[int, int]) -> None:
    k, n = kn
    found, mirrored = wilson(k, n), wilson(n - k, n)
    assert 0 <= found.low <= k / n <= found.high <= 1
    assert found.low == pytest.approx(1 - mirrored.high, abs=1e-9)


@pytest.mark.parametrize(
    ("n", "ranks"),
    [  # Conover 1999, binomial table; the study's design names 6, 10, 20, 30
        (5, None),
        (6, (1, 6)),
        (8, (1, 8)),
        (9, (2, 8)),
        (10, (2, 9)),
        (20, (6, 15)),
        (30, (10, 21)),
    ],
)
def test_ranks_around_a_median_agree_with_the_tables(n: int, ranks: tuple[int, int] | None) -> None:
    found = median_ranks(n)
    assert (found and found[:2]) == ranks


def test_the_coverage_of_six_values_is_exact() -> None:
    found = median_ranks(6)
    assert found is not None and found[2] == pytest.approx(1 - 2 / 2**6)


def test_a_median_interval_is_made_of_values() -> None:
    found = median_interval([9, 1, 8, 2, 7, 3, 6, 4, 5, 10])
    assert (found.median, found.low, found.high) == (5.5, 2, 9)
    assert median_ranks(10) == (2, 9, pytest.approx(0.9785, abs=5e-5))


def test_few_values_have_a_median_but_no_interval() -> None:
    found = median_interval([3.0, 1.0, 2.0])
    assert found.median == 2.0 and math.isnan(found.low)


def test_censored_values_are_larger_than_all_others() -> None:
    found = median_interval([1, 2, 3, 4, 5, 6, 7, math.inf, math.inf, math.inf])
    assert (found.median, found.low, found.high) == (5.5, 2, math.inf)
    assert median_interval([1.0, math.inf, math.inf]).median == math.inf


def test_no_values_have_no_median() -> None:
    assert math.isnan(median_interval([]).median)


def test_an_unknown_value_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        median_interval([1.0, math.nan])


def test_kaplan_meier_agrees_with_the_treated_patients_of_freireich() -> None:
    found = kaplan_meier(times(TREATED, TREATED_SEEN))
    table = found.set_index("time_s")
    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    for time, survival in published.items():
        assert table.loc[time, "survival"] == pytest.approx(survival, abs=5e-4)
    assert list(table.loc[[6, 7, 10, 13, 16, 22, 23], "at_risk"]) == [21, 17, 15, 12, 11, 7, 6]
    assert table["censored"].sum() == 12


def test_the_interval_of_the_curve_agrees_with_sas_lifetest() -> None:
    # PROC LIFETEST prints the medians 23 (13, .) and 8 (4, 11) with its default log-log transform:
    # where the curve and its interval cross one half.
    for own, seen, crossed in (
        (TREATED, TREATED_SEEN, [23, 13, math.inf]), (PLACEBO, [1] * len(PLACEBO), [8, 4, 11]),
    ):  # fmt: skip
        table = kaplan_meier(times(own, seen))
        halves = [table.loc[table[c] <= 0.5, "time_s"] for c in ("survival", "low", "high")]
        assert [half.min() if len(half) else math.inf for half in halves] == crossed


def test_kaplan_meier_agrees_with_r_for_the_maintained_patients_of_miller() -> None:
    # summary(survfit(Surv(time, status) ~ x, data = aml)) in R
    found = kaplan_meier(times(MAINTAINED, MAINTAINED_SEEN))
    events = found[found["events"] > 0]
    assert list(events["time_s"]) == [9, 13, 18, 23, 31, 34, 48]
    assert list(events["at_risk"]) == [11, 10, 8, 7, 5, 4, 2]
    expected = [0.909, 0.818, 0.716, 0.614, 0.491, 0.368, 0.184]
    assert list(events["survival"].round(3)) == expected


def test_paths_that_never_stopped_end_at_once() -> None:
    found = kaplan_meier(times([0, 0, 12, 120], [1, 1, 1, 0]))
    assert found.loc[0, "survival"] == 0.5


def test_paths_that_all_never_came_back_are_all_still_away() -> None:
    found = kaplan_meier(times([120] * 5, [0] * 5))
    assert set(found["survival"]) == {1.0}
