# SPDX-License-Identifier: Apache-2.0
"""Against published values and against scipy; what has no value says so."""

from __future__ import annotations

import math

import pytest
import scipy.stats
from samples_of_times import censored, seen

from nsm_resilience.analysis.rank_tests import holm, log_rank, permutation_test, two_sample_test
from nsm_resilience.analysis.times import Times

# Freireich et al. (1963): weeks in remission, 6-MP against placebo
PLACEBO = seen(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
TREATED = Times(
    (6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35),
    (True,) * 9 + (False,) * 12,
)


def test_the_permutation_test_is_exact_for_few_times() -> None:
    # all 20 ways to part six times: two of them are as extreme
    assert permutation_test(seen(1, 2, 3), seen(4, 5, 6)) == pytest.approx(0.1)
    first, second = seen(1.1, 2.4, 0.3, 7.0), seen(3.3, 9.1, 8.2, 5.5, 6.1)
    expected = scipy.stats.mannwhitneyu(second.seconds, first.seconds, method="exact").pvalue
    assert permutation_test(first, second) == pytest.approx(expected)


def test_the_permutation_test_is_turned_round_with_its_samples() -> None:
    first = Times((1, 2, 120), (True, True, False))
    second = Times((4, 2, 9, 120), (True, True, True, False))
    assert permutation_test(first, second) == permutation_test(second, first) < 1.0


def test_censored_times_are_ties_to_the_permutation_test_whatever_their_bounds() -> None:
    assert permutation_test(censored(110, 120), censored(90, 100, 130)) == 1.0
    assert math.isnan(permutation_test(seen(), seen(1)))


def test_the_log_rank_test_gives_freireichs_published_value() -> None:
    # 6-MP in leukaemia (Freireich et al. 1963): chi squared 16.79 (Collett, table 2.7)
    for p in (log_rank(PLACEBO, TREATED), log_rank(TREATED, PLACEBO)):
        assert float(scipy.stats.chi2.isf(p, 1)) == pytest.approx(16.79, abs=0.01)


def test_curves_that_are_one_have_a_log_rank_of_one() -> None:
    assert log_rank(seen(0, 0), seen(0, 0, 0)) == 1.0
    assert log_rank(censored(120), censored(110, 120)) == 1.0
    assert math.isnan(log_rank(seen(), seen(1)))


def test_without_censoring_ranks_are_tested_and_with_it_survival() -> None:
    assert two_sample_test(PLACEBO, TREATED) == ("log-rank", log_rank(PLACEBO, TREATED))
    name, p = two_sample_test(seen(1, 2, 3), seen(4, 5, 6))
    assert (name, p) == ("Mann–Whitney", pytest.approx(0.1))
    assert two_sample_test(seen(2, 2), seen(2, 2)) == ("Mann–Whitney", 1.0)
    name, nothing = two_sample_test(seen(), PLACEBO)
    assert name == "" and math.isnan(nothing)


def test_p_is_adjusted_for_the_number_of_tests_that_were_made() -> None:
    # Holm (1979): the smallest of m is multiplied by m, the next by m - 1, and never decreases
    found = holm([0.01, math.nan, 0.04, 0.03])
    assert found[0] == pytest.approx(0.03)
    assert found[2] == found[3] == pytest.approx(0.06)
    assert math.isnan(found[1])
    assert holm([]) == []
