# SPDX-License-Identifier: Apache-2.0
"""Against published values, scipy, and every deal of the trials gone through by hand."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest
import scipy.stats
from samples_of_times import censored, seen

from nsm_resilience.statistics.dominance import dominance, rank_scores
from nsm_resilience.statistics.exact_tests import (
    fisher_test,
    least_fisher_p,
    least_rank_p,
    permutation_p,
    rank_test,
)
from nsm_resilience.statistics.times import Times

# Freireich et al. (1963): weeks in remission, placebo against 6-MP
PLACEBO = seen(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
TREATED = Times(
    (6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35),
    (True,) * 9 + (False,) * 12,
)


def dealt(first: Times, second: Times) -> float:
    """The same p by going through every way to deal the pooled times to the two samples."""
    pooled = [
        *zip(first.seconds, first.observed, strict=True),
        *zip(second.seconds, second.observed, strict=True),
    ]

    def statistic(chosen: tuple[int, ...]) -> int:
        own = [pooled[at] for at in chosen]
        other = [time for at, time in enumerate(pooled) if at not in chosen]
        total = 0
        for y, y_seen in own:
            for x, x_seen in other:
                total += x_seen and (y > x if y_seen else y >= x)
                total -= y_seen and (x > y if x_seen else x >= y)
        return total

    places = range(len(pooled))
    found = [statistic(chosen) for chosen in itertools.combinations(places, second.n)]
    observed = statistic(tuple(places[first.n :]))
    tails = sum(v <= observed for v in found), sum(v >= observed for v in found)
    return min(1.0, 2 * min(tails) / len(found))


def test_p_is_exact_whatever_is_tied_or_censored() -> None:
    chance = random.Random(5)
    for _ in range(60):
        sizes = chance.randint(1, 6), chance.randint(1, 6)
        first, second = (
            Times(
                tuple(float(chance.randint(1, 6)) for _ in range(n)),
                tuple(chance.random() < 0.7 for _ in range(n)),
            )
            for n in sizes
        )
        found = rank_test(first, second)
        assert found.p == pytest.approx(dealt(first, second))
        assert found.method == "exact" and found.low == found.high == found.p
        assert found.p >= found.least - 1e-12


def test_p_is_scipys_without_ties_and_that_of_its_permutations_with_them() -> None:
    first, second = seen(1.1, 2.4, 0.3, 7.0), seen(3.3, 9.1, 8.2, 5.5, 6.1)
    exact = scipy.stats.mannwhitneyu(second.seconds, first.seconds, method="exact").pvalue
    assert rank_test(first, second).p == pytest.approx(exact)
    tied, others = seen(1, 2, 2, 3, 3), seen(2, 3, 3, 4)
    ranks = scipy.stats.rankdata([*tied.seconds, *others.seconds])
    expected = scipy.stats.permutation_test(
        (ranks[5:], ranks[:5]), lambda own, _, axis: own.sum(axis=axis),
        vectorized=True, n_resamples=math.inf,
    )  # fmt: skip
    assert rank_test(tied, others).p == pytest.approx(float(expected.pvalue))


def test_many_trials_are_counted_exactly_as_well() -> None:
    first, second = seen(*range(30)), seen(*(value + 8.5 for value in range(30)))
    found = rank_test(first, second)
    exact = scipy.stats.mannwhitneyu(second.seconds, first.seconds, method="exact").pvalue
    assert found.method == "exact" and found.p == pytest.approx(exact)


def test_gehans_statistic_of_freireichs_trial_is_the_published_one() -> None:
    # Gehan, Biometrika 52 (1965), table 1: W = 271 with a standard deviation of 76 or so
    assert abs(int(dominance(PLACEBO, TREATED).sum())) == 271
    assert int(rank_scores(PLACEBO, TREATED)[21:].sum()) == 271
    assert rank_test(PLACEBO, TREATED).p < 0.001
    assert rank_test(TREATED, PLACEBO).p == rank_test(PLACEBO, TREATED).p


def test_five_censored_against_three_seen_cannot_give_less_than_0_036() -> None:
    # an asymptotic log-rank test says 0.013 of such samples
    found = rank_test(seen(20.1, 20.3, 25.0), censored(*[113.0] * 5))
    assert found.p == found.least == pytest.approx(2 / 56)


def test_what_was_watched_for_less_is_not_taken_to_be_longer() -> None:
    assert dominance(seen(45.0), censored(30.0)).tolist() == [[0]]
    assert dominance(seen(30.0), censored(30.0)).tolist() == [[1]]
    assert dominance(censored(90.0), censored(30.0)).tolist() == [[0]]
    assert rank_test(seen(45.0, 50.0, 60.0), censored(30.0, 30.0, 30.0)).p == 1.0
    assert rank_test(censored(110, 120), censored(90, 100, 130)).p == 1.0


def test_an_empty_sample_is_no_test() -> None:
    for found in (rank_test(seen(), seen(1)), fisher_test((0, 0), (1, 2))):
        assert math.isnan(found.p) and math.isnan(found.least) and found.method == ""


def test_the_least_p_of_the_sizes_is_that_of_the_most_extreme_outcome() -> None:
    for n1, n2 in itertools.product(range(1, 7), repeat=2):
        tables = itertools.product(range(n1 + 1), range(n2 + 1))
        least = min(fisher_test((k1, n1), (k2, n2)).p for k1, k2 in tables)
        assert least_fisher_p(n1, n2) == pytest.approx(least)
        apart = rank_test(seen(*range(n1)), seen(*(100 + v for v in range(n2))))
        assert least_rank_p(n1, n2) == pytest.approx(apart.p)


def test_fishers_test_gives_the_published_p_of_the_lady_tasting_tea() -> None:
    # Fisher, The Design of Experiments (1935), chapter II: 3 of 4 right on both sides
    assert fisher_test((3, 4), (1, 4)).p == pytest.approx(34 / 70)
    assert fisher_test((4, 4), (0, 4)).p == pytest.approx(2 / 70)


def test_above_the_bound_p_is_estimated_and_says_so() -> None:
    chance = np.random.default_rng(1)
    first, second = chance.normal(0, 1, 15), chance.normal(0.9, 1, 12)
    scores = rank_scores(seen(*first), seen(*second))
    exact = permutation_p(scores, 12)
    found = permutation_p(scores, 12, most_steps=0, draws=19_999)
    assert (found.method, found.draws, exact.draws) == ("Monte Carlo", 19_999, 0)
    assert found.low < exact.p < found.high and found.low < found.p < found.high
    assert found == permutation_p(scores, 12, most_steps=0, draws=19_999)
    apart = rank_scores(seen(*range(9)), seen(*range(100, 109)))
    # never zero: (0 + 1)/(m + 1) to either side
    assert permutation_p(apart, 9, most_steps=0, draws=99).p == pytest.approx(0.02)
