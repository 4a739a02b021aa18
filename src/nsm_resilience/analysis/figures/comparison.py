# SPDX-License-Identifier: Apache-2.0
"""Outages of two campaigns side by side: one row per cell of either, one panel per campaign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nsm_resilience.analysis import style
from nsm_resilience.analysis.comparison import Contrast, Pair, contrasts_of, matched
from nsm_resilience.analysis.figures.cells import level_name
from nsm_resilience.analysis.figures.description import Description
from nsm_resilience.analysis.figures.outages import (
    draw_legend,
    draw_panel,
    height_mm,
    label_lines,
    label_rows,
    longest_s,
    shown_trials,
)
from nsm_resilience.tables.schemas import CELL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from nsm_resilience.analysis.comparison import Side

NOTEBOOK = "notebooks/compare.py"
_TITLES_MM = 5


def run_pairs(first: Side, second: Side) -> tuple[tuple[Contrast, ...], list[Pair]]:
    """Return what the campaigns differ in, and the pairs in which either has a judged trial."""
    contrasts = contrasts_of(first.scenarios, second.scenarios)
    pairs = matched(first.scenarios, second.scenarios, contrasts)
    run = [p for p in pairs if any(row is not None and row["n"] for row in (p.first, p.second))]
    return contrasts, run


def aligned(table: pd.DataFrame, contrasts: Sequence[Contrast]) -> pd.DataFrame:
    """Return the second's rows with the first's level of each factor that is compared."""
    return table.assign(**{c.factor: table[c.factor].replace(c.second, c.first) for c in contrasts})


@style.styled
def draw_comparison(first: Side, second: Side, names: Mapping[str, str], watch_s: float) -> Figure:
    """Draw the outages of both campaigns, row by row, with the verdicts that changed.

    Args:
        first: the first campaign, in the left panel.
        second: the second, in the right one.
        names: what is broken, by scenario id.
        watch_s: length of the longer watch in seconds.

    Returns:
        A figure two columns wide; its axes are those of the outage figure, twice. Each trial is one
        artist with the id `<first or second>:<trial id>:<moment>`, each change of verdict a text
        with the id `change:<row>`.
    """
    import pandas as pd

    contrasts, pairs = run_pairs(first, second)
    levels = [{name: pair.either[name] for name in CELL} for pair in pairs]
    cells = aligned(pd.DataFrame(levels, columns=list(CELL)), contrasts)
    lines = label_lines(cells, names)
    shown = [
        shown_trials(first.trials),
        shown_trials(aligned(second.trials, contrasts)),
    ]
    scenarios = [first.scenarios, aligned(second.scenarios, contrasts)]
    longest = max(longest_s(own, watch_s) for own in shown)
    # room at the right: the paper's font is wider than the one that texts are measured with
    figure = style.new_figure(
        style.PAGE_MM, height_mm(lines) + _TITLES_MM, w_pad=0.05, h_pad=0.01, wspace=0.015
    )
    panels = figure.subplots(1, 4, sharey=True, gridspec_kw={"width_ratios": [1, 4.2, 1, 4.2]})
    for number, side in enumerate((first, second)):
        never, axes = panels[2 * number], panels[2 * number + 1]
        prefix = ("first:", "second:")[number]
        draw_panel(never, axes, shown[number], scenarios[number], lines, longest, prefix)
        axes.set_title(_title(side.name, contrasts, number), pad=10)
    label_rows(panels[0], lines)
    rows = {line.cell: y for y, line in enumerate(lines) if line.cell is not None}
    for cell, pair in zip(cells.itertuples(index=False), pairs, strict=True):
        text = _change(pair)
        if text:
            y = rows[tuple(cell)]
            panels[3].annotate(
                text, (1.0, y), xycoords=("axes fraction", "data"), xytext=(3, 0),
                textcoords="offset points", va="center", fontsize=6.5, annotation_clip=False,
            ).set_gid(f"change:{y}")  # fmt: skip
    draw_legend(figure, pd.concat(shown))
    return figure


def _title(name: str, contrasts: Sequence[Contrast], number: int) -> str:
    levels = [level_name(c.factor, (c.first, c.second)[number]) for c in contrasts]
    return f"{name} ({', '.join(levels)})" if levels else name


def _change(pair: Pair) -> str:
    """Say what the second's verdict is where it is another one, or who alone has trials."""
    verdicts = [
        str(row["verdict"]) if row is not None and row["n"] else None
        for row in (pair.first, pair.second)
    ]
    if verdicts[0] is None:
        return "second only"
    if verdicts[1] is None:
        return "first only"
    return "" if verdicts[0] == verdicts[1] else f"\u2192 {verdicts[1]}"


def describe_comparison(first: Side, second: Side) -> Description:
    """Say in words what the figure shows."""
    _, pairs = run_pairs(first, second)
    changes = [_change(pair) for pair in pairs]
    both = sum(not text.endswith("only") for text in changes)
    changed = sum("\u2192" in text for text in changes)
    shown = [shown_trials(side.trials) for side in (first, second)]
    points = " and ".join(
        f"{len(own)} judged trials of {side.name}, {int((own['moment'] == 'censored').sum())} of "
        "them not back when the watch ended"
        for own, side in zip(shown, (first, second), strict=True)
    )
    alt = (
        f"Two dot plots beside each other of the outage of the established path on a logarithmic "
        f"time axis in seconds, one row for each of {len(pairs)} cells: {points}. Of {both} cells "
        f"that both campaigns have trials of, {changed} have another verdict in the second."
    )
    drawn = any(len(own) for own in shown)
    return Description(
        name="comparison",
        title="Outages of two campaigns",
        alt=alt if drawn else "No figure: neither campaign holds a judged trial.",
        notebook=NOTEBOOK,
        tables=("comparison", "comparison_times", "trials", "scenarios"),
        trials=tuple(
            dict.fromkeys(
                f"{side.name}: {trial}"
                for own, side in zip(shown, (first, second), strict=True)
                for trial in own["trial"]
            )
        ),
        drawn=drawn,
    )
