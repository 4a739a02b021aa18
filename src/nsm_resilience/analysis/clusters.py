# SPDX-License-Identifier: Apache-2.0
"""What lies between the clusters of two campaigns: intervals by resampling clusters, then trials.

Differences are always second minus first. Times are seconds; a right-censored one is `math.inf`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nsm_resilience.analysis.statistics import CONFIDENCE, Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_CLUSTERS = 3
"""Of two clusters every other resampled campaign is one of them twice, whatever lies between."""

RESAMPLES = 2000

_SEED = 20191218

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
        statistic: What is estimated; see `mean_difference` and `differences.delta_of`.
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
