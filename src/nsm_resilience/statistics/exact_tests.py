# SPDX-License-Identifier: Apache-2.0
"""Tests of two small samples: does chance explain that they differ?

Every p here is exact, by counting all ways to deal the same trials to the two samples, as long as
there are few enough of them (`MOST_STEPS`). Above that bound it is a Monte Carlo estimate, marked
as one, with its number of draws and its own interval. No asymptotic p is ever given.

A sample can be so small that no outcome would give a small p. So every result states the least p
that its two sizes can give; `families` makes no test if that is above the level.

`differences` gives the size of a difference.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nsm_resilience.statistics.dominance import rank_scores
from nsm_resilience.statistics.times import Times

Method = Literal["exact", "Monte Carlo", ""]

MOST_STEPS = 200_000_000
"""Additions that an exact count may take, about a second: 60 trials against 60 are well within."""

DRAWS = 99_999
"""Permutations drawn above that bound; p is then a multiple of 1/100,000."""

_AT_ONCE = 500
_SEED = 20191218
_MONTE_CARLO_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class PValue:
    """A two-sided p and how it was computed.

    Attributes:
        p: NaN if a sample is empty.
        least: Least p that any outcome of samples of these sizes can have; NaN as p.
        method: `exact`, or `Monte Carlo`; empty if p is NaN.
        draws: Permutations drawn; 0 if p is exact.
        low: Lower end of the 95 % interval of a Monte Carlo p; p itself if it is exact.
        high: Its upper end.
    """

    p: float
    least: float
    method: Method
    draws: int
    low: float
    high: float


NO_TEST = PValue(math.nan, math.nan, "", 0, math.nan, math.nan)
"""A sample is empty: nothing was compared."""


def rank_test(first: Times, second: Times) -> PValue:
    """Test two samples of times by Gehan's form of the Mann-Whitney test, by permutation.

    The statistic is the number of pairs of trials in which the second is longer less those in which
    it is shorter. A pair that censoring leaves undecided counts as neither, as do equal times. So
    it is the Mann-Whitney test where nothing is censored. Assumes that trials are exchangeable if
    nothing differs, no shape and no hazard. p is twice the smaller tail, at most 1: the
    distribution need not be symmetric when there are ties.

    Source: Gehan, Biometrika 52 (1965) 203-223; Mann and Whitney, Ann. Math. Stat. 18 (1947) 50-60;
    counted by the shift algorithm of Streitberg and Röhmel, Stat. Softw. Newsl. 12 (1986) 10-17.
    """
    if not first.n or not second.n:
        return NO_TEST
    return permutation_p(rank_scores(first, second), second.n)


def permutation_p(
    scores: NDArray[np.int64], n2: int, most_steps: int = MOST_STEPS, draws: int = DRAWS
) -> PValue:
    """Two-sided permutation p of the sum of the last n2 of these whole scores, one for each trial.

    Args:
        n2: Trials of the second sample, at least 1 and fewer than there are scores.
        most_steps, draws: See `MOST_STEPS` and `DRAWS`.
    """
    shifted = scores - scores.min()
    step = int(np.gcd.reduce(shifted)) or 1
    shifted //= step
    n1, sums = len(scores) - n2, int(np.sort(shifted)[-min(n2, len(scores) - n2) :].sum())
    least = least_rank_p(n1, n2)
    # the sum of the smaller sample is enough: both together have a fixed sum
    own, size = (shifted[n1:], n2) if n2 <= n1 else (shifted[:n1], n1)
    observed = int(own.sum())
    if len(scores) * size * (sums + 1) > most_steps:
        return _monte_carlo(shifted, observed, size, least, draws)
    counts = _counts(shifted, size, sums)
    whole = counts.sum()
    tail = min(counts[: observed + 1].sum(), counts[observed:].sum()) / whole
    p = min(1.0, 2.0 * float(tail))
    return PValue(p, least, "exact", 0, p, p)


def _counts(scores: NDArray[np.int64], size: int, most: int) -> NDArray[np.float64]:
    """How many subsets of this size have each sum, from 0 to `most`."""
    ways = np.zeros((size + 1, most + 1))
    ways[0, 0] = 1.0
    for score in scores.tolist():
        if score <= most:
            # the copy is the state before this score: both sides overlap
            ways[1:, score:] += ways[:-1, : most + 1 - score].copy()
    counts: NDArray[np.float64] = ways[size]
    return counts


def _monte_carlo(
    scores: NDArray[np.int64], observed: int, size: int, least: float, draws: int
) -> PValue:
    """The estimate (b + 1)/(m + 1), which is never 0 and keeps the level of the test.

    Source: Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010) 39. The interval is Clopper
    and Pearson's for the chance of the tail, doubled.
    """
    from scipy.stats import binomtest

    chance = np.random.default_rng(_SEED)
    below = above = 0
    for begin in range(0, draws, _AT_ONCE):
        rows = min(_AT_ONCE, draws - begin)
        drawn = chance.permuted(np.tile(scores, (rows, 1)), axis=1)[:, :size].sum(axis=1)
        below += int((drawn <= observed).sum())
        above += int((drawn >= observed).sum())
    tail = min(below, above)
    found = binomtest(tail, draws).proportion_ci(_MONTE_CARLO_CONFIDENCE, method="exact")
    return PValue(
        min(1.0, 2.0 * (tail + 1) / (draws + 1)),
        least,
        "Monte Carlo",
        draws,
        min(1.0, 2.0 * float(found.low)),
        min(1.0, 2.0 * float(found.high)),
    )


def fisher_test(first: tuple[int, int], second: tuple[int, int]) -> PValue:
    """Two-sided p of Fisher's exact test that two shares are one.

    Assumes independent trials, and takes the number of successes in both together as given. p sums
    the tables that are no more probable than the one found. It is conservative.

    Source: Fisher, J. R. Stat. Soc. 98 (1935) 39-82. Computed by `scipy.stats.fisher_exact`.

    Args:
        first, second: Successes and trials, (k, n).
    """
    (k1, n1), (k2, n2) = first, second
    if not n1 or not n2:
        return NO_TEST
    from scipy.stats import fisher_exact

    p = float(fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue)
    return PValue(p, least_fisher_p(n1, n2), "exact", 0, p, p)


@functools.cache
def least_rank_p(n1: int, n2: int) -> float:
    """Least two-sided p of a permutation test of n1 against n2 trials: one order of all, doubled.

    >>> round(least_rank_p(3, 3), 3), round(least_rank_p(5, 3), 3)
    (0.1, 0.036)
    """
    return min(1.0, 2.0 / math.comb(n1 + n2, n1)) if n1 and n2 else math.nan


@functools.cache
def least_fisher_p(n1: int, n2: int) -> float:
    """Least two-sided p of Fisher's test of n1 against n2 trials: all of one, none of the other.

    With equal sizes the opposite outcome is as improbable, so both count.

    >>> round(least_fisher_p(3, 3), 3), round(least_fisher_p(5, 3), 3)
    (0.1, 0.018)
    """
    if not n1 or not n2:
        return math.nan
    return min(1.0, (2.0 if n1 == n2 else 1.0) / math.comb(n1 + n2, n1))


def can_reach(least_p: float, confidence: float) -> bool:
    """Whether samples of such sizes can give an interval of this confidence at all."""
    return least_p <= 1.0 - confidence + 1e-12
