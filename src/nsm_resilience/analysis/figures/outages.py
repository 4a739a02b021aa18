# SPDX-License-Identifier: Apache-2.0
"""Outages of the path: every trial is a point, in rows of cells, on a log time axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nsm_resilience.analysis import style
from nsm_resilience.analysis.figures.cells import cell_labels, in_order, judged
from nsm_resilience.analysis.figures.description import Description
from nsm_resilience.systems.known import SYSTEMS
from nsm_resilience.tables.attempts import JUDGED
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.language import least_to_most, median_seconds, seconds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTEBOOK = "notebooks/outages.py"

SHORTEST_S = 0.1
"""Left end of the axis: a shorter run of losses is no interruption (judge.loss_run)."""

_ROW_MM = 4.6

_SPARE = 0.012
"""Share of the figure's width that is left free beside the labels: letters are a little wider in
print than in the font of the layout (analysis/style.py)."""


def shown_trials(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials that count in n.

    Adds `moment` to each: `never` (the path did not stop), `back` (it came back after `outage_s`)
    or `censored` (it had not come back when the watch ended).
    """
    shown = in_order(judged(trials))
    shown["moment"] = [
        "censored" if censored else ("back" if outage_s > 0 else "never")
        for outage_s, censored in zip(shown["outage_s"], shown["outage_censored"], strict=True)
    ]
    return shown


def reference_lines(trials: pd.DataFrame) -> dict[float, str]:
    """Return time constants, in seconds, of the systems shown, and their meanings."""
    shown = (SYSTEMS[str(name)] for name in dict.fromkeys(judged(trials)["system"]))
    return {at_s: what for system in shown for what, at_s in system.constants_s.items()}


@style.styled
def draw_outages(
    trials: pd.DataFrame, scenarios: pd.DataFrame, names: Mapping[str, str], watch_s: float
) -> Figure:
    """Draw outage per cell.

    Args:
        scenarios: table `scenarios`; its medians and intervals are drawn behind the points.
        watch_s: length of the watch in seconds; the axis ends beyond it.

    Returns:
        A figure one column wide. In its second axes (the log axis) each trial is one artist with
        the id `<trial id>:<moment>`; the first has the paths that never stopped.
    """
    shown = shown_trials(trials)
    cells = shown[list(CELL)].drop_duplicates().reset_index(drop=True)
    lines = label_lines(cells, names)
    figure = style.new_figure(
        style.COLUMN_MM, 18 + _ROW_MM * max(len(lines), 1), w_pad=0.01, h_pad=0.01, wspace=0.015,
        rect=(_SPARE, 0, 1 - _SPARE, 1),
    )  # fmt: skip
    never, axes = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [1, 4.2]})
    rows = {line.cell: y for y, line in enumerate(lines) if line.cell is not None}
    lines_s = reference_lines(trials)
    right = 1.3 * max([watch_s, *lines_s, *(float(s) for s in shown["outage_s"])])
    axes.set_xscale("log")
    axes.set_xlim(SHORTEST_S, right)
    _shade_scenarios((never, axes), lines)
    style.light_grid(axes)
    _reference_lines(axes, lines_s)
    trials_of = {cell: shown[(shown[list(CELL)] == list(cell)).all(axis=1)] for cell in rows}
    seen_s = {cell: float(own["down_s"].median()) for cell, own in trials_of.items()}
    _medians(axes, scenarios, rows, seen_s, right)
    for cell, y in rows.items():
        own = trials_of[cell]
        _points(never, axes, own, y)

    axes.set_xlabel("outage of the path (s)")
    never.set_xlim(-0.5, 0.5)
    never.set_xticks([0], labels=["never\nstopped"], linespacing=0.9)
    never.tick_params(axis="x", length=0)
    never.set_ylim(len(lines) - 0.4, -0.6)
    for side in (never, axes):
        side.tick_params(axis="y", length=0)
        side.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    label_rows(never, lines)
    _legend(figure, shown)
    return figure


def label_rows(axes: Axes, lines: Sequence[LabelLine]) -> None:
    """Write the lines at the left of the leftmost axes."""
    axes.set_yticks(range(len(lines)), labels=[line.text for line in lines])
    for tick, line in zip(axes.get_yticklabels(), lines, strict=True):
        if line.variant:
            tick.set_color(style.SOFT)
            tick.set_fontsize(6.5)


@dataclass(frozen=True)
class LabelLine:
    """One line of labels: a cell's own, or the heading of a scenario with several cells."""

    text: str
    scenario: tuple[str, str]
    cell: tuple[str, ...] | None
    variant: bool


def label_lines(cells: pd.DataFrame, names: Mapping[str, str]) -> list[LabelLine]:
    """Return the lines of the figure from top to bottom, with a heading above several cells."""
    lines: list[LabelLine] = []
    labels = dict(zip(cells.index, cell_labels(cells, names), strict=True))
    for (plane, scenario), own in cells.groupby(["plane", "scenario"], sort=False):
        of = (str(plane), str(scenario))
        if len(own) > 1:
            heading = labels[own.index[0]].partition(": ")[0]
            lines.append(LabelLine(heading, of, None, variant=False))
        for index in own.index:
            cell = tuple(str(level) for level in cells.loc[index, list(CELL)])
            text = labels[index].partition(": ")[2] if len(own) > 1 else labels[index]
            lines.append(LabelLine(text, of, cell, variant=len(own) > 1))
    return lines


def _shade_scenarios(panels: Sequence[Axes], lines: Sequence[LabelLine]) -> None:
    """Shade every other scenario, to lead from the label to the row."""
    for number, scenario in enumerate(dict.fromkeys(line.scenario for line in lines)):
        if number % 2 == 0:
            own = [y for y, line in enumerate(lines) if line.scenario == scenario]
            for side in panels:
                side.axhspan(own[0] - 0.5, own[-1] + 0.5, color=style.BAND, linewidth=0, zorder=0)


def _reference_lines(axes: Axes, lines_s: Iterable[float]) -> None:
    for at_s in lines_s:
        line = axes.axvline(at_s, color=style.SOFT, linewidth=0.6, linestyle=(0, (4, 2)))
        line.set_gid(f"reference:{at_s:g}")
        axes.annotate(
            f"{at_s:g} s", (at_s, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 2),
            textcoords="offset points", ha="center", va="bottom", fontsize=6.5, color=style.SOFT,
        )  # fmt: skip


def _medians(
    axes: Axes,
    scenarios: pd.DataFrame,
    rows: Mapping[tuple[str, ...], int],
    seen_s: Mapping[tuple[str, ...], float],
    right: float,
) -> None:
    """Draw each median and its interval; a censored end runs off to the right.

    Args:
        seen_s: median of the time down that was seen, by cell.
    """
    for record in scenarios.to_dict("records"):
        cell = tuple(str(record[name]) for name in CELL)
        y = rows.get(cell)
        median = float(record["outage_median_s"])
        if y is None or math.isnan(median) or median <= 0:
            continue
        low, high = float(record["outage_median_low_s"]), float(record["outage_median_high_s"])
        if not math.isnan(low):
            ends = max(low, SHORTEST_S), min(high, right)
            bar = axes.plot(ends, [y, y], color=style.SKY, linewidth=3.2, solid_capstyle="butt")[0]
            bar.set_gid(f"interval:{record['scenario']}:{y}")
            bar.set_alpha(0.55)
        if math.isfinite(median):
            axes.plot([median, median], [y - 0.36, y + 0.36], color=style.INK, linewidth=1.1)
        if int(record["interruptions_most"]) > 1:  # else the outage is the time down
            down = median_seconds(float(record["down_median_s"]), seen_s[cell])
            axes.annotate(
                f"{down} in {record['interruptions_most']}", (1.0, y),
                xycoords=("axes fraction", "data"), xytext=(5, 0),
                textcoords="offset points", va="center", fontsize=6, color=style.SOFT,
                gid=f"down:{record['scenario']}:{y}",
            )  # fmt: skip


def _points(never: Axes, axes: Axes, own: pd.DataFrame, y: int) -> None:
    offsets = _spread(len(own), 0.30)
    idle = _spread(int((own["moment"] == "never").sum()), 0.36)
    for row, offset in zip(own.to_dict("records"), offsets, strict=True):
        mark, censored = style.VERDICT_MARKS[row["verdict"]], row["moment"] == "censored"
        if row["moment"] == "never":
            side, x, level = never, idle.pop(0), float(y)
        else:
            side, x, level = axes, max(float(row["outage_s"]), SHORTEST_S), y + offset
        point = side.plot(
            [x], [level], marker=style.CENSORED_MARKER if censored else mark.marker,
            markersize=3.4 if censored else 2.6, markeredgecolor=mark.colour, markeredgewidth=0.6,
            markerfacecolor="white" if censored else mark.colour, linestyle="none", zorder=3,
            clip_on=False,
        )[0]  # fmt: skip
        point.set_gid(f"{row['trial']}:{row['moment']}")


def _spread(n: int, half: float) -> list[float]:
    """Return n positions around 0 in the order of the trials."""
    return [0.0] if n == 1 else [half * (2 * i / (n - 1) - 1) for i in range(n)]


def _legend(figure: Figure, shown: pd.DataFrame) -> None:
    """Say below the figure what the marks of these trials mean."""
    from matplotlib.lines import Line2D

    def handle(colour: str, marker: str, filled: bool, label: str) -> Line2D:
        face = colour if filled else "white"
        return Line2D(
            [], [], linestyle="none", marker=marker, markersize=3.6, markeredgewidth=0.6,
            markeredgecolor=colour, markerfacecolor=face, label=label,
        )  # fmt: skip

    present = set(shown["verdict"])
    handles = [
        handle(style.VERDICT_MARKS[v].colour, style.VERDICT_MARKS[v].marker, True, f"{v} trial")
        for v in JUDGED
        if v in present
    ]
    if (shown["moment"] == "censored").any():
        label = "not back when the watch ended"
        handles.append(handle(style.SOFT, style.CENSORED_MARKER, False, label))
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=3, columnspacing=1.0,
                      handletextpad=0.1)  # fmt: skip


def describe_outages(trials: pd.DataFrame) -> Description:
    """Say in words what the figure shows."""
    shown = shown_trials(trials)
    counts = shown["moment"].value_counts()
    never, back, censored = (int(counts.get(m, 0)) for m in ("never", "back", "censored"))
    cells = len(shown[list(CELL)].drop_duplicates())
    alt = (
        f"Dot plot of the outage of the established path, one row for each of {cells} cells and "
        f"one point for each of {len(shown)} judged trials, on a logarithmic time axis in seconds. "
        f"In {never} the path never stopped, in {back} it stopped and came back"
    )
    if back:
        times = shown.loc[shown["moment"] == "back", "outage_s"]
        alt += f" after {least_to_most(seconds(times.min()), seconds(times.max()))} s"
    alt += f", in {censored} it had not come back when the watch ended."
    if shown.empty:
        alt = "No figure: the campaign holds no judged trial."
    return Description(
        name="outages",
        title="Outage of the established path",
        alt=alt,
        notebook=NOTEBOOK,
        tables=("trials", "scenarios"),
        trials=tuple(shown["trial"].drop_duplicates()),
        drawn=not shown.empty,
    )
