# SPDX-License-Identifier: Apache-2.0
"""Which of two times is longer, if some are censored.

A censored time is longer than one that ended before its bound or at it. Against one that ended
later, and against another censored one, it is undecided. So watches of different lengths do no
harm: the length of a watch alone makes no time longer than another.

Tests (`exact_tests`) and effect sizes (`differences`) both count the pairs of this module.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nsm_resilience.statistics.times import Times


def dominance(first: Times, second: Times) -> NDArray[np.int64]:
    """Compare every time of the first sample (rows) with every one of the second (columns).

    Returns:
        1 where the second's is longer, -1 where it is shorter, 0 where both are equal or it is
        undecided.

    Source: Gehan, Biometrika 52 (1965) 203-223; Cliff, Psychol. Bull. 114 (1993) 494-509.
    """
    x, y = np.asarray(first.seconds)[:, None], np.asarray(second.seconds)[None, :]
    x_seen = np.asarray(first.observed, dtype=bool)[:, None]
    y_seen = np.asarray(second.observed, dtype=bool)[None, :]
    longer = x_seen & np.where(y_seen, y > x, y >= x)
    shorter = y_seen & np.where(x_seen, x > y, x >= y)
    return longer.astype(np.int64) - shorter.astype(np.int64)


def rank_scores(first: Times, second: Times) -> NDArray[np.int64]:
    """Score of each time, first sample then second: how many it exceeds less how many exceed it.

    Their sum over the second sample is the sum of `dominance`, since pairs within a sample cancel.
    """
    pooled = Times((*first.seconds, *second.seconds), (*first.observed, *second.observed))
    scores: NDArray[np.int64] = dominance(pooled, pooled).sum(axis=0)
    return scores
