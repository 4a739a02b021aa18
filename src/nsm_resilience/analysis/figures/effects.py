# SPDX-License-Identifier: Apache-2.0
"""Effect of each factor: one row per pair of cells that differ in it alone, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nsm_resilience.analysis import style
from nsm_resilience.analysis.differences import Difference, Shift
from nsm_resilience.analysis.effects import MEASURES, Effect, TimeEffect, effects
from nsm_resilience.analysis.families import Adjusted
from nsm_resilience.analysis.figures.cells import TREATMENTS, level_name
from nsm_resilience.analysis.figures.description import Description

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTEBOOK = "notebooks/consequences.py"

FACTOR_NAMES: dict[str, str] = {
    "plane": "forwarding plane",
    "failure": "kind of failure",
    "client": "client",
    "outage": "number of the outage",
    "remedy": "remedy",
}
PANELS: dict[str, str] = {
    "share": "share supported",
    "outage": "outage (s)",
    "shown": "until shown (s)",
    "told": "until told (s)",
}
"""Panels of the figure and their titles: a difference of shares, then shifts of times."""

_ROW_MM = 4.2
_LINEAR_S = 1.0
"""Shifts below this are on a linear stretch of the axis, longer ones on a logarithmic one."""


def effect_labels(pairs: Sequence[Effect]) -> list[str]:
    """Return one label per pair: the scenario, the levels compared, and what tells it apart."""
    shared = len({pair.fixed.get("plane") for pair in pairs if pair.factor != "plane"}) > 1
    labels = []
    for pair in pairs:
        siblings = [
            other.fixed
            for other in pairs
            if (other.factor, other.scenario) == (pair.factor, pair.scenario)
        ]
        apart = [
            level_name(name, level)
            for name, level in pair.fixed.items()
            if (name == "plane" and shared) or len({other[name] for other in siblings}) > 1
        ]
        where = f" ({', '.join(apart)})" if apart else ""
        level, reference = (level_name(pair.factor, x) for x in (pair.level, pair.reference))
        labels.append(f"{pair.scenario}{where}: {level} – {reference}")
    return labels


def table_of_effects(pairs: Sequence[Effect]) -> pd.DataFrame:
    """Return the pairs as a table: estimates, adjusted intervals, Cliff's delta and adjusted p."""
    import pandas as pd

    rows = []
    for pair, label in zip(pairs, effect_labels(pairs), strict=True):
        (k1, n1), (k2, n2) = pair.share.supported
        row: dict[str, object] = {
            "factor": FACTOR_NAMES[pair.factor],
            "pair": label,
            "supported": f"{k2}/{n2} – {k1}/{n1}",
            "share": pair.share.difference.estimate,
            "share low": pair.share.difference.low,
            "share high": pair.share.difference.high,
            **_significance("share", pair.share.test),
        }
        for name in MEASURES:
            own = pair.times[name]
            row[f"{name} at least, s"] = own.shift.at_least
            row[f"{name} at most, s"] = own.shift.at_most
            row[f"{name} low, s"] = own.shift.interval.low
            row[f"{name} high, s"] = own.shift.interval.high
            row[f"{name} delta"] = own.delta.estimate
            row |= _significance(name, own.test)
        rows.append(row)
    return pd.DataFrame(rows)


def _significance(name: str, test: Adjusted) -> dict[str, object]:
    return {
        f"{name} p (Holm)": test.p if test.attainable else math.nan,
        f"{name} least p": test.least,
        f"{name} family": test.size,
    }


@style.styled
def draw_effects(pairs: Sequence[Effect], watch_s: float) -> Figure:
    """Draw the pairs as a forest: four panels with one axis for all rows, headed by factor.

    An estimate is a filled point on its interval. Where censoring leaves the estimate open to one
    side it is a triangle at its bound that points to that side; where it is open to both (neither
    cell had an end to see) there is a cross in grey. An interval that is open runs to the edge.

    Args:
        pairs: see `effects`.
        watch_s: length of the watch in seconds; the axes of times end just beyond it.

    Returns:
        A figure two columns wide; without pairs an empty one. A row has the id
        `<first cell>/<second cell>:<panel>`.
    """
    labels = effect_labels(pairs)
    rows: list[tuple[str, Effect | None]] = []
    for factor in TREATMENTS:
        own = [(x, pair) for x, pair in zip(labels, pairs, strict=True) if pair.factor == factor]
        if own:
            rows += [(FACTOR_NAMES[factor], None), *own]
    figure = style.new_figure(style.PAGE_MM, 16 + _ROW_MM * max(len(rows), 1), wspace=0.02)
    panels = dict(zip(PANELS, figure.subplots(1, len(PANELS), sharey=True), strict=True))
    edge = watch_s * 1.6
    for name, axes in panels.items():
        axes.axvline(0, color=style.SOFT, linewidth=0.6)
        axes.set_title(PANELS[name])
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        if name == "share":
            axes.set_xlim(-1.08, 1.08)
            axes.set_xticks([-1, -0.5, 0, 0.5, 1])
        else:
            axes.set_xscale("symlog", linthresh=_LINEAR_S, linscale=0.5)
            axes.set_xlim(-edge, edge)
            axes.set_xticks([-100, -10, -1, 0, 1, 10, 100])
            axes.minorticks_off()
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "\u2212"))
        style.light_grid(axes)
        for y, (_, pair) in enumerate(rows):
            if pair is not None:
                _row(axes, pair, name, y, edge)
    first = panels["share"]
    first.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    first.set_yticks(range(len(rows)), labels=[text for text, _ in rows])
    for tick, (_, pair) in zip(first.get_yticklabels(), rows, strict=True):
        if pair is None:
            tick.set_fontstyle("italic")
    figure.supxlabel("difference of the level named first, less the other one", fontsize=7.5)
    return figure


def _row(axes: Axes, pair: Effect, panel: str, y: int, edge: float) -> None:
    effect = pair.share.difference if panel == "share" else pair.times[panel].shift
    low, high = _interval(effect)
    colour = style.INK
    if not math.isnan(low) and not (math.isinf(low) and math.isinf(high)):
        axes.plot([max(low, -edge), min(high, edge)], [y, y], color=colour, linewidth=1.1)
    at, marker = _estimate(effect)
    filled = marker == "o"
    axes.plot(
        [at], [y], marker=marker, markersize=3.6, linestyle="none", clip_on=False, zorder=3,
        markerfacecolor=colour if filled else "white",
        markeredgecolor=style.SOFT if marker == "x" else colour, markeredgewidth=0.8,
    )[0].set_gid(f"{'/'.join(pair.cells)}:{panel}")  # fmt: skip


def _interval(effect: Difference | Shift) -> tuple[float, float]:
    interval = effect.interval if isinstance(effect, Shift) else effect
    return interval.low, interval.high


def _estimate(effect: Difference | Shift) -> tuple[float, str]:
    """Return where an estimate is drawn, and its marker."""
    if isinstance(effect, Difference) or not math.isnan(effect.estimate):
        return effect.estimate, "o"
    if math.isfinite(effect.at_least):
        return effect.at_least, ">"
    return (effect.at_most, "<") if math.isfinite(effect.at_most) else (0.0, "x")


def describe_effects(trials: pd.DataFrame) -> Description:
    """Say in words what the forest shows, pair by pair; not drawn where there is no pair."""
    pairs = effects(trials)
    said = [
        f"{label}: share {_share(pair.share.difference)}, "
        + ", ".join(f"{name} {_shift(pair.times[name])}" for name in MEASURES)
        for label, pair in zip(effect_labels(pairs), pairs, strict=True)
    ]
    alt = (
        f"Differences between {len(pairs)} pairs of cells, with intervals that hold together with "
        "95 % for each factor and measure: share of supported trials, and shifts of times in "
        f"seconds. {'; '.join(said)}."
    )
    if not pairs:
        alt = "No figure: no two cells with judged trials differ in the level of one factor alone."
    return Description(
        name="effects",
        title="Effect of each factor",
        alt=alt,
        notebook=NOTEBOOK,
        tables=("trials",),
        trials=tuple(dict.fromkeys(trial for pair in pairs for trial in pair.trials)),
        drawn=bool(pairs),
    )


def _share(found: Difference) -> str:
    ends = "" if math.isnan(found.low) else f" ({found.low:+.2f} to {found.high:+.2f})"
    return f"{found.estimate:+.2f}{ends}"


def _shift(effect: TimeEffect) -> str:
    shift = effect.shift
    if not math.isnan(shift.estimate):
        return f"{shift.estimate:+.3g} s"
    if math.isfinite(shift.at_least):
        return f"at least {shift.at_least:+.3g} s"
    return f"at most {shift.at_most:+.3g} s" if math.isfinite(shift.at_most) else "open"


__all__ = [
    "FACTOR_NAMES",
    "describe_effects",
    "draw_effects",
    "effect_labels",
    "effects",
    "table_of_effects",
]
