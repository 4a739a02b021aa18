# SPDX-License-Identifier: Apache-2.0
"""Differences between two samples of trials: effect sizes with intervals, and rank tests.

As in `analysis.statistics`, every function says what it assumes and where the method comes from,
and calls a library (statsmodels, scipy, lifelines) wherever that has the method. A difference is
always "second minus first": the first sample is the level that is compared with.

Times may be right-censored. A censored one is given with `observed` False and is a lower bound.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nsm_resilience.analysis.statistics import CONFIDENCE, Interval, check_confidence

Test = Literal["Mann–Whitney", "log-rank", ""]


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one sample, each with whether its end was seen.

    Attributes:
        seconds: finite; where `observed` is False a lower bound.
        observed: one flag per time.

    Raises:
        ValueError: lengths differ, or a time is not finite.
    """

    seconds: tuple[float, ...]
    observed: tuple[bool, ...]

    def __post_init__(self) -> None:
        if len(self.seconds) != len(self.observed):
            raise ValueError(
                f"times need one flag each, but there are {len(self.seconds)} times and "
                f"{len(self.observed)} flags"
            )
        if not all(math.isfinite(value) for value in self.seconds):
            raise ValueError(
                "times need to be finite; give the end of the watch and observed=False for what "
                "was not seen in it"
            )

    @property
    def n(self) -> int:
        """How many times there are."""
        return len(self.seconds)

    @property
    def censored(self) -> int:
        """How many of them are lower bounds."""
        return self.observed.count(False)

    @property
    def ranked(self) -> tuple[float, ...]:
        """The times for methods of ranks: a censored one is longer than any that was observed."""
        pairs = zip(self.seconds, self.observed, strict=True)
        return tuple(value if seen else math.inf for value, seen in pairs)


@dataclass(frozen=True, slots=True)
class Difference:
    """An estimate with its two-sided interval; NaN where there is none."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Shift:
    """By how many seconds the second sample is longer than the first.

    Attributes:
        at_least: Least value that the estimate can have; -inf where censoring leaves it open.
        at_most: Largest value it can have; inf where censoring leaves it open. Without censoring
            both are the Hodges–Lehmann estimate.
        interval: Interval of the shift, open (infinite) at an end that censoring leaves open; NaN
            where the samples are too small for the confidence asked.
    """

    at_least: float
    at_most: float
    interval: Interval

    @property
    def estimate(self) -> float:
        """The estimate; NaN where censoring leaves it open."""
        return self.at_least if self.at_least == self.at_most else math.nan


def risk_difference(
    k1: int, n1: int, k2: int, n2: int, confidence: float = CONFIDENCE
) -> Difference:
    """Difference of two shares, k2/n2 - k1/n1, with Newcombe's hybrid score interval.

    Assumes two independent samples, each of independent trials with one probability. The interval
    is made of the two Wilson intervals, so it behaves at shares of 0 and 1 and at small n.

    Source: Newcombe, Stat. Med. 17 (1998) 873-890, method 10. Computed by `statsmodels`,
    `confint_proportions_2indep(method="newcomb")`.

    Args:
        k1: Successes of the first sample, 0 <= k1 <= n1.
        n1: Trials of the first sample; 0 gives NaN, because nothing was observed.
        k2: Successes of the second sample.
        n2: Trials of the second sample.
        confidence: Two-sided confidence, between 0 and 1 (both excluded).

    Raises:
        ValueError: If a count does not fit its number of trials, or the confidence is no fraction.
    """
    check_confidence(confidence)
    if not (0 <= k1 <= n1 and 0 <= k2 <= n2):
        raise ValueError(f"risk_difference needs 0 <= k <= n, but got {k1}/{n1} and {k2}/{n2}")
    if n1 == 0 or n2 == 0:
        return Difference(math.nan, math.nan, math.nan)
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        k2, n2, k1, n1, method="newcomb", compare="diff", alpha=1.0 - confidence
    )
    return Difference(k2 / n2 - k1 / n1, float(low), float(high))


def cliffs_delta(first: Times, second: Times, confidence: float = CONFIDENCE) -> Difference:
    """Cliff's delta: chance that a time of the second sample is longer, minus that it is shorter.

    -1 and 1 mean that the samples do not overlap, 0 that neither is longer on the whole. Assumes
    independent trials, no shape and no common shape. Censored times are ties among each other and
    longer than all observed ones, which holds where the watches are equally long.

    The interval is that of Brunner and Munzel for P(X < Y) + P(X = Y) / 2, carried over to delta
    and cut at -1 and 1. It does not exist (NaN) where the ranks leave no variance to estimate it
    from: samples that do not overlap at all, or fewer than two trials in one.

    Source: Cliff, Psychol. Bull. 114 (1993) 494-509; Brunner and Munzel, Biom. J. 42 (2000) 17-25.
    Computed by `statsmodels.stats.nonparametric.rank_compare_2indep`.
    """
    check_confidence(confidence)
    if not first.n or not second.n:
        return Difference(math.nan, math.nan, math.nan)
    from statsmodels.stats.nonparametric import rank_compare_2indep

    with warnings.catch_warnings():  # it divides by a variance of zero, which is looked at below
        warnings.simplefilter("ignore", RuntimeWarning)
        found = rank_compare_2indep(second.ranked, first.ranked)
        low, high = found.confint_lintransf(const=-1, slope=2, alpha=1.0 - confidence)
    estimate = 2.0 * float(found.prob1) - 1.0
    if not found.var > 0:
        return Difference(estimate, math.nan, math.nan)
    return Difference(estimate, max(-1.0, float(low)), min(1.0, float(high)))


def hodges_lehmann(first: Times, second: Times, confidence: float = CONFIDENCE) -> Shift:
    """Median of all differences "second minus first", with the interval that belongs to it.

    The interval holds every shift that a two-sided Mann–Whitney test would not reject; its ends
    are two of the ordered differences. Assumes independent trials and, to be read as a shift,
    distributions of the same shape; without that it is the median difference of two trials, one of
    each sample. With ties the coverage is at least what is stated (Noether 1967).

    A censored time may be any longer one. So every difference is known only between two bounds;
    both sets of bounds are ordered, and the estimate and the interval become wider where it matters
    and stay what they are where it does not. That is conservative, never optimistic.

    Source: Hodges and Lehmann, Ann. Math. Stat. 34 (1963) 598-611; Hollander, Wolfe and Chicken,
    Nonparametric Statistical Methods (3rd ed. 2014), sections 4.2 and 4.3, also `wilcox.test` of R.
    The null distribution is that of `scipy.stats.mannwhitneyu(method="exact")`.
    """
    check_confidence(confidence)
    if not first.n or not second.n:
        return Shift(math.nan, math.nan, Interval(math.nan, math.nan))
    import numpy as np

    least = sorted(
        y - x if seen else -math.inf
        for x, seen in zip(first.seconds, first.observed, strict=True)
        for y in second.seconds
    )
    most = sorted(
        y - x if seen else math.inf
        for x in first.seconds
        for y, seen in zip(second.seconds, second.observed, strict=True)
    )
    rank = _shift_rank(first.n, second.n, confidence)
    interval = (
        Interval(math.nan, math.nan) if rank is None else Interval(least[rank - 1], most[-rank])
    )
    return Shift(float(np.median(least)), float(np.median(most)), interval)


@functools.cache
def _shift_rank(n1: int, n2: int, confidence: float) -> int | None:
    """Rank, from 1, of the ordered difference at which the interval of a shift begins.

    It is the largest r with P(U <= r - 1) <= (1 - confidence) / 2 under the null hypothesis; None
    when even the smallest difference is too far in.
    """
    tail, found = (1.0 - confidence) / 2.0, None
    for rank in range(1, n1 * n2 // 2 + 1):
        if _chance_at_most(rank - 1, n1, n2) > tail:
            break
        found = rank
    return found


def _chance_at_most(u: int, n1: int, n2: int) -> float:
    """P(U <= u) of the Mann–Whitney statistic, from scipy, by two samples that have just that U."""
    from scipy.stats import mannwhitneyu

    second = [float(position) for position in range(1, n2 + 1)]
    below = [min(n2, max(0, u - n2 * i)) for i in range(n1)]  # how many of the second each exceeds
    first = [count + 0.5 + (i + 1) / (10.0 * n1 + 10.0) for i, count in enumerate(below)]
    return float(mannwhitneyu(first, second, alternative="less", method="exact").pvalue)


def two_sample_test(first: Times, second: Times) -> tuple[Test, float]:
    """Test whether two samples of times differ; the test's name and its two-sided p.

    The log-rank test where a time of either is censored, else the Mann–Whitney test (exact without
    ties, with the corrected normal approximation otherwise). The log-rank test assumes that
    censoring says nothing about the time, and is strongest where one sample is longer throughout.
    p is 1 where all times are equal or none was observed, NaN and no name without a trial on
    either side.

    Source: Mann and Whitney, Ann. Math. Stat. 18 (1947) 50-60, by `scipy.stats.mannwhitneyu`;
    Mantel, Cancer Chemother. Rep. 50 (1966) 163-170, by `lifelines.statistics.logrank_test`.
    """
    if not first.n or not second.n:
        return "", math.nan
    if first.censored or second.censored:
        if first.censored == first.n and second.censored == second.n:
            return "log-rank", 1.0
        from lifelines.statistics import logrank_test

        result = logrank_test(first.seconds, second.seconds, first.observed, second.observed)
        return "log-rank", float(result.p_value)
    if len({*first.seconds, *second.seconds}) == 1:
        return "Mann–Whitney", 1.0
    from scipy.stats import mannwhitneyu

    return "Mann–Whitney", float(mannwhitneyu(second.seconds, first.seconds).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p of several tests for their number; NaN stays NaN and counts as no test.

    Keeps the chance of one or more false alarms among all of them below the level, whatever their
    dependence. Source: Holm, Scand. J. Stat. 6 (1979) 65-70. Computed by `statsmodels`.
    """
    from statsmodels.stats.multitest import multipletests

    tested = [p for p in p_values if not math.isnan(p)]
    adjusted = iter(multipletests(tested, method="holm")[1].tolist() if tested else [])
    return [math.nan if math.isnan(p) else float(next(adjusted)) for p in p_values]
