# SPDX-License-Identifier: Apache-2.0
"""Families of comparisons: p and intervals that hold for all of a family together.

Among thirty cells one differs by chance. So the word for a difference rests on adjusted statements
only, and each table names the family, its size and the method.

A comparison whose sizes cannot give a p at the level belongs to no family: it can never be
significant, so it adds nothing to the chance of a false alarm (Tarone, Biometrics 46 (1990)
515-522, with the sizes alone, which are fixed before the outcome).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nsm_resilience.statistics.exact_tests import PValue
from nsm_resilience.statistics.intervals import CONFIDENCE

LEVEL = round(1.0 - CONFIDENCE, 10)
"""Chance of one or more false alarms in a family."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A test as a member of its family.

    Attributes:
        test: The test by itself.
        p: Its p, adjusted by Holm; NaN if no test was made.
        least: Least adjusted p that these sizes can give, with the other tests as they are; the
            least unadjusted p if no test was made.
        size: of the family.
    """

    test: PValue
    p: float
    least: float
    size: int

    @property
    def attainable(self) -> bool:
        """Whether some outcome could have given an adjusted p at the level."""
        return self.least <= LEVEL

    @property
    def rejects(self) -> bool:
        """Whether the difference is more than chance, for the whole family."""
        return self.p <= LEVEL


def adjusted(tests: Sequence[PValue]) -> list[Adjusted]:
    """Adjust a family of tests by Holm; tests whose sizes cannot reach the level are not made.

    Keeps the chance of one or more false alarms below `LEVEL`, whatever the dependence of the
    tests. Source: Holm, Scand. J. Stat. 6 (1979) 65-70.
    """
    p_values = [test.p for test in tests if is_member(test)]
    members = iter(enumerate(_holm(p_values)))
    results = []
    for test in tests:
        p, least = math.nan, test.least
        if is_member(test):
            at, p = next(members)
            least = _holm([*p_values[:at], test.least, *p_values[at + 1 :]])[at]
        results.append(Adjusted(test, p, least, len(p_values)))
    return results


def is_member(test: PValue) -> bool:
    """Whether a test is made: its sizes can give a p at the level."""
    return test.least <= LEVEL


def confidence_of(size: int) -> float:
    """Confidence of each interval of a family, so that all of them hold together with `CONFIDENCE`.

    Source: Bonferroni's inequality, as in Dunn, J. Am. Stat. Assoc. 56 (1961) 52-64. No two-sided
    and finite intervals belong to Holm's steps.
    """
    return 1.0 - LEVEL / max(1, size)


def _holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values, in the order given; none may be NaN.

    A test compares it with `statsmodels.stats.multitest`, which would take minutes here: each
    member's least p needs an adjustment of its own, and a build has families of hundreds.
    """
    found = [math.nan] * len(p_values)
    largest = 0.0
    for before, (p, at) in enumerate(sorted((p, at) for at, p in enumerate(p_values))):
        largest = max(largest, min(1.0, p * (len(p_values) - before)))
        found[at] = largest
    return found
