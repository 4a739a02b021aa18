# SPDX-License-Identifier: Apache-2.0
"""Contrasts as a forest plot: one row per pair of cells with a difference beyond chance."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis import style
from nsm_resilience.analysis.figures.cells import USUAL_NAMES, judged
from nsm_resilience.analysis.figures.description import Description
from nsm_resilience.study.factors import level_name
from nsm_resilience.tables.cell import CELL, FACTOR_LEVELS
from nsm_resilience.tables.contrasts import PROPERTIES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTEBOOK = "notebooks/contrasts.py"

PANELS: dict[str, str] = {
    "supported": "share supported",
    "outage_s": "outage (s)",
    "detected_s": "until shown (s)",
    "notified_s": "until told (s)",
}
"""Panels of the figure, by measure, and their titles."""

MOST_ROWS = 48
"""Most pairs on a page; the table `contrasts` has all."""

_ROW_MM = 4.2
_LINEAR_S = 1.0
"""The axis is linear up to this shift, and logarithmic beyond."""
_KEY = ("differs_in", "first", "second", "first_campaign", "second_campaign", *CELL)
_EDGE_S = 200.0


@dataclass(frozen=True)
class Pair:
    """Rows of table `contrasts` of one pair of cells, by measure."""

    rows: Mapping[str, Mapping[str, Any]]

    @property
    def common(self) -> Mapping[str, Any]:
        """One of its rows, for the columns that all share."""
        return next(iter(self.rows.values()))

    @property
    def label(self) -> str:
        """The compared cells, in short."""
        row = self.common
        second, first = (side_name(row, side) for side in ("second", "first"))
        shown = [level for level in shared_levels(row) if level != "monitored"]
        return f"{row['scenario']} ({', '.join(shown)}): {second} – {first}"


def side_name(row: Mapping[Any, Any], side: str) -> str:
    """The level of one side of a row of table `contrasts`, in words."""
    kind, level = str(row["differs_in"]), str(row[side])
    return level_name(kind, level) if kind in FACTOR_LEVELS else level


def shared_levels(row: Mapping[Any, Any]) -> list[str]:
    """Levels of all factors that both sides share, in words, without those that most cells have."""
    levels = (level_name(name, row[name]) for name in FACTOR_LEVELS if isinstance(row[name], str))
    return [level for level in levels if level and level not in USUAL_NAMES]


def labels_of(pairs: Sequence[Pair]) -> list[str]:
    """Labels of pairs; with their campaigns if several pairs of one kind have the same label."""
    seen = Counter((pair.common["differs_in"], pair.label) for pair in pairs)
    return [
        f"{pair.label} ({pair.common['second_campaign']} – {pair.common['first_campaign']})"
        if seen[pair.common["differs_in"], pair.label] > 1
        else pair.label
        for pair in pairs
    ]


def pairs_of(contrasts: pd.DataFrame) -> list[Pair]:
    """Pairs of cells with a drawn measure that differs beyond chance, in the table's order."""
    drawn = contrasts[contrasts["measure"].isin(PANELS)]
    found: dict[tuple[Any, ...], dict[str, Mapping[str, Any]]] = {}
    for row in drawn.to_dict("records"):
        named = {str(name): value for name, value in row.items()}
        found.setdefault(tuple(named[name] for name in _KEY), {})[named["measure"]] = named
    return [
        Pair(rows)
        for rows in found.values()
        if any(row["word"] not in ("open", "equal") for row in rows.values())
    ]


@style.styled
def draw_contrasts(contrasts: pd.DataFrame) -> Figure:
    """Draw the pairs as a forest: four panels with one axis for all rows, headed by kind.

    An estimate is a point on its adjusted interval, filled if it differs beyond chance. If
    censoring leaves it open to one side, it is a triangle at its bound.

    Returns:
        A figure two columns wide; without pairs an empty one.
    """
    pairs = pairs_of(contrasts)[:MOST_ROWS]
    rows: list[tuple[str, Pair | None]] = []
    labelled = list(zip(labels_of(pairs), pairs, strict=True))
    for kind in dict.fromkeys(str(pair.common["differs_in"]) for pair in pairs):
        own = [(label, pair) for label, pair in labelled if pair.common["differs_in"] == kind]
        rows += [(kind, None), *own]
    figure = style.new_figure(style.PAGE_MM, 16 + _ROW_MM * max(len(rows), 1), wspace=0.02)
    panels = dict(zip(PANELS, figure.subplots(1, len(PANELS), sharey=True), strict=True))
    for name, axes in panels.items():
        _axis(axes, name)
        for y, (_, pair) in enumerate(rows):
            if pair is not None and name in pair.rows:
                _row(axes, pair.rows[name], y)
    _labels(panels["supported"], rows)
    figure.supxlabel("difference of what is named first, less the other", fontsize=7.5)
    return figure


def _axis(axes: Axes, name: str) -> None:
    axes.axvline(0, color=style.SOFT, linewidth=0.6)
    axes.set_title(PANELS[name])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if name == "supported":
        axes.set_xlim(-1.08, 1.08)
        axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    else:
        axes.set_xscale("symlog", linthresh=_LINEAR_S, linscale=0.5)
        axes.set_xlim(-_EDGE_S, _EDGE_S)
        axes.set_xticks([-100, -10, -1, 0, 1, 10, 100])
        axes.minorticks_off()
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "\u2212"))
    style.light_grid(axes)


def _labels(axes: Axes, rows: Sequence[tuple[str, Pair | None]]) -> None:
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), labels=[text for text, _ in rows])
    for tick, (_, pair) in zip(axes.get_yticklabels(), rows, strict=True):
        if pair is None:
            tick.set_fontstyle("italic")


def _row(axes: Axes, row: Mapping[str, Any], y: int) -> None:
    low, high = float(row["low"]), float(row["high"])
    if not math.isnan(low) and not (math.isinf(low) and math.isinf(high)):
        ends = [max(low, -_EDGE_S), min(high, _EDGE_S)]
        axes.plot(ends, [y, y], color=style.INK, linewidth=1.1)
    least, most = float(row["at_least"]), float(row["at_most"])
    if math.isnan(least):
        return
    at, marker = _estimate(least, most)
    name = ":".join(str(row[key]) for key in ("differs_in", "scenario", "second", "measure"))
    filled = row["word"] not in ("open", "equal")
    axes.plot(
        [at], [y], marker=marker, markersize=3.6, linestyle="none", clip_on=False, zorder=3,
        markerfacecolor=style.INK if filled else "white",
        markeredgecolor=style.SOFT if marker == "x" else style.INK, markeredgewidth=0.8,
    )[0].set_gid(f"{name}:{y}")  # fmt: skip


def _estimate(least: float, most: float) -> tuple[float, str]:
    """Position of an estimate, and its marker."""
    if least == most:
        return least, "o"
    if math.isfinite(least) and math.isfinite(most):
        return (least + most) / 2, "o"
    if math.isfinite(least):
        return least, ">"
    return (most, "<") if math.isfinite(most) else (0.0, "x")


def describe_contrasts(contrasts: pd.DataFrame, trials: pd.DataFrame) -> Description:
    """Say in words what the forest shows; not drawn if nothing differs beyond chance."""
    pairs = pairs_of(contrasts)
    shown = pairs[:MOST_ROWS]
    said = [
        f"{label}: "
        + ", ".join(
            f"{PANELS[name]} {row['word']}"
            for name, row in pair.rows.items()
            if row["word"] not in ("open", "equal")
        )
        for label, pair in zip(labels_of(shown), shown, strict=True)
    ]
    alt = (
        f"Differences between {len(shown)} of {len(pairs)} pairs of cells that differ in one thing "
        f"and of which something differs beyond chance. {'; '.join(said)}."
    )
    if not pairs:
        alt = "No figure: nothing differs beyond chance between cells that differ in one thing."
    return Description(
        name="contrasts",
        title="Contrasts beyond chance",
        alt=alt,
        notebook=NOTEBOOK,
        tables=("contrasts", "trials"),
        trials=tuple(dict.fromkeys(t for pair in shown for t in _trials(pair, trials))),
        drawn=bool(pairs),
    )


def _trials(pair: Pair, trials: pd.DataFrame) -> list[str]:
    """Judged trials of both cells, each with the name of its campaign."""
    row, own = pair.common, judged(trials)
    found = []
    for side in ("first", "second"):
        part = own[own["campaign"] == row[f"{side}_campaign"]]
        for name in CELL:
            level = row[name] if isinstance(row[name], str) else row[side]
            part = part[part[name] == level]
        kind = str(row["differs_in"])
        if kind in PROPERTIES:
            part = part[part[kind].astype(str) == row[side]]
        found += [f"{c}: {t}" for c, t in zip(part["campaign"], part["trial"], strict=True)]
    return found
