# SPDX-License-Identifier: Apache-2.0
"""The typical trial of a scenario, chosen by a rule so that nobody picks the prettiest."""

from __future__ import annotations

import pandas as pd

from nsm_resilience.analysis.figures.cells import in_order, judged
from nsm_resilience.tables.cell import CELL

RULE = (
    "Of each scenario and plane the cell with the most judged trials (among equals the first in "
    "the order of the tables), of that cell the trials with its commonest verdict (among equals "
    "the unsupported ones), and of these the one with the median outage (of an even number the "
    "lower, among equals the first)."
)


def typical_of_cell(own: pd.DataFrame) -> pd.Series | None:
    """Return the typical row of one cell's rows of table `trials`; None if none was judged."""
    decided = judged(own)
    if decided.empty:
        return None
    counts = decided["verdict"].value_counts()
    commonest = max(counts.index, key=lambda verdict: (counts[verdict], verdict == "unsupported"))
    same = decided[decided["verdict"] == commonest]
    # a censored outage is longer than any observed one, whatever its watch was
    ordered = same.assign(
        _censored=same["outage_censored"].eq(True).fillna(False).astype(bool),
        _outage=same["outage_s"].fillna(float("inf")),
    ).sort_values(["_censored", "_outage", "trial", "attempt"], kind="stable")
    chosen: pd.Series = ordered[own.columns].iloc[(len(ordered) - 1) // 2]
    return chosen


def typical_trials(trials: pd.DataFrame) -> pd.DataFrame:
    """Return one typical row of table `trials` per plane and scenario, by `RULE`, in order."""
    ordered = in_order(trials)
    rows = []
    for _, scenario in ordered.groupby(["plane", "scenario"], sort=False):
        cells = [own for _, own in scenario.groupby(list(CELL), sort=False)]
        sizes = [len(judged(own)) for own in cells]
        row = typical_of_cell(cells[sizes.index(max(sizes))])
        if row is not None:
            rows.append(row)
    return pd.DataFrame(rows, columns=trials.columns).reset_index(drop=True)
