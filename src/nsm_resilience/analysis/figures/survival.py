# SPDX-License-Identifier: Apache-2.0
"""Survival of the outage: the share of paths that are still away, by time since the last reply."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING

import pandas as pd

from nsm_resilience.analysis import style
from nsm_resilience.analysis.figures.cells import cell_labels, judged
from nsm_resilience.analysis.figures.description import Description
from nsm_resilience.analysis.figures.outages import NOTEBOOK, SHORTEST_S, shown_trials
from nsm_resilience.statistics.intervals import kaplan_meier
from nsm_resilience.statistics.times import Times
from nsm_resilience.study.factors import level_name
from nsm_resilience.tables.cell import CELL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEAST_TRIALS = 5
"""Judged trials that a cell needs for a curve."""
_MOST_BANDS = 2
"""With more curves in one panel, the intervals would hide each other and are left out."""
_PANEL_MM = 25.0
_COLUMNS = 3
_LONGEST_TITLE = 42


def curves(trials: pd.DataFrame) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Return the trials and the Kaplan–Meier estimate of each cell that gets a curve.

    A cell gets one if it has at least `LEAST_TRIALS` judged trials, and the path stopped in one or
    more of them. A path that never stopped counts as an outage of 0 s.
    """
    shown = shown_trials(trials)
    found = []
    for _, own in shown.groupby(list(CELL), sort=False):
        if len(own) >= LEAST_TRIALS and (own["moment"] != "never").any():
            seconds = own["outage_s"].astype(float).tolist()
            back = (~own["outage_censored"].astype(bool)).tolist()
            found.append((own, kaplan_meier(Times(tuple(seconds), tuple(back)))))
    return found


@style.styled
def draw_survival(trials: pd.DataFrame, names: Mapping[str, str], watch_s: float) -> Figure:
    """Draw one panel per scenario and plane with a step curve per cell with enough trials.

    Args:
        watch_s: length of the watch in seconds; the axis ends just beyond it.

    Returns:
        A figure of the page's width; if no cell has enough trials, one that says so. A curve has
        the id `survival:<cell>` and ends at the cell's longest time; a tick marks a censored path.
    """
    drawn = curves(trials)
    if not drawn:
        why = f"No cell has {LEAST_TRIALS} judged trials with an interrupted path among them."
        return style.empty_figure(style.COLUMN_MM, why)
    right = max(watch_s, *(float(own["outage_s"].max()) for own, _ in drawn)) * 1.2
    shown = pd.concat([own[list(CELL)].head(1) for own, _ in drawn])
    # labels as among all cells: neighbours of a cell may have no curve
    every = judged(trials)[list(CELL)].drop_duplicates()
    named = dict(zip(every.itertuples(index=False), cell_labels(every, names), strict=True))
    cells = shown.reset_index(drop=True)
    labels = [named[cell] for cell in cells.itertuples(index=False)]
    panels = list(cells.groupby(["plane", "scenario"], sort=False).groups.values())
    columns = min(_COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = style.new_figure(
        style.PAGE_MM, 10 + _PANEL_MM * rows, w_pad=0.015, h_pad=0.015, hspace=0, wspace=0
    )
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for number, (axes, panel) in enumerate(zip_longest(grid.flat, panels)):
        if panel is None:
            axes.set_visible(False)
            grid.flat[number - columns].tick_params(axis="x", labelbottom=True)
            continue
        axes.set_title(_title(labels[panel[0]], cells.loc[panel[0]]))
        for curve, index in enumerate(panel):
            own, table = drawn[index]
            variant = labels[index].partition(": ")[2]
            text = f"{variant}, n = {len(own)}" if variant else f"n = {len(own)}"
            _curve(axes, own, table, text, style.CURVES[curve], len(panel) <= _MOST_BANDS)
        axes.set_xscale("log")
        axes.set_xlim(SHORTEST_S, right)
        axes.set_ylim(0, 1.03)
        axes.set_yticks([0, 0.5, 1])
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        style.light_grid(axes, "both")
        axes.legend(  # "best": on no curve
            loc="best", fontsize=5.8, handlelength=1.6, labelspacing=0.2, borderpad=0.1
        )
    figure.supxlabel("time since the last reply (s)", fontsize=7.5)
    figure.supylabel("share of paths still away", fontsize=7.5)
    return figure


def _title(label: str, cell: pd.Series) -> str:
    """Return the title of a panel; only scenario and plane if all is too long."""
    heading = label.partition(": ")[0]
    if len(heading) <= _LONGEST_TITLE:
        return heading
    return f"{cell['scenario']} ({level_name('plane', cell['plane'])} plane)"


def _curve(
    axes: Axes,
    own: pd.DataFrame,
    table: pd.DataFrame,
    text: str,
    look: tuple[str, str],
    with_band: bool,
) -> None:
    colour, line = look
    times = table["time_s"].clip(lower=SHORTEST_S)
    step = axes.step(
        times, table["survival"], where="post", color=colour, linestyle=line, linewidth=1.0,
        label=text,
    )[0]  # fmt: skip
    step.set_gid(f"survival:{own['trial'].iloc[0].rpartition('/')[0]}")
    if with_band:
        axes.fill_between(times, table["low"], table["high"], step="post", color=colour,
                          alpha=0.15, linewidth=0)  # fmt: skip
    censored = table[table["censored"] > 0]
    if len(censored):
        axes.plot(
            censored["time_s"], censored["survival"], linestyle="none", marker="|", markersize=6,
            markeredgewidth=0.9, color=colour,
        )[0].set_gid(f"censored:{own['trial'].iloc[0].rpartition('/')[0]}")  # fmt: skip


def describe_survival(trials: pd.DataFrame) -> Description:
    """Say in words what the figure shows; `drawn` is False if no cell has enough trials."""
    drawn = curves(trials)
    if drawn:
        parts = [
            f"{own['trial'].iloc[0].rpartition('/')[0]}, "
            f"{table['events'].sum()} of {len(own)} ended within the watch"
            for own, table in drawn
        ]
        alt = (
            "Kaplan–Meier curves of the share of paths still without replies against the time "
            f"since the last reply, logarithmic, in seconds. Cells: {'; '.join(parts)}."
        )
    else:
        alt = f"No figure: no cell has {LEAST_TRIALS} judged trials with an interrupted path."
    return Description(
        name="survival",
        title="Survival of the outage",
        alt=alt,
        notebook=NOTEBOOK,
        tables=("trials",),
        trials=tuple(trial for own, _ in drawn for trial in own["trial"].drop_duplicates()),
        drawn=bool(drawn),
    )
