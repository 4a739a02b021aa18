# SPDX-License-Identifier: Apache-2.0
"""Columns of an adjusted test, the same in every table, and the row that fills them.

A table names for each test its method, its family and the size of that. Where the sizes of both
samples cannot give a p at the level, no p stands there, and the least that is possible does.
"""

from __future__ import annotations

import math
from typing import Any

from nsm_resilience.analysis.families import LEVEL, Adjusted
from nsm_resilience.tables.columns import Column

NO_PAIR = "one of the two has no value"


def significance_columns(
    prefix: str, of: str, no_pair: str = NO_PAIR, family: str = ""
) -> tuple[Column, ...]:
    """Columns of one test.

    Args:
        prefix: what the columns' names begin with.
        of: what is tested, in words.
        no_pair: when there is nothing to test.
        family: over which tests the p is adjusted, in words.
    """
    few = f"the sizes cannot give a p of {LEVEL:g}; {no_pair}"
    return (
        Column(f"{prefix}_p", "number", f"two-sided p of {of}", few, least=0, most=1),
        Column(
            f"{prefix}_holm_p",
            "number",
            f"the same, adjusted by Holm over {family}",
            f"the sizes cannot give an adjusted p of {LEVEL:g}; {no_pair}",
            least=0,
            most=1,
        ),
        Column(
            f"{prefix}_least_p",
            "number",
            "least that the adjusted p can be with these sizes; of a test that is not made the "
            "least of it alone",
            no_pair,
            least=0,
            most=1,
        ),
        Column(
            f"{prefix}_method",
            "text",
            "`exact`, or `Monte Carlo` with its draws and the 95 % interval of p",
            few,
        ),
        Column(f"{prefix}_family", "integer", f"tests made of {family}", least=0),
    )


def significance_row(prefix: str, found: Adjusted | None) -> dict[str, Any]:
    """The values of these columns; None where two samples are not compared at all."""
    names = [f"{prefix}_{name}" for name in ("p", "holm_p", "least_p", "method", "family")]
    if found is None:
        return dict(zip(names, (math.nan, math.nan, math.nan, None, 0), strict=True))
    made = not math.isnan(found.p)
    values = (
        found.test.p if made else math.nan,
        found.p if found.attainable else math.nan,
        found.least,
        method_of(found) if made else None,
        found.size,
    )
    return dict(zip(names, values, strict=True))


def method_of(found: Adjusted) -> str:
    """How p was had; an estimate says by how many draws, and within which bounds.

    >>> from nsm_resilience.analysis.exact_tests import PValue
    >>> method_of(Adjusted(PValue(0.013, 1e-9, "Monte Carlo", 99999, 0.012, 0.014), 0.1, 0.1, 9))
    'Monte Carlo, m = 99,999; unadjusted p 0.012 to 0.014'
    """
    test = found.test
    if test.method == "exact":
        return "exact"
    interval = f"{test.low:.3g} to {test.high:.3g}"
    return f"{test.method}, m = {test.draws:,}; unadjusted p {interval}"
