# SPDX-License-Identifier: Apache-2.0
"""Intervals by resampled blocks, against scipy and by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from samples_of_times import censored, seen

from nsm_resilience.analysis import blocks as module
from nsm_resilience.analysis.blocks import can_tell, delta_interval, share_interval
from nsm_resilience.statistics.times import Times


def test_too_few_blocks_give_no_interval() -> None:
    five, six = [*range(5)], [*range(6)]
    assert not can_tell(five, five, 0.95, paired=True) and can_tell(six, six, 0.95, paired=True)
    assert not can_tell(six, six, 0.99, paired=True)
    three, four = [*range(3)], [*range(4)]
    assert not can_tell(three, three, 0.95, paired=False)
    assert can_tell(four, four, 0.95, paired=False)
    # blocks that only one of the two has pair with nothing
    assert not can_tell([*range(6)], [*range(3, 9)], 0.95, paired=True)
    one_cluster = ["a"] * 50, ["b"] * 50
    assert math.isnan(share_interval([True] * 50, [False] * 50, one_cluster, paired=False).low)


def test_few_blocks_are_all_gone_through() -> None:
    first = [True, True, False, True, False, True]
    second = [False, True, False, False, False, False]
    blocks = [*range(6)]
    drawn = [
        np.mean([float(second[b]) for b in way]) - np.mean([float(first[b]) for b in way])
        for way in itertools.product(blocks, repeat=6)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975], method="inverted_cdf")
    found = share_interval(first, second, (blocks, blocks), paired=True)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_many_blocks_of_one_trial_are_the_ordinary_bootstrap() -> None:
    chance = np.random.default_rng(3)
    first, second = chance.random(40) < 0.3, chance.random(40) < 0.6
    found = share_interval(
        first.tolist(), second.tolist(), ([*range(40)], [*range(40)]), paired=False
    )
    expected = scipy.stats.bootstrap(
        (first.astype(float), second.astype(float)), lambda a, b, axis: b.mean(axis) - a.mean(axis),
        method="percentile", rng=np.random.default_rng(4),
    ).confidence_interval  # fmt: skip
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.03)


def test_what_a_block_adds_to_both_cancels_and_what_lies_between_blocks_does_not() -> None:
    chance = np.random.default_rng(5)
    load = chance.normal(0, 10, 8)
    first, second = seen(*(100 + load)), seen(*(101 + load + chance.normal(0, 0.1, 8)))
    blocks = [*range(8)]
    paired = delta_interval(first, second, (blocks, blocks), paired=True)
    apart = delta_interval(first, second, (blocks, blocks), paired=False)
    assert paired.high - paired.low < apart.high - apart.low


def test_trials_of_one_block_count_for_less_than_as_many_blocks() -> None:
    alike = [value for value in (True, False, True, False, False, True) for _ in range(4)]
    other = [not value for value in alike]
    together = [at // 4 for at in range(24)]
    narrow = share_interval(alike, other, ([*range(24)], [*range(24)]), paired=False)
    wide = share_interval(alike, other, (together, together), paired=False)
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_censored_times_are_longer_than_what_ended() -> None:
    blocks = [*range(6)]
    first = Times((2.0, 3.0, 4.0, 5.0, 6.0, 120.0), (True,) * 5 + (False,))
    found = delta_interval(first, censored(*[120.0] * 6), (blocks, blocks), paired=True)
    assert 0 <= found.low < found.high == 1.0


def test_blocks_that_are_all_alike_say_nothing_of_what_lies_between_blocks() -> None:
    blocks = [*range(6)]
    found = delta_interval(seen(*[2.0] * 6), censored(*[120.0] * 6), (blocks, blocks), paired=True)
    assert math.isnan(found.low) and math.isnan(found.high)


def test_above_the_bound_blocks_are_drawn_with_a_fixed_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = [True, False] * 4, [False, False, True, True] * 2
    blocks = [*range(8)]
    exact = share_interval(first, second, (blocks, blocks), paired=True)
    monkeypatch.setattr(module, "MOST_DRAWS", 0)
    drawn = share_interval(first, second, (blocks, blocks), paired=True)
    assert (drawn.low, drawn.high) == pytest.approx((exact.low, exact.high), abs=0.13)
    assert drawn == share_interval(first, second, (blocks, blocks), paired=True)
