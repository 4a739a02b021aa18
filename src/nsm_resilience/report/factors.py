# SPDX-License-Identifier: Apache-2.0
"""What the paper says of the effect of each factor: pairs of cells in words and numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.differences import Difference, Shift
from nsm_resilience.analysis.effects import (
    MEASURES,
    Effect,
    ShareEffect,
    TimeEffect,
    blocks_of,
    effects,
    levels,
)
from nsm_resilience.analysis.families import Adjusted
from nsm_resilience.analysis.figures.cells import TREATMENTS, level_name
from nsm_resilience.analysis.figures.effects import FACTOR_NAMES, effect_labels
from nsm_resilience.analysis.statistics import Interval
from nsm_resilience.report.wording import adjusted_p, seconds
from nsm_resilience.tables.significance import method_of

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study

_MINUS = "\u2212"


def factors(trials: pd.DataFrame, study: Study) -> list[dict[str, Any]]:
    """Return for each factor its levels that were run and the pairs of cells that show its effect.

    The control has no failure, so the level `none` of the factor failure is no level to compare.
    """
    controls = {scenario.id for scenario in study.scenarios if scenario.is_control}
    pairs = effects(trials, blocks_of(study))
    labels = dict(zip((pair.cells for pair in pairs), effect_labels(pairs), strict=True))
    broken = trials[~trials["scenario"].isin(controls)]
    return [
        {
            "factor": factor,
            "name": FACTOR_NAMES[factor],
            "levels": [level_name(factor, level) for level in levels(broken, factor)],
            "pairs": [_pair(pair, labels[pair.cells]) for pair in pairs if pair.factor == factor],
        }
        for factor in TREATMENTS
    ]


def _pair(pair: Effect, label: str) -> dict[str, Any]:
    (k1, n1), (k2, n2) = pair.share.supported
    return {
        "label": label,
        "cells": list(pair.cells),
        "supported": f"{k2}/{n2}",
        "reference": f"{k1}/{n1}",
        "share": _share(pair.share),
        "times": {name: _time(pair.times[name]) for name in MEASURES},
    }


def _share(effect: ShareEffect) -> dict[str, Any]:
    return {
        "estimate": signed(effect.difference.estimate, share=True),
        "interval": interval(effect.difference, share=True),
        "by_block": _where_it_differs(effect.by_block, effect.difference),
        "clear": effect.clear,
        **_test(effect.test),
    }


def _test(test: Adjusted) -> dict[str, Any]:
    """Write an adjusted test; see `families`."""
    return {
        "p": adjusted_p(test.p if test.attainable else math.nan, test.least, method_of(test)),
        "family": test.size,
    }


def _where_it_differs(by_block: Interval, simple: Difference) -> str:
    """Write the interval by blocks; empty where there is none, or it is the simple one in print."""
    made = Difference(math.nan, by_block.low, by_block.high)
    words = interval(made, share=True)
    return "" if words == interval(simple, share=True) else words


def _time(effect: TimeEffect) -> dict[str, Any]:
    """Write one kind of time.

    It is `open` where censoring bounds the difference to neither side, `unseen` where in neither
    cell any end was seen within the watch, so that there is nothing to compare.
    """
    return {
        "estimate": shift_in_words(effect.shift),
        "interval": interval(effect.shift),
        "clear": effect.clear,
        "open": math.isinf(effect.shift.at_least) and math.isinf(effect.shift.at_most),
        "unseen": effect.first.censored == effect.first.n
        and effect.second.censored == effect.second.n,
        "delta": signed(effect.delta.estimate, share=True),
        "delta_interval": interval(effect.delta, share=True),
        "by_block": _where_it_differs(effect.by_block, effect.delta),
        **_test(effect.test),
    }


def shift_in_words(shift: Shift) -> str:
    r"""Write a shift of seconds; one that censoring leaves open to one side as its bound.

    >>> from nsm_resilience.analysis.statistics import Interval
    >>> shift_in_words(Shift(2.5, 2.5, Interval(1, 4))), shift_in_words(
    ...     Shift(118.0, math.inf, Interval(110, math.inf)))
    ('+2.50', '>\xa0+118')
    """
    if shift.at_least == shift.at_most:
        return signed(shift.at_least)
    if math.isfinite(shift.at_least) and math.isfinite(shift.at_most):
        return f"{signed(shift.at_least)} to {signed(shift.at_most)}"
    if math.isfinite(shift.at_least):
        return f">\u00a0{signed(shift.at_least)}"
    return f"<\u00a0{signed(shift.at_most)}" if math.isfinite(shift.at_most) else "open"


def interval(found: Difference | Shift, *, share: bool = False) -> str:
    """Write an interval of a difference; empty where there is none or it is open to both sides."""
    ends = found.interval if isinstance(found, Shift) else found
    low, high = ends.low, ends.high
    if math.isnan(low) or math.isnan(high) or (math.isinf(low) and math.isinf(high)):
        return ""
    if math.isinf(high):
        return f"from {signed(low, share=share)}"
    if math.isinf(low):
        return f"up to {signed(high, share=share)}"
    return f"{signed(low, share=share)} to {signed(high, share=share)}"


def signed(value: float, *, share: bool = False) -> str:
    """Write a difference with its sign, a share with two decimals, seconds with three digits.

    >>> signed(-0.5, share=True), signed(3.0255), signed(0.0)
    ('−0.50', '+3.03', '0')
    """
    if math.isnan(value):
        return ""
    number = f"{abs(value):.2f}" if share else seconds(abs(value))
    if float(number) == 0:
        return number
    return f"{'+' if value > 0 else _MINUS}{number}"
