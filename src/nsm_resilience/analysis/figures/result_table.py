# SPDX-License-Identifier: Apache-2.0
"""The table of the nine as a picture of shares and intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from nsm_resilience.analysis import style
from nsm_resilience.analysis.figures.cells import cell_labels, in_order
from nsm_resilience.analysis.figures.description import Description

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOTEBOOK = "notebooks/result-table.py"
_ROW_MM = 4.6
COUNTS, VERDICT, CLAIM = 1.08, 1.24, 1.54
"""Left edges of the columns beside the shares, on the axis of shares: wide enough for their longest
words also in a wider font."""
_AGREEMENT_SIGNS = {"agrees": "agrees", "differs": "differs", "not tested": "–"}


@style.styled
def draw_result_table(scenarios: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Draw the share of supported trials of each cell with its Wilson interval and the claim.

    Returns:
        A figure two columns wide. The share of a cell is an artist with the id
        `share:<row>:<verdict>`, the claim an open triangle `claim:<row>` at 0 or 1.
    """
    rows = in_order(scenarios)
    figure = style.new_figure(style.PAGE_MM, 18 + _ROW_MM * max(len(rows), 1))
    axes = figure.subplots()
    for y, row in enumerate(rows.to_dict("records")):
        if y % 2 == 0:
            axes.axhspan(y - 0.5, y + 0.5, color=style.BAND, linewidth=0, zorder=0)
        if row["claimed"] in ("supported", "unsupported"):
            claim = 1.0 if row["claimed"] == "supported" else 0.0
            axes.plot(
                [claim], [y + 0.27], marker="^", markersize=3.6, markerfacecolor="white",
                markeredgecolor=style.SOFT, markeredgewidth=0.7, linestyle="none", clip_on=False,
            )[0].set_gid(f"claim:{y}")  # fmt: skip
        counts = str(row["verdict"])  # not tested or not reached
        if row["n"]:
            mark = style.VERDICT_MARKS[row["verdict"]]
            counts = f"{row['k']}/{row['n']}"
            axes.plot(
                [row["wilson_low"], row["wilson_high"]], [y, y], color=mark.colour, linewidth=1.2
            )
            axes.plot(
                [row["k"] / row["n"]], [y], marker=mark.marker, markersize=4.2, linestyle="none",
                markerfacecolor=mark.colour, markeredgecolor=mark.colour, clip_on=False, zorder=3,
            )[0].set_gid(f"share:{y}:{row['verdict']}")  # fmt: skip
        verdict = row["verdict"] if row["n"] else ""
        agreement = _AGREEMENT_SIGNS.get(row["agreement"], row["agreement"]) if row["n"] else ""
        for x, text in ((COUNTS, counts), (VERDICT, verdict), (CLAIM, agreement)):
            axes.text(x, y, text, va="center", fontsize=7.0)
    for x, text in ((COUNTS, "k/n"), (VERDICT, "verdict"), (CLAIM, "claim")):
        axes.text(x, -0.75, text, va="bottom", fontsize=7.0, color=style.SOFT)
    axes.set_ylim(len(rows) - 0.5, -0.6)
    axes.set_xlim(-0.02, 1.78)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0])
    axes.spines["bottom"].set_bounds(0, 1)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_yticks(range(len(rows)), labels=cell_labels(rows, names))
    axes.set_xlabel("share of supported trials, Wilson 95 % interval; open triangle: the claim",
                    loc="left")  # fmt: skip
    return figure


def describe_result_table(scenarios: pd.DataFrame, trials: pd.DataFrame) -> Description:
    """Say in words what the figure shows."""
    tested = scenarios[scenarios["n"] > 0]
    counts = tested["verdict"].value_counts()
    words = ", ".join(f"{int(counts.get(v, 0))} {v}" for v in ("supported", "flaky", "unsupported"))
    unreached = int((scenarios["verdict"] == "not reached").sum())
    untested = len(scenarios) - len(tested) - unreached
    alt = (
        f"Share of supported trials with its 95 % Wilson interval and the published claim, one row "
        f"for each of {len(scenarios)} cells: {words}, {untested} not tested"
        f"{f', {unreached} not reached' if unreached else ''}."
    )
    return Description(
        name="result-table",
        title="Verdicts and claims",
        alt=alt,
        notebook=NOTEBOOK,
        tables=("scenarios", "trials"),
        trials=tuple(in_order(trials)["trial"].drop_duplicates()) if len(trials) else (),
    )
