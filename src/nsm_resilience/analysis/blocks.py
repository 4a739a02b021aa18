# SPDX-License-Identifier: Apache-2.0
"""Intervals for trials that are not independent: blocks, turns or clusters are resampled.

Trials of one block were run close in time, those of one cluster share its state. So whole blocks
are resampled, not trials, and what the trials of a block share stays together. If two cells have
trials in the same blocks, each block is drawn for both, and its effect on both cancels (`paired`).
Cells of different campaigns, or of different turns, have different blocks.

With few blocks all ways to draw them are enumerated, with their chances; above `MOST_DRAWS` they
are drawn at random with a fixed seed. There is no interval if no test with the block as its unit
could reach the level, or if all draws are equal.

Source: Davison and Hinkley, Bootstrap Methods and their Application (1997), section 3.8, the plan
that draws whole clusters; Kalibera and Jones, ISMM 2013, 63-74, on what to draw in benchmarks.
With few blocks such an interval is somewhat too narrow.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from nsm_resilience.statistics.dominance import dominance
from nsm_resilience.statistics.exact_tests import can_reach, least_rank_p
from nsm_resilience.statistics.intervals import CONFIDENCE, NO_INTERVAL, Interval
from nsm_resilience.statistics.times import Times

MOST_DRAWS = 100_000
"""Most ways to draw the blocks that are enumerated; ten blocks have 92,378."""

DRAWS = 9_999
_SEED = 20191218

Blocks = Sequence[Hashable]
"""Block of each trial of a sample, in the order of its values."""


def least_paired_p(blocks: int) -> float:
    """Least two-sided p of a sign test with one sign for each block: all are equal."""
    return min(1.0, 2.0 * 0.5**blocks)


def can_tell(first: Blocks, second: Blocks, confidence: float, *, paired: bool) -> bool:
    """Whether these numbers of blocks can give an interval of this confidence.

    95 % needs six paired blocks, as a median needs six values; else four and four.
    """
    if paired:
        least = least_paired_p(len({*first} & {*second}))
    else:
        least = least_rank_p(len({*first}), len({*second}))
    return can_reach(least, confidence)


def share_interval(
    first: Sequence[bool],
    second: Sequence[bool],
    blocks: tuple[Blocks, Blocks],
    confidence: float = CONFIDENCE,
    *,
    paired: bool,
) -> Interval:
    """Interval of the difference of two shares, second less first, by resampled blocks.

    Args:
        blocks: Block of each trial of both.
        paired: Whether equal blocks of both samples are the same block; see the module.

    Returns:
        NaN if there are too few blocks.
    """
    pairs = np.asarray(second, dtype=float)[None, :] - np.asarray(first, dtype=float)[:, None]
    return _interval(pairs, blocks, confidence, paired=paired)


def delta_interval(
    first: Times,
    second: Times,
    blocks: tuple[Blocks, Blocks],
    confidence: float = CONFIDENCE,
    *,
    paired: bool,
) -> Interval:
    """Interval of Cliff's delta by resampled blocks; arguments as of `share_interval`."""
    return _interval(dominance(first, second), blocks, confidence, paired=paired)


def _interval(
    pairs: NDArray[np.float64] | NDArray[np.int64],
    blocks: tuple[Blocks, Blocks],
    confidence: float,
    *,
    paired: bool,
) -> Interval:
    """Percentile interval of the mean over all pairs of trials, one of each sample.

    The mean of a draw is u'Pv / u'Nv: u and v count how often each block of either sample was
    drawn, P has the sums and N the numbers of pairs by block and block. Draws without any pair are
    left out.
    """
    if not can_tell(*blocks, confidence, paired=paired) or (pairs == pairs.flat[0]).all():
        return NO_INTERVAL  # too few blocks, or all draws are equal
    if paired:
        names = [list(dict.fromkeys((*blocks[0], *blocks[1])))] * 2
    else:
        names = [list(dict.fromkeys(own)) for own in blocks]
    of_block = [
        np.asarray([[block == name for block in own] for name in known], dtype=float)
        for own, known in zip(blocks, names, strict=True)
    ]
    sums = of_block[0] @ pairs @ of_block[1].T
    numbers = of_block[0].sum(axis=1)[:, None] * of_block[1].sum(axis=1)[None, :]
    first, second, chance = _draws(len(names[0]), len(names[1]), paired=paired)
    count = ((first @ numbers) * second).sum(axis=1)
    kept = count > 0
    values = ((first @ sums) * second).sum(axis=1)[kept] / count[kept]
    tail = (1.0 - confidence) / 2.0
    return _quantiles(values, chance[kept], tail)


def _draws(
    n1: int, n2: int, *, paired: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """How often each block is drawn, of either sample, and the chance of each such draw."""
    ways = math.comb(2 * n1 - 1, n1) * (1 if paired else math.comb(2 * n2 - 1, n2))
    if ways <= MOST_DRAWS:
        first, chance = _multisets(n1)
        if paired:
            return first, first, chance
        second, other = _multisets(n2)
        return (
            np.repeat(first, len(second), axis=0),
            np.tile(second, (len(first), 1)),
            np.outer(chance, other).ravel(),
        )
    drawn = np.random.default_rng(_SEED)
    first = drawn.multinomial(n1, [1.0 / n1] * n1, size=DRAWS).astype(float)
    second = first if paired else drawn.multinomial(n2, [1.0 / n2] * n2, size=DRAWS).astype(float)
    return first, second, np.full(DRAWS, 1.0 / DRAWS)


@functools.cache
def _multisets(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All ways to draw n of n with replacement, as counts, with their multinomial chances."""
    bars = np.asarray(list(itertools.combinations(range(2 * n - 1), n - 1)), dtype=int)
    bars = bars.reshape(math.comb(2 * n - 1, n - 1), n - 1)
    edges = np.pad(bars, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, 2 * n - 1)))
    counts = np.diff(edges, axis=1) - 1
    logs = np.asarray([math.lgamma(k + 1) for k in range(n + 1)])
    chance = np.exp(logs[n] - logs[counts].sum(axis=1) - n * math.log(n))
    return counts.astype(float), chance


def _quantiles(values: NDArray[np.float64], chance: NDArray[np.float64], tail: float) -> Interval:
    """Ends of the shortest closed interval that cuts off no more than `tail` at either side."""
    if values.min() == values.max():
        return NO_INTERVAL  # all draws are equal: no difference between blocks was seen
    order = np.argsort(values, kind="stable")
    below = np.cumsum(chance[order]) / chance.sum()
    low = int(np.searchsorted(below, tail + 1e-12, side="right"))
    high = int(np.searchsorted(below, 1.0 - tail - 1e-12, side="left"))
    last = len(order) - 1
    return Interval(float(values[order[min(low, last)]]), float(values[order[min(high, last)]]))
