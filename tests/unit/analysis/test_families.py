# SPDX-License-Identifier: Apache-2.0
"""What holds for a whole family of comparisons."""

from __future__ import annotations

import math

import numpy as np
import pytest
from samples_of_times import seen

from nsm_resilience.statistics.exact_tests import NO_TEST, PValue, fisher_test, rank_test
from nsm_resilience.statistics.families import LEVEL, adjusted, confidence_of


def test_p_is_adjusted_for_the_number_of_tests_that_were_made() -> None:
    # Holm (1979): the smallest of m is multiplied by m, the next by m - 1, and never decreases
    given = [PValue(p, 0.001, "exact", 0, p, p) for p in (0.01, 0.04, 0.03)]
    found = adjusted([given[0], NO_TEST, *given[1:]])
    assert found[0].p == pytest.approx(0.03)
    assert found[2].p == found[3].p == pytest.approx(0.06)
    assert math.isnan(found[1].p)
    assert adjusted([]) == []


def test_p_is_adjusted_as_by_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    chance = np.random.default_rng(2).random(200) ** 3
    found = adjusted([PValue(p, 0.001, "exact", 0, p, p) for p in chance.tolist()])
    wanted = multipletests(chance, method="holm")[1].tolist()
    assert [one.p for one in found] == pytest.approx(wanted)


def test_sizes_that_cannot_reach_the_level_make_no_test_and_cost_the_others_nothing() -> None:
    three, ten = fisher_test((3, 3), (0, 3)), fisher_test((10, 10), (3, 10))
    few, enough, none = adjusted([three, ten, NO_TEST])
    assert math.isnan(few.p) and few.least == pytest.approx(0.1) and not few.rejects
    assert (enough.p, enough.size) == (ten.p, 1) and enough.rejects
    assert math.isnan(none.p) and math.isnan(none.least) and not none.attainable


def test_a_test_says_what_its_sizes_could_give_after_adjustment() -> None:
    # 5 against 3: 0.036 by itself, and 0.071 in the best case beside one other
    small = rank_test(seen(1, 2, 3, 4, 5), seen(6, 7, 8))
    large = rank_test(seen(*range(10)), seen(*(value + 0.5 for value in range(10))))
    found, other = adjusted([small, large])
    assert found.p == pytest.approx(2 * 2 / 56) and found.least == found.p
    assert not found.attainable and other.attainable
    # beside one that is further apart it is the last of Holm's steps
    apart = rank_test(seen(*range(10)), seen(*range(100, 110)))
    assert adjusted([small, apart])[0].attainable


def test_adjusted_intervals_hold_together() -> None:
    assert confidence_of(1) == pytest.approx(0.95) and confidence_of(10) == pytest.approx(0.995)
    assert confidence_of(0) == pytest.approx(0.95)


def test_a_family_without_any_difference_is_seldom_called_anything() -> None:
    chance = np.random.default_rng(11)
    families = 200
    alarms = 0
    for _ in range(families):
        tests: list[PValue] = []
        for _ in range(8):
            n1, n2 = chance.integers(2, 8, size=2)
            tests.append(rank_test(seen(*chance.random(n1)), seen(*chance.random(n2))))
        alarms += any(one.rejects for one in adjusted(tests))
    assert alarms / families <= LEVEL + 2 * math.sqrt(LEVEL * (1 - LEVEL) / families)
