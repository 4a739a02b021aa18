# SPDX-License-Identifier: Apache-2.0
"""Intervals by resampling clusters, against scipy and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from nsm_resilience.analysis.clusters import LEAST_CLUSTERS, cluster_interval, mean_difference
from nsm_resilience.analysis.differences import delta_of

INF = math.inf


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
