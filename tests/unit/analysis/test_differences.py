# SPDX-License-Identifier: Apache-2.0
"""Effect sizes against published values, R, and enumeration."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest
from samples_of_times import censored, seen

from nsm_resilience.statistics import differences
from nsm_resilience.statistics.differences import (
    cliffs_delta,
    hodges_lehmann,
    risk_difference,
)
from nsm_resilience.statistics.exact_tests import rank_test
from nsm_resilience.statistics.times import Times

INF = math.inf


# Hollander and Wolfe (1973), p. 69: permeability constants, the example of R's wilcox.test
AT_TERM = seen(0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46)
EARLIER = seen(1.15, 0.88, 0.90, 0.74, 1.21)


# Newcombe (1998), table II, method 10: (k, n) of both samples and the published limits
@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0000),
        ((10, 10, 0, 10), 0.6075, 1.0000),
    ],
)
def test_a_difference_of_shares_has_the_published_interval(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    k1, n1, k2, n2 = counts
    found = risk_difference(k2, n2, k1, n1)  # published as first minus second
    assert found.estimate == pytest.approx(k1 / n1 - k2 / n2)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_a_difference_of_shares_without_trials_is_unknown_and_impossible_counts_are_refused() -> (
    None
):
    assert math.isnan(risk_difference(0, 0, 1, 3).low)
    with pytest.raises(ValueError, match="4/3"):
        risk_difference(4, 3, 1, 3)


def test_a_shift_and_its_interval_are_those_of_r() -> None:
    # wilcox.test(at_term, earlier, conf.int = TRUE): 0.305, -0.15 to 0.76, p = 0.2544
    found = hodges_lehmann(EARLIER, AT_TERM)
    assert found.estimate == pytest.approx(0.305)
    assert (found.low, found.high) == pytest.approx((-0.15, 0.76))
    assert rank_test(EARLIER, AT_TERM).p == pytest.approx(0.2544, abs=5e-5)


@pytest.mark.parametrize(("n1", "n2"), [(4, 4), (4, 5), (6, 5), (3, 7)])
def test_the_interval_of_a_shift_covers_as_often_as_is_stated(n1: int, n2: int) -> None:
    """Without a shift every order of the values is equally likely: count those that miss zero."""
    missed = orders = 0
    for places in itertools.combinations(range(n1 + n2), n1):
        first = seen(*(float(p) for p in places))
        second = seen(*(float(p) for p in range(n1 + n2) if p not in places))
        interval = hodges_lehmann(first, second)
        missed += not interval.low <= 0 <= interval.high
        orders += 1
    assert 0 < missed / orders <= 0.05


def test_the_interval_of_a_shift_of_large_samples_is_nearly_that_of_the_exact_distribution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = np.random.default_rng(6)
    first = seen(*chance.exponential(1.0, differences.EXACT_BELOW))
    second = seen(*(chance.exponential(1.0, differences.EXACT_BELOW) + 0.5))
    found = hodges_lehmann(first, second)
    monkeypatch.setattr(differences, "EXACT_BELOW", differences.EXACT_BELOW + 1)
    differences._shift_rank.cache_clear()
    exact = hodges_lehmann(first, second)
    differences._shift_rank.cache_clear()
    assert exact.low <= 0.5 <= exact.high
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.01)


def test_seven_hundred_trials_of_a_cell_are_compared_in_no_time() -> None:
    many, later = seen(*range(700)), seen(*(s + 40 for s in range(700)))
    begin = time.process_time()
    assert hodges_lehmann(many, later).estimate == 40
    assert time.process_time() - begin < 5


def test_three_trials_on_either_side_give_a_shift_without_an_interval() -> None:
    found = hodges_lehmann(seen(1, 2, 3), seen(2, 3, 4))
    assert found.estimate == 1
    assert math.isnan(found.low)


def test_a_shift_to_what_never_ended_is_a_lower_bound() -> None:
    found = hodges_lehmann(seen(1, 2, 3, 4), censored(100, 101, 102, 103))
    assert math.isnan(found.estimate)
    assert (found.at_least, found.at_most) == (99.0, INF)
    assert (found.low, found.high) == (96.0, INF)


def test_two_samples_that_never_ended_say_nothing_of_their_difference() -> None:
    never = censored(110, 111, 112, 113)
    found = hodges_lehmann(never, never)
    assert (found.at_least, found.at_most) == (-INF, INF)
    assert (found.low, found.high) == (-INF, INF)
    assert rank_test(never, never).p == 1.0


def test_one_censored_time_leaves_the_median_shift_alone_and_widens_the_interval() -> None:
    whole = hodges_lehmann(seen(1, 2, 3, 4, 5), seen(11, 12, 13, 14, 15))
    one = Times((11, 12, 13, 14, 15), (True, True, True, True, False))
    found = hodges_lehmann(seen(1, 2, 3, 4, 5), one)
    assert found.estimate == whole.estimate == 10
    assert found.low == whole.low
    assert found.high >= whole.high


def test_the_bounds_hold_whatever_the_censored_time_was() -> None:
    first, cut = seen(1, 5, 9, 14), Times((3, 8, 20, 20), (True, True, False, False))
    bounds = hodges_lehmann(first, cut)
    for longer in (20.0, 35.0, 500.0):
        true = hodges_lehmann(first, seen(3, 8, longer, longer + 1))
        assert bounds.at_least <= true.estimate <= bounds.at_most
        assert bounds.low <= true.low
        assert bounds.high >= true.high


def test_cliffs_delta_counts_pairs_and_has_the_interval_of_brunner_and_munzel() -> None:
    # Brunner and Munzel (2000): pain scores, P(X < Y) + P(X = Y) / 2 = 0.788961, 0.595217 to
    # 0.982705 (as printed by brunner.munzel.test of R's lawstat)
    control = seen(1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 1, 1)
    treated = seen(3, 3, 4, 3, 1, 2, 3, 1, 1, 5, 4)
    found = cliffs_delta(control, treated)
    pairs = [(y > x) - (y < x) for x in control.seconds for y in treated.seconds]
    assert found.estimate == pytest.approx(sum(pairs) / len(pairs))
    assert found.estimate == pytest.approx(2 * 0.788961 - 1, abs=2e-6)
    assert (found.low, found.high) == pytest.approx((2 * 0.595217 - 1, 2 * 0.982705 - 1), abs=2e-6)


def test_cliffs_delta_counts_two_censored_times_as_a_tie() -> None:
    # 12 pairs: the second is longer in 9, shorter in none, and ties in 3
    first = Times((1, 2, 3, 120), (True, True, True, False))
    second = censored(120, 120, 120)
    assert cliffs_delta(first, second).estimate == pytest.approx(9 / 12)
    assert cliffs_delta(second, first).estimate == pytest.approx(-9 / 12)
    assert math.isnan(cliffs_delta(Times((), ()), first).estimate)


def test_cliffs_delta_without_censoring_is_that_of_statsmodels() -> None:
    from statsmodels.stats.nonparametric import rank_compare_2indep

    chance = np.random.default_rng(8)
    for n1, n2 in ((4, 4), (5, 9), (20, 12)):
        first, second = chance.integers(0, 9, n1) * 1.0, chance.integers(3, 12, n2) * 1.0
        library = rank_compare_2indep(second, first).confint_lintransf(const=-1, slope=2)
        found = cliffs_delta(seen(*first), seen(*second))
        low, high = (float(end) for end in library)
        assert (found.low, found.high) == pytest.approx((max(-1, low), min(1, high)))


def test_sizes_that_cannot_reach_a_level_give_no_interval_at_it() -> None:
    # two against two: Newcombe's interval alone would leave out zero at 95 %
    assert math.isnan(risk_difference(0, 2, 2, 2).low)
    assert math.isnan(risk_difference(0, 3, 3, 3).low)
    assert risk_difference(0, 4, 4, 4).low > 0
    assert math.isnan(risk_difference(0, 4, 4, 4, confidence=0.995).low)
    assert math.isnan(cliffs_delta(seen(1, 3, 5), seen(2, 4, 6)).low)


def test_cliffs_delta_of_samples_that_do_not_overlap_has_no_interval() -> None:
    found = cliffs_delta(seen(1, 2, 3), censored(100, 100, 100))
    assert found.estimate == 1.0
    assert math.isnan(found.low)


def test_cliffs_delta_never_leaves_its_scale() -> None:
    found = cliffs_delta(seen(1, 2, 3, 4, 5, 6), seen(3, 4, 5, 6, 7, 8.5))
    assert -1 <= found.low < found.estimate < found.high == 1.0
