# SPDX-License-Identifier: Apache-2.0
"""Do lanes bias? Trials that ran alone against trials that ran side by side, cell by cell.

The rule is fixed here, before any campaign that it is applied to: see `margins_of` and
`verdict_of`. Differences are side by side minus alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.differences import Shift, cliffs_delta, hodges_lehmann
from nsm_resilience.analysis.figures.cells import in_order
from nsm_resilience.analysis.rank_tests import holm, permutation_test
from nsm_resilience.analysis.statistics import CONFIDENCE, median_interval
from nsm_resilience.analysis.times import UNKNOWN, Times
from nsm_resilience.judge.rules import Rules
from nsm_resilience.tables.lanes import LANES, MEASURES, WAYS
from nsm_resilience.tables.schemas import CELL

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study

Row = dict[str, Any]

KUBERNETES_S = 1.0
"""Kubernetes looks at containers, and writes what it saw, in whole seconds."""

RELATIVE = 0.1
"""A time that is off by less than this part of itself is read the same."""


@dataclass(frozen=True)
class Ran:
    """When an attempt ran: seconds of any one clock."""

    begin_s: float
    end_s: float


def beside(attempts: Sequence[Ran]) -> list[float]:
    """How many others ran while each attempt did, averaged over its time; NaN for no time."""
    return [
        math.nan
        if one.end_s <= one.begin_s
        else sum(
            max(0.0, min(one.end_s, other.end_s) - max(one.begin_s, other.begin_s))
            for other in attempts
            if other is not one
        )
        / (one.end_s - one.begin_s)
        for one in attempts
    ]


def margins_of(study: Study) -> dict[str, float]:
    """The difference of each measure that changes no reading of a study, from its rates and rules.

    An outage ends with a reply, which may take so long before it is late; signs and messages come
    with the samples of the components; what Kubernetes has to start is asked for in seconds. A
    round trip that is longer by one echo interval bounds an outage as well as before. Of echoes,
    the judge lets a path be steady that lost as many as this share.
    """
    return {
        "outage_s": study.judge.late_reply_s,
        "detected_s": study.probes.component_interval_s,
        "notified_s": study.probes.component_interval_s,
        "new_connection_s": KUBERNETES_S,
        "bystander_s": KUBERNETES_S,
        "install_s": KUBERNETES_S,
        "rtt_ms": study.probes.echo_interval_s * 1e3,
        "late_share": Rules().steady_loss_fraction,
    }


def verdict_of(shift: Shift, margin: float, p_adjusted: float) -> str:
    """What is said of one measure in one cell.

    `equal`: the 95 % interval of the shift lies within the margin to both sides, which is the test
    of equivalence by two one-sided tests (Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987)
    657-680), each at 2.5 %. `biased`: the rank test, adjusted, rejects at 5 %, and the estimated
    shift is larger than the margin. `open`: neither; there are too few trials, or they spread too
    much.
    """
    low, high = shift.interval.low, shift.interval.high
    if -margin <= low and high <= margin:
        return "equal"
    beyond = shift.at_least > margin or shift.at_most < -margin
    return "biased" if beyond and p_adjusted < 1 - CONFIDENCE else "open"


def compare_lanes(trials: pd.DataFrame, lane_trials: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return table `lanes`.

    Args:
        trials: table `trials` of the campaign.
        lane_trials: its table `lanes_trials`.
        study: the study that was run.

    Raises:
        pandera.errors.SchemaErrors: If the table breaks its schema (a defect of this program).
    """
    own = ["trial", "attempt"]
    counted = lane_trials.loc[
        lane_trials["counted"], [*own, "way", "install_s", "rtt_ms", "late_share"]
    ]
    joined = in_order(trials.merge(counted, on=own, validate="one_to_one"))
    rows = list(_rows(joined, study))
    for row, p in zip(rows, holm([row["mann_whitney_p"] for row in rows]), strict=True):
        row["mann_whitney_holm_p"] = p
        row["verdict"] = verdict_of(row.pop("_shift"), row["margin"], p)
    return LANES.frame(rows)


def _rows(joined: pd.DataFrame, study: Study) -> Iterator[Row]:
    margins = margins_of(study)
    for _, cell in joined.groupby(["campaign", *CELL], sort=False):
        named = {name: cell[name].iloc[0] for name in ("campaign", *CELL)}
        for measure in MEASURES:
            alone, together = (_times(cell[cell["way"] == way], measure, study) for way in WAYS)
            # what was never seen, on neither side, has no time to compare
            if any((*alone.observed, *together.observed)):
                yield {
                    **named,
                    "measure": measure,
                    **_effect(alone, together, measure, margins[measure]),
                }


def _times(cell: pd.DataFrame, measure: str, study: Study) -> Times:
    """The values of one measure; those not seen to end with the window that they did not end in."""
    if measure == "bystander_s":
        cell = cell[cell["bystander_started"].notna()]
    if measure in UNKNOWN:
        cell = cell[cell[UNKNOWN[measure]].isna()]
    values = cell[measure].astype(float)
    if measure == "outage_s":
        return Times(tuple(values), tuple(not censored for censored in cell["outage_censored"]))
    limits: Mapping[str, Any] = {
        "detected_s": cell["watch_s"],
        "notified_s": cell["watch_s"],
        "new_connection_s": study.windows.new_connection_s,
        "bystander_s": study.windows.bystander_s,
    }
    if measure in limits:
        filled = values.fillna(limits[measure]).astype(float)
        return Times(tuple(filled), tuple(values.notna().tolist()))
    seen = values.dropna()
    return Times(tuple(seen), (True,) * len(seen))


def _effect(alone: Times, together: Times, measure: str, resolution: float) -> Row:
    medians = [median_interval(list(times.ranked)).median for times in (alone, together)]
    margin = resolution
    if measure.endswith("_s") and math.isfinite(medians[0]):
        margin = max(resolution, RELATIVE * medians[0])
    shift = hodges_lehmann(alone, together)
    delta = cliffs_delta(alone, together)
    row: Row = {}
    for way, times, median in zip(WAYS, (alone, together), medians, strict=True):
        row |= {f"{way}_n": times.n, f"{way}_censored": times.censored, f"{way}_median": median}
    return {
        **row,
        "shift": shift.estimate,
        "shift_low": shift.interval.low,
        "shift_high": shift.interval.high,
        "_shift": shift,
        "margin": margin,
        "cliff_delta": delta.estimate,
        "delta_low": delta.low,
        "delta_high": delta.high,
        "mann_whitney_p": _rank_p(alone, together),
    }


def _rank_p(alone: Times, together: Times) -> float:
    """Two-sided p of the Mann-Whitney test: exact without ties, else by permutation."""
    values = (*alone.ranked, *together.ranked)
    if not alone.n or not together.n:
        return math.nan
    if len(set(values)) < len(values):
        return permutation_test(alone, together)
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(together.ranked, alone.ranked, method="exact").pvalue)
