# SPDX-License-Identifier: Apache-2.0
"""Table `contrasts`: every measure of every contrast, each with its test and its interval.

Every word rests on statements adjusted over a family (`statistics.families`): all pairs that differ
in the same factor, for one measure, in the same campaigns. The question whether trials side by side
are biased is one for all measures with a margin, so these form one family.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nsm_resilience.analysis.blocks import delta_interval, share_interval
from nsm_resilience.analysis.contrasts import Contrast, contrasts
from nsm_resilience.analysis.measures import MEASURES, Measure, Sample
from nsm_resilience.analysis.trial_units import RunConditions, with_units
from nsm_resilience.statistics.differences import (
    NO_DIFFERENCE,
    Difference,
    cliffs_delta,
    hodges_lehmann,
    risk_difference,
)
from nsm_resilience.statistics.exact_tests import NO_TEST, PValue, fisher_test, rank_test
from nsm_resilience.statistics.families import Adjusted, adjusted, confidence_of
from nsm_resilience.statistics.intervals import NO_INTERVAL, Interval, median_interval
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.columns import Row
from nsm_resilience.tables.contrasts import CONTRASTS

if TYPE_CHECKING:
    import pandas as pd

RELATIVE = 0.1
"""A time that differs by less than this share is read the same."""


@dataclass(frozen=True)
class Compared:
    """One measure of one contrast, with the values of both sides."""

    contrast: Contrast
    measure: Measure
    first: Sample
    second: Sample

    @property
    def family(self) -> str:
        """Name of the family that is adjusted together."""
        kind, where = self.contrast.differs_in, " and ".join(self.contrast.campaigns)
        asked = kind == "company" and self.measure.margin is not None
        return f"{kind}, {where}: {'lanes' if asked else self.measure.name}"

    @property
    def comparable(self) -> bool:
        """Whether there are values to compare.

        A contrast of lanes also needs an observed value: censored ones alone bound no bias.
        """
        sides = (self.first.times, self.second.times)
        if self.contrast.differs_in == "company":
            return any(any(times.observed) for times in sides)
        return any(times.n for times in sides)

    def test(self) -> PValue:
        """The exact test of this measure by itself."""
        if not self.first.times.n or not self.second.times.n:
            return NO_TEST
        if self.measure.share:
            counts = ((side.successes, side.times.n) for side in (self.first, self.second))
            return fisher_test(*counts)
        return rank_test(self.first.times, self.second.times)


def contrast_table(trials: pd.DataFrame, campaigns: Mapping[str, RunConditions]) -> pd.DataFrame:
    """Return table `contrasts`, typed and checked."""
    by_family: dict[str, list[Compared]] = {}
    for contrast in contrasts(with_units(trials, campaigns)):
        for one in MEASURES:
            if one.of_lanes and contrast.differs_in != "company":
                continue  # a measure of how trials were run is only for contrasts of lanes
            if contrast.within_s is not None and not one.from_fault:
                continue
            sides = (one.sample(side.trials) for side in (contrast.first, contrast.second))
            compared = Compared(contrast, one, *(own.within(contrast.within_s) for own in sides))
            if compared.comparable:
                by_family.setdefault(compared.family, []).append(compared)
    return CONTRASTS.frame(
        _row(compared, found, _margin(compared, campaigns))
        for members in by_family.values()
        for compared, found in zip(
            members, adjusted([one.test() for one in members]), strict=True
        )
    )  # fmt: skip


def _row(compared: Compared, found: Adjusted, margin: float | None) -> Row:
    contrast, one = compared.contrast, compared.measure
    confidence = confidence_of(found.size)
    difference = _difference(compared, confidence)
    delta = _delta(compared, confidence)
    by_unit = _by_unit(compared, confidence)
    made = not math.isnan(found.p)
    return {
        "differs_in": contrast.differs_in,
        "first": contrast.first.level,
        "second": contrast.second.level,
        "first_campaign": contrast.first.campaign,
        "second_campaign": contrast.second.campaign,
        **{name: contrast.cell[name] for name in CELL},
        "within_s": math.nan if contrast.within_s is None else contrast.within_s,
        "measure": one.name,
        "unit": one.unit or None,
        "better": one.better or None,
        **_values(one, "first", compared.first),
        **_values(one, "second", compared.second),
        "difference": _rounded(difference.estimate),
        "at_least": _rounded(difference.at_least),
        "at_most": _rounded(difference.at_most),
        "low": _rounded(difference.low),
        "high": _rounded(difference.high),
        "delta": _rounded(delta.estimate),
        "delta_low": _rounded(delta.low),
        "delta_high": _rounded(delta.high),
        "resampled": contrast.unit,
        "resampled_low": _rounded(by_unit.low),
        "resampled_high": _rounded(by_unit.high),
        "p": _rounded_p(found.test.p) if made else math.nan,
        "p_adjusted": _rounded_p(found.p) if made and found.attainable else math.nan,
        "least_p": _rounded_p(found.least),
        "method": method_of(found.test) if made else None,
        "family": compared.family,
        "family_size": found.size,
        "margin": math.nan if margin is None else margin,
        "word": word_of(found, difference, margin, one),
    }


def word_of(found: Adjusted, difference: Difference, margin: float | None, one: Measure) -> str:
    """The word for a difference, see `tables.contrasts.WORDS`.

    `equal` is the test of equivalence by two one-sided tests (Schuirmann, J. Pharmacokinet.
    Biopharm. 15 (1987) 657-680), adjusted by Bonferroni.

    Args:
        margin: see `Measure.margin`; None if none was stated.
    """
    if margin is not None and -margin <= difference.low and difference.high <= margin:
        return "equal"
    beyond = margin or 0.0
    more, less = difference.at_least > beyond, difference.at_most < -beyond
    if not found.rejects or not (more or less):
        return "open"
    if not one.better:
        return "larger" if more else "smaller"
    return "better" if more == (one.better == "more") else "worse"


def method_of(test: PValue) -> str:
    """How p was computed; for an estimate with the draws and the interval.

    >>> method_of(PValue(0.013, 1e-9, "Monte Carlo", 99999, 0.012, 0.014))
    'Monte Carlo, m = 99,999; unadjusted p 0.012 to 0.014'
    """
    if test.method == "exact":
        return "exact"
    interval = f"{test.low:.3g} to {test.high:.3g}"
    return f"{test.method}, m = {test.draws:,}; unadjusted p {interval}"


def _margin(compared: Compared, campaigns: Mapping[str, RunConditions]) -> float | None:
    """The margin of a contrast of lanes; no margin was stated beforehand for other contrasts."""
    contrast, one = compared.contrast, compared.measure
    if contrast.differs_in != "company" or one.margin is None:
        return None
    margin = one.margin(campaigns[contrast.first.campaign].study)
    if one.unit == "s":
        median = median_interval(compared.first.times.ranked).median
        if math.isfinite(median):
            margin = max(margin, RELATIVE * median)
    return _rounded(margin)


def _values(one: Measure, side: str, sample: Sample) -> Row:
    times = sample.times
    value = math.nan
    if times.n:
        value = sample.successes / times.n if one.share else median_interval(times.ranked).median
    return {
        f"{side}_n": times.n,
        f"{side}_censored": times.censored,
        f"{side}_value": _rounded(value),
    }


def _difference(compared: Compared, confidence: float) -> Difference:
    first, second = compared.first, compared.second
    if compared.measure.share:
        counts = (first.successes, first.times.n, second.successes, second.times.n)
        return risk_difference(*counts, confidence)
    return hodges_lehmann(first.times, second.times, confidence)


def _delta(compared: Compared, confidence: float) -> Difference:
    """Cliff's delta with its interval; for a share it would repeat the difference."""
    if compared.measure.share:
        return NO_DIFFERENCE
    return cliffs_delta(compared.first.times, compared.second.times, confidence)


def _by_unit(compared: Compared, confidence: float) -> Interval:
    """Interval of delta, or of a share's difference, from resampled blocks, turns or clusters."""
    first, second, unit = compared.first, compared.second, compared.contrast.unit
    if not first.times.n or not second.times.n:
        return NO_INTERVAL
    units, paired = (first.units(unit), second.units(unit)), unit == "block"
    if compared.measure.share:
        return share_interval(first.flags, second.flags, units, confidence, paired=paired)
    return delta_interval(first.times, second.times, units, confidence, paired=paired)


def _rounded(value: float) -> float:
    return round(value, 6)


def _rounded_p(value: float) -> float:
    """A p to six places, or to three digits if that would be 0: no p is 0.

    >>> _rounded_p(0.0001947), _rounded_p(3.327e-9)
    (0.000195, 3.33e-09)
    """
    return _rounded(value) or float(f"{value:.3g}")
