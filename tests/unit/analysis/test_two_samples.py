# SPDX-License-Identifier: Apache-2.0
"""Against published values and against scipy; what has no value says so."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from nsm_resilience.analysis.two_samples import (
    LEAST_CLUSTERS,
    cluster_interval,
    delta_of,
    holm,
    log_rank,
    mean_difference,
    rank_effect,
    share_difference,
)

INF = math.inf


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_a_difference_of_shares_has_the_published_interval(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    difference, interval = share_difference(other, one)
    assert difference == pytest.approx(one[0] / one[1] - other[0] / other[1])
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_without_trials_there_is_no_difference() -> None:
    difference, interval = share_difference((0, 0), (3, 3))
    assert all(math.isnan(v) for v in (difference, interval.low, interval.high))


def test_the_rank_effect_counts_pairs_and_censored_ones_tie() -> None:
    # 12 pairs: the second is longer in 9, shorter in none, and ties in 3
    assert rank_effect([1, 2, 3, INF], [INF, INF, INF]).delta == pytest.approx(9 / 12)
    assert rank_effect([INF, INF], [INF, INF, INF]) == rank_effect([0.0], [0.0])


def test_the_rank_test_is_exact_for_few_values() -> None:
    # all 20 ways to part six values: two of them are as extreme
    assert rank_effect([1, 2, 3], [4, 5, 6]).p == pytest.approx(0.1)
    first, second = [1.1, 2.4, 0.3, 7.0], [3.3, 9.1, 8.2, 5.5, 6.1]
    expected = scipy.stats.mannwhitneyu(second, first, method="exact").pvalue
    assert rank_effect(first, second).p == pytest.approx(expected)


def test_the_rank_test_is_turned_round_with_its_samples() -> None:
    first, second = [1.0, 2.0, INF], [4.0, 2.0, 9.0, INF]
    there, back = rank_effect(first, second), rank_effect(second, first)
    assert there.delta == -back.delta
    assert there.p == back.p


def test_a_value_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="inf for censored"):
        rank_effect([1.0, math.nan], [2.0])


def test_the_log_rank_test_gives_freireichs_published_value() -> None:
    # 6-MP in leukaemia (Freireich et al. 1963): chi squared 16.79 with one degree of freedom
    treated = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    relapsed = [t in (7, 13, 16, 22, 23) for t in treated]
    relapsed[:3] = [True, True, True]
    relapsed[6] = True
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    p = log_rank(treated, relapsed, placebo, [True] * 21)
    assert p == pytest.approx(scipy.stats.chi2.sf(16.79, 1), rel=0.01)


def test_curves_that_are_one_have_a_log_rank_of_one() -> None:
    assert log_rank([0, 0], [True, True], [0, 0, 0], [True] * 3) == 1.0
    assert log_rank([120], [False], [110, 120], [False, False]) == 1.0
    assert math.isnan(log_rank([], [], [1.0], [True]))


def test_holm_adjusts_as_by_hand_and_leaves_what_is_not_known() -> None:
    # sorted 0.01, 0.02, 0.04: times 3, 2, 1, and never less than the one before
    found = holm([0.04, 0.01, math.nan, 0.02])
    assert found[:2] + found[3:] == pytest.approx([0.04, 0.03, 0.04])
    assert math.isnan(found[2])
    assert holm([]) == []


def test_few_clusters_give_no_interval() -> None:
    few = [[0.0, 1.0]] * (LEAST_CLUSTERS - 1)
    enough = [[0.0, 1.0]] * LEAST_CLUSTERS
    for sides in ((few, enough), (enough, few), ([[0.0] * 50], [[1.0] * 50])):
        assert math.isnan(cluster_interval(*sides, mean_difference).low)
    assert not math.isnan(cluster_interval(enough, enough, mean_difference).low)


def test_clusters_of_one_trial_are_the_ordinary_bootstrap() -> None:
    chance = np.random.default_rng(3)
    first, second = chance.normal(0, 1, 40), chance.normal(1, 1, 40)
    found = cluster_interval([[x] for x in first], [[x] for x in second], mean_difference)
    expected = scipy.stats.bootstrap(
        (first, second), lambda a, b, axis: b.mean(axis) - a.mean(axis),
        method="percentile", rng=np.random.default_rng(4),
    ).confidence_interval  # fmt: skip
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.06)


def test_what_lies_between_clusters_widens_the_interval() -> None:
    chance = np.random.default_rng(5)
    levels = [-3.0, 0.0, 3.0]
    clusters = [list(level + chance.normal(0, 0.1, 20)) for level in levels]
    pooled = [[x] for cluster in clusters for x in cluster]
    apart = cluster_interval(clusters, clusters, mean_difference)
    mixed = cluster_interval(pooled, pooled, mean_difference)
    assert apart.high - apart.low > 2 * (mixed.high - mixed.low)


def test_a_cluster_interval_of_ranks_takes_censored_values() -> None:
    never, back = [[INF] * 4] * 3, [[1.0, 2.0]] * 3
    found = cluster_interval(back, never, delta_of)
    assert (found.low, found.high) == (1.0, 1.0)
