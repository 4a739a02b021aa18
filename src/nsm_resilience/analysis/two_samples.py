# SPDX-License-Identifier: Apache-2.0
"""Two samples side by side: how far apart they are, and whether chance explains it.

Differences are always second minus first. Times are seconds; a right-censored one is `math.inf`
where ranks are all that is used, and a duration with its flag where the watch matters. As in
`statistics`, every function calls a well-kept library and says what it assumes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nsm_resilience.analysis.statistics import CONFIDENCE, Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PERMUTATIONS = 9999
"""At most so many; all of them, and so an exact test, where there are no more than that."""

LEAST_CLUSTERS = 3
"""Of two clusters every other resampled campaign is one of them twice, whatever lies between."""

RESAMPLES = 2000

_SEED = 20191218


@dataclass(frozen=True, slots=True)
class RankEffect:
    """How often a value of the second sample is the larger one.

    Attributes:
        delta: Cliff's delta, P(second > first) - P(second < first), from -1 to 1; NaN without data.
        p: Two-sided p value of the Mann-Whitney test by permutation; NaN without data.
    """

    delta: float
    p: float


def share_difference(
    first: tuple[int, int], second: tuple[int, int], confidence: float = CONFIDENCE
) -> tuple[float, Interval]:
    """Difference of two shares, second minus first, with Newcombe's hybrid score interval.

    Assumes independent trials within and between the two, each group with one probability of
    success; it is made of the two Wilson intervals and, like them, is the optimistic one where
    trials share a cluster.

    Source: Newcombe, Stat. Med. 17 (1998) 873-890, method 10. Computed by
    `statsmodels.stats.proportion`.

    Args:
        first: Successes and trials, (k, n).
        second: The same of the other.
        confidence: Two-sided confidence, between 0 and 1 (both excluded).

    Returns:
        The difference and its interval; all NaN where one of them has no trial.
    """
    (k1, n1), (k2, n2) = first, second
    if not n1 or not n2:
        return math.nan, Interval(math.nan, math.nan)
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        k2, n2, k1, n1, method="newcomb", compare="diff", alpha=1.0 - confidence
    )
    return k2 / n2 - k1 / n1, Interval(max(-1.0, float(low)), min(1.0, float(high)))


def fisher_exact(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Two-sided p value of Fisher's exact test that two shares are one.

    Assumes independent trials, and takes the number of successes in both together as given. It is
    conservative: with 3 trials each none against all still gives 0.1.

    Source: Fisher, J. R. Stat. Soc. 98 (1935) 39-82. Computed by `scipy.stats.fisher_exact`.

    Args:
        first: Successes and trials, (k, n).
        second: The same of the other.

    Returns:
        NaN where one of them has no trial.
    """
    (k1, n1), (k2, n2) = first, second
    if not n1 or not n2:
        return math.nan
    from scipy.stats import fisher_exact as exact

    return float(exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue)


def rank_effect(first: Sequence[float], second: Sequence[float]) -> RankEffect:
    """Cliff's delta with the Mann-Whitney test, by permutation, so that ties are no trouble.

    Assumes that values are exchangeable if nothing differs; no shape is assumed. A censored value
    is `math.inf`: larger than any observed one and as large as any other censored one. That is
    right as long as both watches are equally long and longer than the observed values.

    With up to `PERMUTATIONS` ways to part the values the p value is exact, else it is estimated
    from so many drawn with a fixed seed. Three against three cannot give less than 0.1.

    Source: Cliff, Psychol. Bull. 114 (1993) 494-509; Mann and Whitney, Ann. Math. Stat. 18 (1947)
    50-60. Computed by `scipy.stats.permutation_test`.

    Raises:
        ValueError: If a value is NaN.
    """
    if any(math.isnan(value) for value in (*first, *second)):
        raise ValueError("rank_effect got NaN; drop unknown values or give inf for censored")
    if not len(first) or not len(second):
        return RankEffect(math.nan, math.nan)
    import numpy as np
    from scipy.stats import permutation_test, rankdata

    delta = _delta(np.asarray(first, dtype=float), np.asarray(second, dtype=float))
    ranks = rankdata([*first, *second])
    if ranks.min() == ranks.max():
        return RankEffect(0.0, 1.0)
    # the sum of the second's ranks, with ties shared: Mann-Whitney's U but for a constant
    test = permutation_test(
        (ranks[len(first) :], ranks[: len(first)]),
        lambda own, _, axis: own.sum(axis=axis),
        vectorized=True,
        n_resamples=PERMUTATIONS,
        rng=np.random.default_rng(_SEED),
    )
    return RankEffect(delta, float(test.pvalue))


def log_rank(
    first: Sequence[float],
    first_observed: Sequence[bool],
    second: Sequence[float],
    second_observed: Sequence[bool],
) -> float:
    """Two-sided p value of the log-rank test that two samples of durations have one survival curve.

    Assumes that censoring says nothing about the duration, and hazards in one proportion over time
    for its full power: curves that cross can hide a difference. The p value is asymptotic, and too
    small for a handful of trials; the rank test beside it is exact there.

    Source: Mantel, Cancer Chemother. Rep. 50 (1966) 163-170. Computed by
    `lifelines.statistics.logrank_test`.

    Returns:
        NaN where one side is empty; 1 where no end was seen at all, or nothing differs.
    """
    if not len(first) or not len(second):
        return math.nan
    if not any((*first_observed, *second_observed)):
        return 1.0
    if len({*zip((*first, *second), (*first_observed, *second_observed), strict=True)}) == 1:
        return 1.0
    from lifelines.statistics import logrank_test

    found = logrank_test(
        list(first),
        list(second),
        event_observed_A=[bool(seen) for seen in first_observed],
        event_observed_B=[bool(seen) for seen in second_observed],
    )
    p = float(found.p_value)
    return 1.0 if math.isnan(p) else p


def holm(p_values: Sequence[float]) -> list[float]:
    """P values of one family, adjusted so that the chance of any false alarm keeps its level.

    Assumes nothing on how the tests depend on each other. NaN stays NaN and does not count.

    Source: Holm, Scand. J. Stat. 6 (1979) 65-70. Computed by `statsmodels.stats.multitest`.
    """
    known = [at for at, p in enumerate(p_values) if not math.isnan(p)]
    adjusted = [math.nan] * len(p_values)
    if known:
        from statsmodels.stats.multitest import multipletests

        for at, p in zip(
            known, multipletests([p_values[at] for at in known], method="holm")[1], strict=True
        ):
            adjusted[at] = float(p)
    return adjusted


Statistic = Callable[["NDArray[np.float64]", "NDArray[np.float64]"], float]
"""From the values of both samples, in this order, to what is estimated."""


def cluster_interval(
    first: Sequence[Sequence[float]],
    second: Sequence[Sequence[float]],
    statistic: Statistic,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Percentile interval of a statistic of two campaigns, by resampling clusters, then trials.

    Trials on one cluster share its state, so a campaign's uncertainty is that between its clusters
    too: each resample draws clusters with replacement, then trials within each one drawn. Assumes
    that the clusters are a sample of those that the result is meant for; with few of them the
    interval is too narrow. With fewer than `LEAST_CLUSTERS` on either side there is none: what lies
    between clusters cannot be told from what lies between trials.

    Source: Kalibera and Jones, Rigorous benchmarking in reasonable time, ISMM 2013, 63-74; Davison
    and Hinkley, Bootstrap Methods and their Application (1997), section 3.8. scipy's bootstrap has
    one level only, so the drawing is done here; the seed is fixed.

    Args:
        first: Values of the first campaign, one sequence per cluster; infinite = censored.
        second: The same of the second.
        statistic: What is estimated; see `mean_difference` and `delta_of`.
        confidence: Two-sided confidence, between 0 and 1 (both excluded).

    Returns:
        The interval; NaN where there is none.
    """
    import numpy as np

    sides = [
        [np.asarray(cluster, dtype=float) for cluster in side if len(cluster)]
        for side in (first, second)
    ]
    if any(len(side) < LEAST_CLUSTERS for side in sides):
        return Interval(math.nan, math.nan)
    chance = np.random.default_rng(_SEED)

    def resampled(side: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        drawn = [side[at] for at in chance.integers(len(side), size=len(side))]
        return np.concatenate([chance.choice(own, size=len(own)) for own in drawn])

    found = [statistic(resampled(sides[0]), resampled(sides[1])) for _ in range(RESAMPLES)]
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(found, [tail, 1.0 - tail])
    return Interval(float(low), float(high))


def mean_difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Difference of means, second minus first; of zeros and ones, of shares."""
    return float(second.mean() - first.mean())


def delta_of(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Cliff's delta; see `rank_effect`."""
    return _delta(first, second)


def _delta(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    # compared, not subtracted: two censored values are a tie, and infinity less infinity is none
    above = (second[:, None] > first[None, :]).sum()
    below = (second[:, None] < first[None, :]).sum()
    return float(above - below) / (len(first) * len(second))
