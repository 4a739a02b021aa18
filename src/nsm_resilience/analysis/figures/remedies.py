# SPDX-License-Identifier: Apache-2.0
"""Arms side by side: verdicts as a matrix, beside it every trial's outage and time of detection.

One figure for the nine, one for what is beyond them; the rows are cells, the arms lanes in a row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from nsm_resilience.analysis import style
from nsm_resilience.analysis.figures.cells import in_order, level_name, levels_in_order
from nsm_resilience.analysis.figures.description import Description
from nsm_resilience.analysis.figures.outages import (
    SHORTEST_S,
    label_lines,
    label_rows,
    shade_scenarios,
    shown_trials,
    spread,
)
from nsm_resilience.tables.schemas import CELL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTEBOOK = "notebooks/beyond.py"

FIGURES: dict[str, tuple[str, ...]] = {
    "remedies": ("nine", "levels"),
    "beyond": ("beyond", "control"),
}
"""Groups of table `remedies` that each figure shows."""

_TITLES = {"remedies": "The nine, arm by arm", "beyond": "Beyond the nine, arm by arm"}

ARM_MARKS: dict[str, style.Mark] = {
    "none": style.Mark(style.SOFT, "o"),
    "observe": style.Mark(style.PURPLE, "^"),
    "heal": style.Mark(style.GREEN, "P"),
}
"""How the trials of an arm are drawn: apart in colour, marker and lane."""

_LANES = {1: (0.0,), 2: (-0.2, 0.2), 3: (-0.28, 0.0, 0.28)}
_ROW_MM = {1: 4.8, 2: 5.6, 3: 7.0}
_HALF_LANE = 0.09
_MOST_MM = 190.0
"""Height of all rows at most: with its caption the figure has to stand on one page."""


def shown_cells(remedies: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of table `remedies` in a figure: tested in at least one arm, in order."""
    own = remedies[remedies["group"].isin(FIGURES[name])]
    same = [column for column in CELL if column != "remedy"]
    tested = own.groupby(same, sort=False)["n"].transform("sum") > 0
    return in_order(own[tested])


@style.styled
def draw_remedies(
    trials: pd.DataFrame,
    remedies: pd.DataFrame,
    names: Mapping[str, str],
    watch_s: float,
    name: str,
) -> Figure:
    """Draw the cells of one figure of `FIGURES`.

    Args:
        trials: table `trials`.
        remedies: table `remedies` of the same campaign.
        names: what is broken, by scenario id.
        watch_s: length of the watch in seconds; the axes of time end beyond it.
        name: which figure.

    Returns:
        A figure two columns wide. A verdict is an artist with the id
        `verdict:<row>:<remedy>:<verdict>`; each trial is one with the id `outage:<trial
        id>:<moment>` (see `shown_trials`), and, where something is broken, one with the id
        `shown:<trial id>:<yes or no>`.
    """
    cells = shown_cells(remedies, name)
    arms = levels_in_order("remedy", cells.loc[cells["n"] > 0, "remedy"])
    bare = cells.assign(remedy="none")[list(CELL)].drop_duplicates().reset_index(drop=True)
    lines = label_lines(bare, names)
    rows = {line.cell: y for y, line in enumerate(lines) if line.cell is not None}
    body = _ROW_MM.get(len(arms), 4.8) * max(len(lines), 1)
    height = 22 + min(body, _MOST_MM)
    figure = style.new_figure(style.PAGE_MM, height, w_pad=0.02, h_pad=0.01, wspace=0.02)
    matrix, never, outage, shown = figure.subplots(
        1, 4, sharey=True, gridspec_kw={"width_ratios": [0.75 * max(len(arms), 1), 0.7, 3, 2.4]}
    )
    shade_scenarios((matrix, never, outage, shown), lines)
    _matrix(matrix, cells, arms, rows)
    lanes = dict(zip(arms, _LANES.get(len(arms), (0.0,)), strict=False))
    own = _trials_of(trials, cells)
    longest = max([watch_s, *(float(s) for s in own["outage_s"])]) * 1.3
    for axes, title in ((outage, "outage of the path (s)"), (shown, "until it was shown (s)")):
        axes.set_xscale("log")
        axes.set_xlim(SHORTEST_S, longest)
        axes.set_xlabel(title)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        style.light_grid(axes)
    never.set_xlim(-0.5, 0.5)
    never.set_xticks([0], labels=["never\nstopped"], linespacing=0.9)
    never.tick_params(axis="x", length=0)
    broken = {tuple(row[:-1]) for row in cells.loc[~cells["control"], list(CELL)].to_numpy()}
    for cell, trials_of_cell in own.groupby(list(CELL), sort=False):
        key, arm = tuple(str(level) for level in cell), str(cell[-1])
        y = rows[(*key[:-1], "none")] + lanes[arm]
        _outages(never, outage, trials_of_cell, y, ARM_MARKS[arm])
        if key[:-1] in broken:
            _detection(shown, trials_of_cell, y, ARM_MARKS[arm], longest)
    for axes in (matrix, never, outage, shown):
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    matrix.set_ylim(len(lines) - 0.4, -0.6)
    label_rows(matrix, lines)
    _legend(figure, arms, set(cells["verdict"]))
    return figure


def _trials_of(trials: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    import numpy as np

    chosen = {tuple(row) for row in cells[list(CELL)].to_numpy()}
    shown = shown_trials(trials)
    mask = np.array([tuple(row) in chosen for row in shown[list(CELL)].to_numpy()], dtype=bool)
    return shown[mask]


def _matrix(
    axes: Axes, cells: pd.DataFrame, arms: Sequence[str], rows: Mapping[tuple[str, ...], int]
) -> None:
    """One column for each arm: the mark of the verdict, and how many of how many."""
    for row in cells.to_dict("records"):
        if row["remedy"] not in arms:
            continue
        x, y = arms.index(row["remedy"]), rows[(*(str(row[n]) for n in CELL[:-1]), "none")]
        mark = style.VERDICT_MARKS[row["verdict"]]
        axes.plot(
            [x - 0.22], [y], marker=mark.marker, markersize=4.2, linestyle="none",
            markerfacecolor=mark.colour if mark.filled else "white",
            markeredgecolor=mark.colour, markeredgewidth=0.6, clip_on=False,
        )[0].set_gid(f"verdict:{y}:{row['remedy']}:{row['verdict']}")  # fmt: skip
        text = f"{row['k']}/{row['n']}" if row["n"] else "–"
        axes.text(x - 0.05, y, text, va="center", fontsize=6.8)
    axes.set_xlim(-0.5, len(arms) - 0.4)
    words = [level_name("remedy", arm).removeprefix("watchdog ") for arm in arms]
    axes.set_xticks(range(len(arms)), labels=words, fontsize=6.5)
    axes.tick_params(axis="x", length=0)
    axes.spines["bottom"].set_visible(False)


def _outages(never: Axes, axes: Axes, own: pd.DataFrame, y: float, mark: style.Mark) -> None:
    offsets = spread(len(own), _HALF_LANE)
    idle = spread(int((own["moment"] == "never").sum()), 0.36)
    for row, offset in zip(own.to_dict("records"), offsets, strict=True):
        gid = f"outage:{row['trial']}:{row['moment']}"
        if row["moment"] == "never":
            _point(never, idle.pop(0), y, mark, gid)
        else:
            seconds = max(float(row["outage_s"]), SHORTEST_S)
            _point(axes, seconds, y + offset, mark, gid, censored=row["moment"] == "censored")


def _detection(axes: Axes, own: pd.DataFrame, y: float, mark: style.Mark, longest: float) -> None:
    """What was not shown in the watch is drawn where the watch ended, as censored.

    Of a trial in which that is not known nothing is drawn.
    """
    own = own[own["detected_unknown"].isna()]
    for row, offset in zip(own.to_dict("records"), spread(len(own), _HALF_LANE), strict=True):
        seen = row["detected_s"] == row["detected_s"]
        seconds = float(row["detected_s"] if seen else row["watch_s"])
        gid = f"shown:{row['trial']}:{'yes' if seen else 'no'}"
        x = min(max(seconds, SHORTEST_S), longest)
        _point(axes, x, y + offset, mark, gid, censored=not seen)


def _point(
    axes: Axes, x: float, y: float, mark: style.Mark, gid: str, *, censored: bool = False
) -> None:
    axes.plot(
        [x], [y], marker=style.CENSORED_MARKER if censored else mark.marker,
        markersize=3.2 if censored else 2.6, markerfacecolor="white" if censored else mark.colour,
        markeredgecolor=mark.colour, markeredgewidth=0.6, linestyle="none", zorder=3,
        clip_on=False,
    )[0].set_gid(gid)  # fmt: skip


def _legend(figure: Figure, arms: Sequence[str], verdicts: Collection[str]) -> None:
    from matplotlib.lines import Line2D

    def handle(mark: style.Mark, label: str, marker: str = "", hollow: bool = False) -> Line2D:
        return Line2D(
            [], [], linestyle="none", marker=marker or mark.marker, markersize=3.6,
            markeredgewidth=0.6, markeredgecolor=mark.colour,
            markerfacecolor="white" if hollow else mark.colour, label=label,
        )  # fmt: skip

    handles = [handle(ARM_MARKS[arm], level_name("remedy", arm)) for arm in arms]
    handles += [
        handle(mark, verdict, hollow=not mark.filled)
        for verdict in ("supported", "flaky", "unsupported", "not tested", "not reached")
        for mark in [style.VERDICT_MARKS[verdict]]
        if verdict in verdicts
    ]
    text = "not in the watch: no recovery, nothing shown"
    handles.append(handle(style.Mark(style.SOFT, ""), text, style.CENSORED_MARKER, hollow=True))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1.2,
                  handletextpad=0.2)  # fmt: skip


def describe_remedies(trials: pd.DataFrame, remedies: pd.DataFrame, name: str) -> Description:
    """Say in words what one figure of `FIGURES` shows."""
    cells = shown_cells(remedies, name)
    own = _trials_of(trials, cells)
    said = [_arm_in_words(cells, arm) for arm in levels_in_order("remedy", cells["remedy"])]
    rows = len(cells[[column for column in CELL if column != "remedy"]].drop_duplicates())
    alt = (
        f"Matrix of verdicts, one row for each of {rows} cells and one column for each arm, and "
        f"beside it two dot plots on logarithmic time axes in seconds, one point for each of "
        f"{len(own)} judged trials: outage of the path, and time until anything was shown. "
        + " ".join(text for text in said if text)
    )
    return Description(
        name=name,
        title=_TITLES[name],
        alt=alt if len(own) else "No figure: none of its cells has a judged trial.",
        notebook=NOTEBOOK,
        tables=("remedies", "arms"),
        trials=tuple(dict.fromkeys(own["campaign"] + ": " + own["trial"])),
        drawn=len(own) > 0,
    )


def _arm_in_words(cells: pd.DataFrame, arm: str) -> str:
    own = cells[(cells["remedy"] == arm) & (cells["n"] > 0)]
    if own.empty:
        return ""
    counts = own["verdict"].value_counts()
    words = ", ".join(f"{int(counts.get(v, 0))} {v}" for v in ("supported", "flaky", "unsupported"))
    return f"{level_name('remedy', arm).capitalize()}: {words}."
