# SPDX-License-Identifier: Apache-2.0
"""Small multiples of one trial per scenario: replies, component states and faults on one axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis import style
from nsm_resilience.analysis.figures.cells import cell_labels
from nsm_resilience.analysis.figures.description import Description
from nsm_resilience.analysis.figures.typical import typical_trials
from nsm_resilience.analysis.timeline import (
    BEFORE_S,
    SOCKETS,
    Timeline,
    binned,
    changed_sockets,
    lanes,
    reply_limits,
    states,
)
from nsm_resilience.tables.language import seconds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Rect = tuple[float, float, float, float]

NOTEBOOK = "notebooks/timelines.py"

_NOTICES = {"finding": "white", "action": style.INK}
_LANE_MM = 2.05
_STRIP_MM = 7.5
_TITLE_MM = 4.5
_GAP_MM = 0.9
_LEFT_MM = 21.0
"""Least room for labels at the left of a panel; names of components may need more."""
_LABEL_PT = 6.0
_BESIDE_MM = 2.5
"""Space at both sides of the longest label."""
_BELOW_MM = 2.5
_FOOT_MM = 14.0


@style.styled
def draw_timelines(
    chosen: pd.DataFrame,
    timelines: Mapping[str, Timeline],
    components: pd.DataFrame,
    outages: pd.DataFrame,
    names: Mapping[str, str],
    titles: Sequence[str] | None = None,
) -> Figure:
    """Draw one panel per chosen trial.

    Args:
        chosen: rows of table `trials`, one per panel, see `typical_trials`.
        timelines: by trial id, for all that are chosen.
        titles: of the panels; default: the cell of each.

    Returns:
        A figure two columns wide. Each panel is a pair of axes over the same seconds: replies
        (`replies:<trial>`) with a watchdog's findings and actions above (`<trial>:findings`,
        `<trial>:actions`), and one lane per thing that changed (`<trial>:<node>:<component>`).
    """
    from matplotlib.figure import Figure

    rows = chosen.to_dict("records")
    lines = [timelines[row["trial"]] for row in rows]
    own = [_rows_of_attempt(components, row) for row in rows]
    shown = [lanes(table, line.end_s) for table, line in zip(own, lines, strict=True)]
    page = _Page(tuple(len(lane) for lane in shown), _left_mm(shown))
    # placed by hand: a layout engine would give panels with and without labels different sizes
    figure = Figure(figsize=(style.PAGE_MM / 25.4, page.height / 25.4))
    right = max((line.end_s for line in lines), default=BEFORE_S)
    limits = reply_limits(lines)
    heads = cell_labels(chosen, names) if titles is None else titles
    for number, (row, label) in enumerate(zip(rows, heads, strict=True)):
        strip = figure.add_axes(page.strip(number))
        pair = [strip]
        if shown[number]:
            pair.append(figure.add_axes(page.lane(number), sharex=strip))
            _lanes(pair[1], row["trial"], own[number], shown[number], lines[number].end_s)
        _replies(strip, lines[number], _rows_of_attempt(outages, row), limits)
        _notices(strip, lines[number])
        strip.set_title(f"{label} ({row['verdict']})")
        strip.set_xlim(-BEFORE_S, right)
        lowest = number + page.columns >= len(rows)
        for axes in pair:
            _faults(axes, lines[number])
            axes.tick_params(axis="x", bottom=axes is pair[-1], labelbottom=False)
        pair[-1].tick_params(axis="x", labelbottom=lowest)
        if pair[-1] is not strip:
            strip.spines["bottom"].set_visible(False)
        if lowest:
            pair[-1].set_xlabel("time from the fault (s)")
    _legend(figure, watched=any(line.notices for line in lines))
    return figure


@dataclass(frozen=True)
class _Page:
    """Positions of the panels, in millimetres from the top left corner.

    Attributes:
        lanes: number of lanes in each panel.
        left_mm: room for the labels of each column.
    """

    lanes: tuple[int, ...]
    left_mm: float

    @property
    def columns(self) -> int:
        return 1 if len(self.lanes) <= 3 else 2

    def _row_mm(self, row: int) -> float:
        most = max(self.lanes[row * self.columns : (row + 1) * self.columns])
        return _TITLE_MM + _STRIP_MM + _GAP_MM + _LANE_MM * most + _BELOW_MM

    @property
    def height(self) -> float:
        rows = math.ceil(len(self.lanes) / self.columns)
        return sum(self._row_mm(row) for row in range(rows)) + _FOOT_MM

    def strip(self, number: int) -> Rect:
        """Return the position of a panel's replies: left, bottom, width, height, as shares."""
        return self._place(number, _TITLE_MM, _STRIP_MM)

    def lane(self, number: int) -> Rect:
        """Return the position of a panel's lanes."""
        below = _TITLE_MM + _STRIP_MM + _GAP_MM
        return self._place(number, below, _LANE_MM * self.lanes[number])

    def _place(self, number: int, below_mm: float, height_mm: float) -> Rect:
        row, column = divmod(number, self.columns)
        width = (style.PAGE_MM - 3.0) / self.columns - self.left_mm
        left = self.left_mm + column * (width + self.left_mm)
        top = sum(self._row_mm(before) for before in range(row)) + below_mm
        return (
            left / style.PAGE_MM,
            1 - (top + height_mm) / self.height,
            width / style.PAGE_MM,
            height_mm / self.height,
        )


def _left_mm(shown: Sequence[Sequence[tuple[str, str]]]) -> float:
    """Width of the longest label of a lane, in the font of the layout, with space beside it."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=_LABEL_PT)
    widest = max(
        (
            text_to_path.get_text_width_height_descent(_label(lane), font, ismath=False)[0]
            for panel in shown
            for lane in panel
        ),
        default=0.0,
    )
    return max(_LEFT_MM, widest * 25.4 / 72 + _BESIDE_MM)


def _label(lane: tuple[str, str]) -> str:
    """Name of a lane: the component, and the role of its node."""
    node, thing = lane
    return f"{thing}, {node}"


def _rows_of_attempt(table: pd.DataFrame, row: Mapping[Any, Any]) -> pd.DataFrame:
    own: pd.DataFrame = table[
        (table["trial"] == row["trial"]) & (table["attempt"] == row["attempt"])
    ]
    return own


def _replies(
    axes: Axes, timeline: Timeline, outages: pd.DataFrame, limits: tuple[float, float]
) -> None:
    summary = binned(timeline.replies, -BEFORE_S, timeline.end_s)
    dots = axes.plot(
        summary["t_s"], summary["median_s"].astype("float64") * 1e3, linestyle="none", marker=".",
        markersize=1.5, color=style.REPLY_COLOUR, markeredgewidth=0,
    )[0]  # fmt: skip
    dots.set_gid(f"replies:{timeline.trial}")
    axes.set_yscale("log")
    axes.set_ylim(*limits)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    axes.set_ylabel("reply, ms" if limits[1] / limits[0] > 50 else "ms", fontsize=6.0)
    axes.tick_params(axis="y", labelsize=6.0)
    for gap in outages.to_dict("records"):
        end = gap["end_s"]
        stop = timeline.end_s if end is None or end != end else float(end)
        span = axes.axvspan(float(gap["begin_s"]), stop, color="#b5b5b5", linewidth=0)
        span.set_gid(f"{timeline.trial}:no-reply")


def _notices(axes: Axes, timeline: Timeline) -> None:
    """Mark a watchdog's findings (hollow) and actions (filled) along the upper edge."""
    for what, face in _NOTICES.items():
        times = [t_s for kind, t_s in timeline.notices if kind == what]
        if times:
            axes.plot(
                times, [1.0] * len(times), transform=axes.get_xaxis_transform(), clip_on=False,
                zorder=5, **_notice_style(face),
            )[0].set_gid(f"{timeline.trial}:{what}s")  # fmt: skip


def _notice_style(face: str) -> dict[str, Any]:
    return {
        "linestyle": "none", "marker": "D", "markersize": 2.8, "markerfacecolor": face,
        "markeredgecolor": style.INK, "markeredgewidth": 0.5,
    }  # fmt: skip


def _faults(axes: Axes, timeline: Timeline) -> None:
    axes.axvline(0, color=style.FAULT_COLOUR, linewidth=0.8)
    axes.axvline(timeline.end_s, color=style.SOFT, linewidth=0.5, linestyle=(0, (1, 1.5)))
    for band in timeline.injections:
        if band.end_s - band.begin_s > 0.2:  # thinner than the line of the instant itself
            axes.axvspan(
                band.begin_s, band.end_s, color=style.FAULT_COLOUR, alpha=0.18, linewidth=0
            )


def _lanes(
    axes: Axes,
    trial: str,
    components: pd.DataFrame,
    shown: Sequence[tuple[str, str]],
    end_s: float,
) -> None:
    """Draw one bar per stretch of a process, paler while it is not ready or stopped."""
    for y, (node, thing) in enumerate(shown):
        lane = f"{trial}:{node}:{thing}"
        on_node = components[components["node"] == node]
        if thing == SOCKETS:
            _socket_lane(axes, lane, on_node[on_node["what"] == "socket"], y, end_s)
            continue
        own = on_node[on_node["component"] == thing]
        colour = style.component_colour(thing)
        for begin, end, value in states(own[own["what"] == "process"], -BEFORE_S, end_s):
            word = value.split()[0]
            if word not in ("running", "stopped"):
                continue
            bar = axes.barh(y, end - begin, left=begin, height=0.62, color=colour, linewidth=0)[0]
            bar.set_gid(f"{lane}:{word}")
            if word == "stopped":
                _paler(axes, y, begin, end)
            if begin > -BEFORE_S:  # one process follows another without a gap
                axes.plot([begin, begin], [y - 0.31, y + 0.31], color="white", linewidth=0.8)
        for begin, end, value in states(own[own["what"] == "ready"], -BEFORE_S, end_s):
            if value == "false":
                _paler(axes, y, begin, end)
        restarts = own[own["what"] == "restart"].sort_values("t_s", kind="stable")
        times = [float(t) for t in restarts["t_s"].iloc[1:]]  # the first is the count before
        if times:
            axes.plot(
                times, [y] * len(times), linestyle="none", marker="v", markersize=2.8,
                markerfacecolor="white", markeredgecolor=style.INK, markeredgewidth=0.5, zorder=4,
            )[0].set_gid(f"{lane}:restarts")  # fmt: skip
    axes.set_yticks(range(len(shown)), labels=[_label(lane) for lane in shown])
    axes.tick_params(axis="y", length=0, labelsize=_LABEL_PT)
    axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)


def _socket_lane(axes: Axes, lane: str, sockets: pd.DataFrame, y: int, end_s: float) -> None:
    if sockets.empty:
        return
    colour = style.component_colour(SOCKETS)
    bar = axes.barh(y, end_s + BEFORE_S, left=-BEFORE_S, height=0.62, color=colour, linewidth=0)[0]
    bar.set_gid(f"{lane}:as before")
    for band in changed_sockets(sockets, -BEFORE_S, end_s):
        hole = axes.barh(
            y, band.end_s - band.begin_s, left=band.begin_s, height=0.62, facecolor="white",
            edgecolor=colour, hatch="//////", linewidth=0.4,
        )[0]  # fmt: skip
        hole.set_gid(f"{lane}:changed")


def _paler(axes: Axes, y: int, begin: float, end: float) -> None:
    axes.barh(y, end - begin, left=begin, height=0.62, color="white", alpha=0.65, linewidth=0,
              zorder=2)  # fmt: skip


def _legend(figure: Figure, *, watched: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Line2D([], [], color=style.FAULT_COLOUR, linewidth=0.8, label="fault"),
        Line2D([], [], linestyle="none", marker=".", markersize=3, color=style.INK,
               label="reply (median of a bin)"),
        Patch(color="#b5b5b5", label="no reply"),
        Patch(color=style.BLUE, label="process runs"),
        Patch(color=style.BLUE, alpha=0.35, label="stopped or not ready"),
        Line2D([], [], linestyle="none", marker="v", markersize=3, markerfacecolor="white",
               markeredgecolor=style.INK, markeredgewidth=0.5, label="restart counted"),
        Patch(facecolor="white", edgecolor=style.component_colour(SOCKETS), hatch="//////",
              linewidth=0.4, label="socket not as before"),
        Line2D([], [], color=style.SOFT, linewidth=0.5, linestyle=(0, (1, 1.5)),
               label="end of the watch"),
    ]  # fmt: skip
    if watched:
        handles += [
            Line2D([], [], label=f"watchdog's {what}", **_notice_style(face))
            for what, face in _NOTICES.items()
        ]
    columns = len(handles) if not watched else (len(handles) + 1) // 2
    figure.legend(handles=handles, loc="lower center", ncols=columns,
                  columnspacing=1.1, handlelength=1.3, handletextpad=0.4, fontsize=6.8)  # fmt: skip


def describe_timelines(trials: pd.DataFrame) -> Description:
    """Say in words which trial is shown for which scenario, and how it went."""
    chosen = typical_trials(trials)
    parts = []
    for row in chosen.to_dict("records"):
        if row["outage_censored"] is True:
            path = "the path was not back when the watch ended"
        elif row["outage_s"] != row["outage_s"]:
            path = "of an outage of the path nothing is known"
        elif row["outage_s"] > 0:
            down, times = row["down_s"], row["interruptions"]
            away = f"the path was away for {seconds(row['outage_s'])} s"
            path = f"{away} (down {seconds(down)} s in {times})"
        else:
            path = "the path never stopped"
        parts.append(f"{row['trial']}: {path}, trial {row['verdict']}")
    alt = (
        "Panels over the seconds from the fault, one per scenario, each with the replies of the "
        f"established path above and the components that changed below. {'; '.join(parts)}."
    )
    if chosen.empty:
        alt = "No figure: the campaign holds no judged trial."
    return Description(
        name="timelines",
        title="One typical trial per scenario",
        alt=alt,
        notebook=NOTEBOOK,
        tables=("trials", "components", "outages"),
        trials=tuple(chosen["trial"]),
        drawn=not chosen.empty,
    )
