# SPDX-License-Identifier: Apache-2.0
"""Intervals and survival curves for small numbers of trials.

Every function is a thin, typed call of a library (statsmodels, scipy, lifelines); its docstring
states its assumptions and the source of the method. Times are seconds.

There is deliberately no interval on "7 of 9". The nine scenarios were chosen, not sampled, so the
number of supported ones is a count and not an estimate of anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nsm_resilience.statistics.times import Times

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided interval; both ends are NaN when there is nothing to estimate from."""

    low: float
    high: float


NO_INTERVAL = Interval(math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class MedianInterval:
    """A median and the order statistics that enclose it.

    Attributes:
        median: The sample median; infinite when it falls among censored values, NaN without data.
        low: Lower order statistic; NaN when there are too few values for `CONFIDENCE`.
        high: Upper order statistic; infinite when that rank is censored ("not reached").
    """

    median: float
    low: float
    high: float


def wilson(k: int, n: int) -> Interval:
    """Wilson's score interval, at `CONFIDENCE`, for a proportion of k successes in n trials.

    Assumes n independent trials with one common probability of success. Trials on one cluster
    share state, so this interval is too narrow; campaigns are compared, not pooled.
    Coverage is close to nominal on average and may fall a little below it for single p.

    Source: Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212; recommended for small n by Brown, Cai,
    DasGupta, Stat. Sci. 16 (2001) 101-133. Computed by `statsmodels.stats.proportion`.

    Raises:
        ValueError: Unless 0 <= k <= n.
    """
    if not 0 <= k <= n:
        raise ValueError(f"wilson needs 0 <= k <= n, but got k={k}, n={n}")
    if n == 0:
        return NO_INTERVAL
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(k, n, alpha=1.0 - CONFIDENCE, method="wilson")
    # At k = 0 and k = n the score interval ends exactly at 0 and 1; rounding must not hide it.
    return Interval(0.0 if k == 0 else float(low), 1.0 if k == n else float(high))


def rate_interval(events: int, exposure: float) -> Interval:
    """Exact interval, at `CONFIDENCE`, for the rate of a Poisson process.

    Assumes that events come independently and at one rate. It is conservative: its coverage is
    at least the confidence asked.

    Source: Garwood, Biometrika 28 (1936) 437-442, by the chi-squared distribution of scipy.

    Args:
        events: Number of events.
        exposure: Length of the observation; 0 gives an interval of NaN. The rate is in events per
            unit of it.

    Raises:
        ValueError: If events or exposure are negative.
    """
    if events < 0 or exposure < 0:
        raise ValueError(f"rate_interval needs events and exposure >= 0, got {events}, {exposure}")
    if exposure == 0:
        return NO_INTERVAL
    from scipy.stats import chi2

    beyond = (1.0 - CONFIDENCE) / 2
    low = float(chi2.ppf(beyond, 2 * events)) / 2 if events else 0.0
    high = float(chi2.ppf(1.0 - beyond, 2 * events + 2)) / 2
    return Interval(low / exposure, high / exposure)


def median_interval(values: Sequence[float]) -> MedianInterval:
    """Median with an interval made of two order statistics, exact by the binomial distribution.

    Assumes independent values of one continuous distribution; no shape is assumed. With ties the
    coverage is at least what is stated. Ranks are the symmetric pair d, n+1-d with the largest d
    whose exact coverage reaches `CONFIDENCE`; n = 6 is the least n that allows 95 %.

    A right-censored value is given as `math.inf`: larger than any observed value, as only ranks
    are used. That is correct if every censored watch was longer than the observed values it is
    compared with, and errs on the long side otherwise.

    Source: Conover, Practical Nonparametric Statistics (3rd ed. 1999), section 3.2; David and
    Nagaraja, Order Statistics (3rd ed. 2003), section 7.1. Binomial quantiles by `scipy.stats`.

    Raises:
        ValueError: If a value is NaN.
    """
    ordered = sorted(float(value) for value in values)
    if any(math.isnan(value) for value in ordered):
        raise ValueError("median_interval got NaN; drop unknown values or give inf for censored")
    n = len(ordered)
    if n == 0:
        return MedianInterval(math.nan, math.nan, math.nan)
    median = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2.0
    ranks = median_ranks(n)
    if ranks is None:
        return MedianInterval(median, math.nan, math.nan)
    low, high, _ = ranks
    return MedianInterval(median, ordered[low - 1], ordered[high - 1])


def median_ranks(n: int) -> tuple[int, int, float] | None:
    """Ranks (from 1) of the order statistics around a median of n values, and their coverage.

    The interval from the d-th to the (n+1-d)-th value misses the median with probability
    2 P(X <= d-1), X binomial with n and one half. None if even min..max falls short.
    """
    from scipy.stats import binom

    best: tuple[int, int, float] | None = None
    for rank in range(1, n // 2 + 1):
        coverage = 1.0 - 2.0 * float(binom.cdf(rank - 1, n, 0.5))
        if coverage < CONFIDENCE:
            break
        best = (rank, n + 1 - rank, coverage)
    return best


def kaplan_meier(times: Times) -> pd.DataFrame:
    """Kaplan–Meier estimate of "still down after t" with right-censoring, of one time or more.

    Assumes that censoring says nothing about the duration. That holds here: the watch ends at a
    time fixed before the run. A path that NSM has closed for good is not "not yet back" but
    "never"; the curve cannot tell the two apart and both stay above zero at its end. The times are
    known to about one echo interval (20 ms); the estimate treats them as exact.

    Pointwise intervals, at `CONFIDENCE`, use the log(-log) transform (Kalbfleisch and Prentice).

    Source: Kaplan and Meier, J. Am. Stat. Assoc. 53 (1958) 457-481. Computed by
    `lifelines.KaplanMeierFitter`.

    Returns:
        One row per distinct time, in order, starting at 0. Columns: `time_s`, `at_risk` (just
        before that time), `events`, `censored`, `survival` (still down after that time), `low`,
        `high` (pointwise interval; NaN if it is not defined).
    """
    import pandas as pd
    from lifelines import KaplanMeierFitter

    fitter = KaplanMeierFitter(alpha=1.0 - CONFIDENCE)
    fitter.fit(list(times.seconds), event_observed=list(times.observed))
    events = fitter.event_table
    bounds = fitter.confidence_interval_
    return pd.DataFrame(
        {
            "time_s": events.index.to_numpy(dtype=float),
            "at_risk": events["at_risk"].to_numpy(dtype="int64"),
            "events": events["observed"].to_numpy(dtype="int64"),
            "censored": events["censored"].to_numpy(dtype="int64"),
            "survival": fitter.survival_function_.iloc[:, 0].to_numpy(dtype=float),
            "low": bounds.iloc[:, 0].to_numpy(dtype=float),
            "high": bounds.iloc[:, 1].to_numpy(dtype=float),
        }
    )
