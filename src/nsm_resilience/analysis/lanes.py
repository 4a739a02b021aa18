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

from nsm_resilience.analysis.blocks import delta_interval
from nsm_resilience.analysis.differences import Shift, cliffs_delta, hodges_lehmann
from nsm_resilience.analysis.exact_tests import rank_test
from nsm_resilience.analysis.families import Adjusted, adjusted, confidence_of
from nsm_resilience.analysis.figures.cells import in_order
from nsm_resilience.analysis.statistics import median_interval
from nsm_resilience.analysis.times import UNKNOWN, Times
from nsm_resilience.judge.rules import Rules
from nsm_resilience.study.schedule import make_schedule
from nsm_resilience.tables.lanes import LANES, MEASURES, WAYS
from nsm_resilience.tables.schemas import CELL
from nsm_resilience.tables.significance import significance_row

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


def verdict_of(shift: Shift, margin: float, *, rejected: bool) -> str:
    """What is said of one measure in one cell, both words adjusted over all rows of the table.

    `equal`: the interval of the shift, which holds together with those of all other rows, lies
    within the margin to both sides; that is the test of equivalence by two one-sided tests
    (Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657-680), adjusted by Bonferroni. `biased`:
    the rank test, adjusted by Holm, rejects, and the estimated shift is larger than the margin.
    `open`: neither; there are too few trials, or they spread too much.

    Args:
        shift: side by side less alone, with its adjusted interval.
        margin: see `margins_of`.
        rejected: whether the adjusted rank test rejects.
    """
    low, high = shift.interval.low, shift.interval.high
    if -margin <= low and high <= margin:
        return "equal"
    beyond = shift.at_least > margin or shift.at_most < -margin
    return "biased" if beyond and rejected else "open"


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
    turns = {scheduled.trial: scheduled.turn for scheduled in make_schedule(study)}
    compared = list(_compared(joined, study))
    family = adjusted([rank_test(*one.times) for one in compared])
    margins = margins_of(study)
    return LANES.frame(
        [_row(one, test, margins[one.measure], turns)
         for one, test in zip(compared, family, strict=True)]
    )  # fmt: skip


@dataclass(frozen=True)
class _Compared:
    """One measure of one cell, alone and side by side."""

    named: Row
    measure: str
    times: tuple[Times, Times]
    trials: tuple[list[str], list[str]]


def _compared(joined: pd.DataFrame, study: Study) -> Iterator[_Compared]:
    for _, cell in joined.groupby(["campaign", *CELL], sort=False):
        named = {name: cell[name].iloc[0] for name in ("campaign", *CELL)}
        for measure in MEASURES:
            ways = [_looked_at(cell[cell["way"] == way], measure) for way in WAYS]
            alone, together = (_times(own, measure, study) for own in ways)
            # what was never seen, on neither side, has no time to compare
            if any((*alone.observed, *together.observed)):
                ids = [own["trial"].tolist() for own in ways]
                yield _Compared(named, measure, (alone, together), (ids[0], ids[1]))


def _looked_at(cell: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The trials that have a value of this measure, be it that it was not seen to end."""
    if measure == "bystander_s":
        return cell[cell["bystander_started"].notna()]
    if measure in ("install_s", "rtt_ms", "late_share"):
        return cell[cell[measure].notna()]
    if measure in UNKNOWN:
        return cell[cell[UNKNOWN[measure]].isna()]
    return cell


def _times(cell: pd.DataFrame, measure: str, study: Study) -> Times:
    """The values of one measure; those not seen to end with the window that they did not end in."""
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
    return Times(tuple(values), (True,) * len(values))


def _row(one: _Compared, test: Adjusted, resolution: float, turns: Mapping[str, int]) -> Row:
    alone, together = one.times
    medians = [median_interval(list(times.ranked)).median for times in one.times]
    margin = resolution
    if one.measure.endswith("_s") and math.isfinite(medians[0]):
        margin = max(resolution, RELATIVE * medians[0])
    confidence = confidence_of(test.size)
    shift = hodges_lehmann(alone, together, confidence)
    delta = cliffs_delta(alone, together, confidence)
    own, others = ([turns.get(trial, 0) for trial in ids] for ids in one.trials)
    by_turn = delta_interval(alone, together, (own, others), confidence, paired=False)
    row: Row = {**one.named, "measure": one.measure}
    for way, times, median, of in zip(WAYS, one.times, medians, (own, others), strict=True):
        row |= {f"{way}_n": times.n, f"{way}_censored": times.censored, f"{way}_median": median}
        row[f"{way}_turns"] = len(set(of))
    return {
        **row,
        "shift": shift.estimate,
        "shift_low": shift.interval.low,
        "shift_high": shift.interval.high,
        "margin": margin,
        "cliff_delta": delta.estimate,
        "delta_low": delta.low,
        "delta_high": delta.high,
        "delta_turn_low": by_turn.low,
        "delta_turn_high": by_turn.high,
        **significance_row("rank", test),
        "verdict": verdict_of(shift, margin, rejected=test.rejects),
    }
