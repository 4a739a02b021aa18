# SPDX-License-Identifier: Apache-2.0
"""Rank tests of two samples of times: does chance explain that they differ?

As in `analysis.statistics`, every function says what it assumes and where the method comes from,
and calls a library (statsmodels, scipy, lifelines). How far two samples are apart is said in
`differences`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from nsm_resilience.analysis.times import Times

Test = Literal["Mann–Whitney", "log-rank", ""]

PERMUTATIONS = 9999
"""At most so many; all of them, and so an exact test, where there are no more than that."""

_AT_ONCE = 500
"""Permutations in memory at a time."""

_SEED = 20191218


def permutation_test(first: Times, second: Times) -> float:
    """Two-sided p of the Mann-Whitney test by permutation, so that ties are no trouble.

    Assumes that times are exchangeable if nothing differs; no shape is assumed. A censored one is
    longer than any observed one and as long as any other censored one. That is right as long as
    both watches are equally long and longer than the observed times.

    With up to `PERMUTATIONS` ways to part the times p is exact, else it is estimated from so many
    drawn with a fixed seed. Three against three cannot give less than 0.1.

    Source: Mann and Whitney, Ann. Math. Stat. 18 (1947) 50-60. Computed by
    `scipy.stats.permutation_test`.

    Returns:
        NaN where one side is empty; 1 where all are equal.
    """
    if not first.n or not second.n:
        return math.nan
    import numpy as np
    from scipy.stats import permutation_test, rankdata

    ranks = rankdata([*first.ranked, *second.ranked])
    if ranks.min() == ranks.max():
        return 1.0
    # the sum of the second's ranks, with ties shared: Mann-Whitney's U but for a constant
    test = permutation_test(
        (ranks[first.n :], ranks[: first.n]),
        lambda own, _, axis: own.sum(axis=axis),
        vectorized=True,
        n_resamples=PERMUTATIONS,
        batch=_AT_ONCE,
        rng=np.random.default_rng(_SEED),
    )
    return float(test.pvalue)


def log_rank(first: Times, second: Times) -> float:
    """Two-sided p of the log-rank test that two samples of times have one survival curve.

    Assumes that censoring says nothing about the time, and hazards in one proportion over time for
    its full power: curves that cross can hide a difference. p is asymptotic, and too small for a
    handful of trials; `permutation_test` is exact there.

    Source: Mantel, Cancer Chemother. Rep. 50 (1966) 163-170. Computed by
    `lifelines.statistics.logrank_test`.

    Returns:
        NaN where one side is empty; 1 where no end was seen at all, or nothing differs.
    """
    if not first.n or not second.n:
        return math.nan
    if not any((*first.observed, *second.observed)):
        return 1.0
    pairs = {
        *zip((*first.seconds, *second.seconds), (*first.observed, *second.observed), strict=True)
    }
    if len(pairs) == 1:
        return 1.0
    from lifelines.statistics import logrank_test

    found = logrank_test(first.seconds, second.seconds, first.observed, second.observed)
    p = float(found.p_value)
    return 1.0 if math.isnan(p) else p


def two_sample_test(first: Times, second: Times) -> tuple[Test, float]:
    """Test whether two samples of times differ; the test's name and its two-sided p.

    `log_rank` where a time of either is censored, else the Mann–Whitney test (exact without ties,
    with the corrected normal approximation otherwise). p is 1 where all times are equal or none was
    observed, NaN and no name without a trial on either side.

    Source: Mann and Whitney, Ann. Math. Stat. 18 (1947) 50-60, by `scipy.stats.mannwhitneyu`.
    """
    if not first.n or not second.n:
        return "", math.nan
    if first.censored or second.censored:
        return "log-rank", log_rank(first, second)
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
