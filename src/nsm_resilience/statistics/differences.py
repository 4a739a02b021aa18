# SPDX-License-Identifier: Apache-2.0
"""Differences between two samples of trials: effect sizes with their intervals.

As in `statistics.intervals`, every function states its assumptions and the source of its method,
and calls a library (statsmodels, scipy, lifelines) that has it. A difference is always "second
minus first": the first sample is the reference.

`exact_tests` tests whether chance explains a difference; `analysis.blocks` makes intervals from the
blocks or the clusters of a campaign.
"""

from __future__ import annotations

import bisect
import functools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nsm_resilience.statistics.dominance import dominance
from nsm_resilience.statistics.exact_tests import can_reach, least_fisher_p, least_rank_p
from nsm_resilience.statistics.intervals import CONFIDENCE
from nsm_resilience.statistics.times import Times

EXACT_BELOW = 50
"""Trials per sample below which the distribution of ranks is counted, not approximated."""


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much the second sample is larger than the first, with a two-sided interval.

    Attributes:
        at_least: Least value that the estimate can have; -inf if censoring leaves it open.
        at_most: Largest value it can have; inf if censoring leaves it open. Without censoring both
            are the estimate; NaN if a sample is empty.
        low: Lower end of the interval; -inf if censoring leaves it open, NaN if there is none of
            this confidence.
        high: Its upper end; inf likewise.
    """

    at_least: float
    at_most: float
    low: float = math.nan
    high: float = math.nan

    @property
    def estimate(self) -> float:
        """The estimate; NaN if censoring leaves it open."""
        return self.at_least if self.at_least == self.at_most else math.nan


NO_DIFFERENCE = Difference(math.nan, math.nan)
"""A sample is empty: nothing was compared."""


def risk_difference(
    k1: int, n1: int, k2: int, n2: int, confidence: float = CONFIDENCE
) -> Difference:
    """Difference of two shares, k2/n2 - k1/n1, with Newcombe's hybrid score interval.

    Assumes two independent samples, each of independent trials with one probability. The interval
    is made of the two Wilson intervals. So it works at shares of 0 and 1 and, like them, is too
    narrow if trials share a cluster. It is NaN if Fisher's test of these sizes cannot reach the
    level: two trials against two would leave out zero at 95 %.

    Source: Newcombe, Stat. Med. 17 (1998) 873-890, method 10. Computed by `statsmodels`,
    `confint_proportions_2indep(method="newcomb")`. An empty sample gives NaN.

    Raises:
        ValueError: Unless 0 <= k <= n of either sample.
    """
    if not (0 <= k1 <= n1 and 0 <= k2 <= n2):
        raise ValueError(f"risk_difference needs 0 <= k <= n, but got {k1}/{n1} and {k2}/{n2}")
    if n1 == 0 or n2 == 0:
        return NO_DIFFERENCE
    estimate = k2 / n2 - k1 / n1
    if not can_reach(least_fisher_p(n1, n2), confidence):
        return Difference(estimate, estimate)
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        k2, n2, k1, n1, method="newcomb", compare="diff", alpha=1.0 - confidence
    )
    return Difference(estimate, estimate, max(-1.0, float(low)), min(1.0, float(high)))


def cliffs_delta(first: Times, second: Times, confidence: float = CONFIDENCE) -> Difference:
    """Cliff's delta: chance that a time of the second sample is longer, minus that it is shorter.

    -1 and 1 mean that the samples do not overlap, 0 that neither is longer on the whole. Assumes
    independent trials, no shape and no common shape. Pairs that censoring leaves undecided count as
    neither, see `dominance`.

    The interval is that of Brunner and Munzel for P(X < Y) + P(X = Y) / 2, converted to delta and
    cut at -1 and 1. It is NaN if the pairs have no variance, as in samples that do not overlap, or
    if a rank test of these sizes cannot reach the level.

    Source: Cliff, Psychol. Bull. 114 (1993) 494-509; Brunner and Munzel, Biom. J. 42 (2000) 17-25.
    Written here because statsmodels' `rank_compare_2indep` takes no undecided pairs; without them
    both agree.
    """
    if not first.n or not second.n:
        return NO_DIFFERENCE
    from scipy.stats import t

    longer = dominance(first, second)
    estimate = float(longer.mean())
    if not can_reach(least_rank_p(first.n, second.n), confidence) or min(first.n, second.n) < 2:
        return Difference(estimate, estimate)
    parts = [float(np.var(longer.mean(axis=over), ddof=1)) / n for over, n in
             ((1, first.n), (0, second.n))]  # fmt: skip
    variance = sum(parts)
    if not variance > 0:
        return Difference(estimate, estimate)
    degrees = variance**2 / sum(
        part**2 / (n - 1) for part, n in zip(parts, (first.n, second.n), strict=True)
    )
    reach = float(t.ppf(1.0 - (1.0 - confidence) / 2.0, degrees)) * math.sqrt(variance)
    return Difference(estimate, estimate, max(-1.0, estimate - reach), min(1.0, estimate + reach))


def hodges_lehmann(first: Times, second: Times, confidence: float = CONFIDENCE) -> Difference:
    """Median of all differences "second minus first", with the interval that belongs to it.

    The interval holds every shift that a two-sided Mann–Whitney test would not reject; its ends
    are two of the ordered differences. Assumes independent trials and, to be read as a shift,
    distributions of the same shape; without that it is the median difference of two trials, one of
    each sample. With ties the coverage is at least what is stated (Noether 1967).

    A censored time is a lower bound, so each difference with one is known only between two bounds.
    Both sets of bounds are ordered: the estimate and the interval become wider only where censoring
    matters. That is conservative.

    Source: Hodges and Lehmann, Ann. Math. Stat. 34 (1963) 598-611; Hollander, Wolfe and Chicken,
    Nonparametric Statistical Methods (3rd ed. 2014), sections 4.2 and 4.3, also `wilcox.test` of R.
    The null distribution is that of `scipy.stats.mannwhitneyu`, as in R exact while both samples
    are smaller than `EXACT_BELOW`, and a normal one with continuity correction beyond.
    """
    if not first.n or not second.n:
        return NO_DIFFERENCE
    x, y = np.asarray(first.seconds), np.asarray(second.seconds)
    shifts = y[None, :] - x[:, None]
    least = np.sort(np.where(np.asarray(first.observed)[:, None], shifts, -math.inf), axis=None)
    most = np.sort(np.where(np.asarray(second.observed)[None, :], shifts, math.inf), axis=None)
    rank = _shift_rank(first.n, second.n, confidence)
    low, high = (float(least[rank - 1]), float(most[-rank])) if rank else (math.nan, math.nan)
    return Difference(float(np.median(least)), float(np.median(most)), low, high)


@functools.cache
def _shift_rank(n1: int, n2: int, confidence: float) -> int | None:
    """Rank, from 1, of the ordered difference at which the interval of a shift begins.

    It is the largest r with P(U <= r - 1) <= (1 - confidence) / 2 under the null hypothesis; None
    if there is none.
    """
    tail, possible = (1.0 - confidence) / 2.0, range(1, n1 * n2 // 2 + 1)
    found = bisect.bisect_right(possible, tail, key=lambda rank: _chance_at_most(rank - 1, n1, n2))
    return possible[found - 1] if found else None


def _chance_at_most(u: int, n1: int, n2: int) -> float:
    """P(U <= u) of the Mann–Whitney statistic, from scipy, by two samples that have just that U."""
    from scipy.stats import mannwhitneyu

    second = [float(position) for position in range(1, n2 + 1)]
    below = [min(n2, max(0, u - n2 * i)) for i in range(n1)]  # second times below each first one
    first = [count + 0.5 + (i + 1) / (10.0 * n1 + 10.0) for i, count in enumerate(below)]
    method: Literal["exact", "asymptotic"] = "exact" if max(n1, n2) < EXACT_BELOW else "asymptotic"
    return float(mannwhitneyu(first, second, alternative="less", method=method).pvalue)
