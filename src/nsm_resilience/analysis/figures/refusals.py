# SPDX-License-Identifier: Apache-2.0
"""How long new clients are refused: a line for each one, from its request to its answer.

A study can have several new clients in a trial; the first that connects ends the blind time (issue
14, section 4). A campaign with one new client shows one line for each trial.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from nsm_resilience.analysis import style
from nsm_resilience.analysis.figures.cells import (
    FACTORS,
    USUAL_LEVELS,
    USUAL_NAMES,
    in_order,
    judged,
)
from nsm_resilience.analysis.figures.description import Description
from nsm_resilience.study.factors import level_name
from nsm_resilience.tables.cell import CELL, DEFAULTS
from nsm_resilience.tables.language import least_to_most

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTEBOOK = "notebooks/consequences.py"

_ROW_MM = 5.2
_SPREAD = 0.7
"""Height of a row over which the lines of its trials are spread."""
_KEY = ["campaign", "trial", "attempt"]
_SAME = {name: level for name, level in USUAL_LEVELS.items() if name not in ("client", "watch")}
"""Levels that all clients in the figure share: no remedy, the first outage."""


def asked_clients(
    new_clients: pd.DataFrame, trials: pd.DataFrame, scenarios: Collection[str]
) -> pd.DataFrame:
    """Return the new clients of judged trials of these scenarios at the levels of `_SAME`.

    Returns:
        Rows in the order of campaigns and cells, with `until_s`: seconds from the fault until the
        client had connected, or gave up.
    """
    counting = judged(trials)[_KEY]
    wanted = new_clients[
        new_clients["scenario"].isin(list(scenarios))
        & (new_clients[[*_SAME]] == [*_SAME.values()]).all(axis=1)
        & new_clients["asked_s"].notna()
        & new_clients["answered"].notna()
    ].merge(counting, on=_KEY)
    if wanted.empty:
        return wanted.assign(until_s=[])
    order = {name: rank for rank, name in enumerate(dict.fromkeys(trials["campaign"]))}
    ranked = in_order(wanted).assign(rank=lambda own: own["campaign"].map(order))
    ranked = ranked.sort_values("rank", kind="stable").drop(columns="rank").reset_index(drop=True)
    waited = ranked["waited_s"].astype(float).where(ranked["answered"].eq(True))
    until = ranked["asked_s"] + waited.fillna(ranked["window_s"])
    return ranked.assign(until_s=until)[until.notna()].reset_index(drop=True)


@style.styled
def draw_refusals(asked: pd.DataFrame) -> Figure:
    """Draw what `asked_clients` returned.

    Returns:
        A figure of the page's width. A row is a cell of a campaign; a client is one artist with the
        id `<campaign>:<trial>:<number>:connected` or `…:refused`.
    """
    if asked.empty:
        why = "No judged trial with damaged sockets asked a new client."
        return style.empty_figure(style.PAGE_MM, why)
    rows = list(asked.groupby(["campaign", *CELL], sort=False))
    figure = style.new_figure(style.PAGE_MM, 16 + _ROW_MM * len(rows), w_pad=0.02, h_pad=0.01)
    axes = figure.subplots()
    for y, (_, own) in enumerate(rows):
        if y % 2 == 0:
            axes.axhspan(y - 0.5, y + 0.5, color=style.BAND, linewidth=0, zorder=0)
        _clients(axes, own, y)
    axes.set_yticks(range(len(rows)), labels=[_label(own) for _, own in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, float(asked["until_s"].max()) * 1.04)
    axes.set_xlabel("time after the fault (s)")
    axes.spines["left"].set_visible(False)
    style.light_grid(axes)
    _legend(figure)
    return figure


def _clients(axes: Axes, own: pd.DataFrame, y: int) -> None:
    trials = list(dict.fromkeys(own["trial"]))
    step = _SPREAD / max(len(trials), 1)
    for row in own.to_dict("records"):
        at = y - _SPREAD / 2 + step * (trials.index(row["trial"]) + 0.5)
        connected = row["answered"] is True or row["answered"] == 1
        colour = style.BLUE if connected else style.VERMILION
        begin, end = float(row["asked_s"]), float(row["until_s"])
        axes.plot([begin, end], [at, at], color=colour, linewidth=0.7, solid_capstyle="butt")
        word = "connected" if connected else "refused"
        axes.plot(
            [end], [at], color=colour, marker="o" if connected else "x", markersize=2.2,
            markeredgewidth=0.7, linestyle="none",
        )[0].set_gid(f"{row['campaign']}:{row['trial']}:{row['number']}:{word}")  # fmt: skip


def _label(own: pd.DataFrame) -> str:
    first = own.iloc[0]
    parts = (level_name(name, str(first[name])) for name in FACTORS)
    shown = [part for part in parts if part and part not in (*USUAL_NAMES, DEFAULTS["client"])]
    return f"{first['campaign']}: {', '.join(shown)} (n = {own['trial'].nunique()})"


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], color=style.BLUE, marker="o", label="asked, and connected"),
        Line2D([], [], color=style.VERMILION, marker="x", label="asked, and gave up"),
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=len(marks))


def _span(column: pd.Series) -> str:
    """The range of a column of whole seconds."""
    return least_to_most(f"{column.min():.0f}", f"{column.max():.0f}")


def describe_refusals(asked: pd.DataFrame) -> Description:
    """Say in words what the figure shows; `drawn` is False if no client asked."""
    parts = [
        f"{_label(own)}: {int(own['answered'].eq(True).sum())} of {len(own)} that asked connected, "
        f"asked {_span(own['asked_s'])} s after the fault"
        for _, own in asked.groupby(["campaign", *CELL], sort=False)
    ] if len(asked) else []  # fmt: skip
    alt = (
        "New clients after damage of sockets, each a line on an axis of seconds after the fault, "
        f"from its question until it connected or gave up. {'; '.join(parts)}."
        if parts
        else "No figure: no judged trial with damaged sockets asked a new client."
    )
    return Description(
        name="refusals",
        title="For how long new clients are refused",
        alt=alt,
        notebook=NOTEBOOK,
        tables=("trials", "new_clients"),
        # of several campaigns: each trial with its campaign's name, as provenance reads it
        trials=tuple(dict.fromkeys(asked["campaign"] + ": " + asked["trial"])) if parts else (),
        drawn=bool(parts),
    )
