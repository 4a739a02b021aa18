# SPDX-License-Identifier: Apache-2.0
"""What broke, what was shown, who was told: cells of the study by consequence, as a matrix."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from nsm_resilience.analysis import style
from nsm_resilience.analysis.consequences import ENDED, Consequences, consequences
from nsm_resilience.analysis.figures.cells import cell_id, in_order, judged
from nsm_resilience.analysis.figures.description import Description
from nsm_resilience.analysis.figures.outages import label_lines, label_rows
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.language import seconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTEBOOK = "notebooks/consequences.py"

_ROW_MM = 4.5
_GAP = 0.35
"""Gap between the two groups of columns, in widths of a column."""
_DARK = 0.55
"""The text of a square is white above this share."""


@dataclass(frozen=True)
class Column:
    """A column of the matrix.

    Attributes:
        broke: whether it shows what broke; otherwise what was noticed.
        count: trials that had this consequence, and trials asked.
        seconds: a time to print beside it; NaN for none.
    """

    name: str
    title: str
    broke: bool
    count: Callable[[Consequences], tuple[int, int]]
    seconds: Callable[[Consequences], float] = lambda _: math.nan


COLUMNS: tuple[Column, ...] = (
    Column("stopped", "path\nstopped", True, lambda c: (c.stopped, c.n),
           lambda c: c.outage_s),
    Column("not-back", "path\nnot back", True,
           lambda c: (sum(c.path[word] for word in ENDED), c.n)),
    Column("refused", "new client\nwithout link", True,
           lambda c: (c.new_asked - c.new_answered, c.new_asked)),
    Column("blocked", "other pod\nnot started", True,
           lambda c: (c.bystander_asked - c.bystander_started, c.bystander_asked)),
    Column("shown", "something\nshown", False, lambda c: (c.shown.trials, c.shown.known),
           lambda c: c.shown.median_s),
    Column("told", "client\ntold", False, lambda c: (c.told.trials, c.told.known),
           lambda c: c.told.median_s),
    Column("listener", "a listener\ntold", False, lambda c: (c.listener.trials, c.listened),
           lambda c: c.listener.median_s),
)  # fmt: skip


def by_cell(trials: pd.DataFrame) -> list[tuple[dict[str, str], Consequences]]:
    """Return the consequences of each cell with judged trials, in the order of the report."""
    return [
        (dict(zip(CELL, map(str, cell), strict=True)), consequences(own))
        for cell, own in in_order(judged(trials)).groupby(list(CELL), sort=False)
    ]


@style.styled
def draw_consequences(trials: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Draw one row per cell and one square per consequence.

    A darker square means more of the cell's trials: orange for what broke, blue for what was
    noticed. Both scales are as dark in grey as in colour, and the counts are in the squares.

    Returns:
        A figure two columns wide; without judged trials an empty one. A square has the id
        `<cell id>:<column>:<k>/<n>`.
    """
    rows = by_cell(trials)
    cells = pd.DataFrame([cell for cell, _ in rows], columns=list(CELL))
    lines = label_lines(cells, names)
    found = {tuple(cell.values()): counts for cell, counts in rows}
    figure = style.new_figure(style.PAGE_MM, 17 + _ROW_MM * max(len(lines), 1))
    axes = figure.subplots()
    for y, line in enumerate(lines):
        if line.cell is not None:
            for column, left in zip(COLUMNS, _lefts(), strict=True):
                _square(axes, line.cell, column, found[line.cell], left, y)
    axes.set_xlim(0, _lefts()[-1] + 1)
    axes.set_ylim(max(len(lines), 1) - 0.4, -0.6)
    axes.set_xticks([left + 0.5 for left in _lefts()], labels=[c.title for c in COLUMNS])
    axes.xaxis.tick_top()
    for text, broke in (("what broke", True), ("what was noticed", False)):
        own = [left for left, c in zip(_lefts(), COLUMNS, strict=True) if c.broke == broke]
        axes.annotate(
            text, ((own[0] + own[-1] + 1) / 2, 1.0), xycoords=axes.get_xaxis_transform(),
            xytext=(0, 25), textcoords="offset points", ha="center", fontstyle="italic",
        )  # fmt: skip
    label_rows(axes, lines)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def _lefts() -> list[float]:
    """Left edges of the columns, with a gap between the two groups."""
    return [at + (0 if column.broke else _GAP) for at, column in enumerate(COLUMNS)]


def _square(
    axes: Axes, cell: tuple[str, ...], column: Column, found: Consequences, left: float, y: int
) -> None:
    from matplotlib.patches import Rectangle

    k, n = column.count(found)
    share = k / n if n else 0.0
    square = Rectangle(
        (left + 0.02, y - 0.44), 0.96, 0.88, linewidth=0.4, edgecolor=style.FAINT,
        facecolor=style.shade(style.VERMILION if column.broke else style.BLUE, share),
    )  # fmt: skip
    square.set_gid(f"{cell_id(dict(zip(CELL, cell, strict=True)))}:{column.name}:{k}/{n}")
    axes.add_patch(square)
    ink = "white" if share > _DARK else (style.INK if k else style.SOFT)
    axes.text(left + 0.5, y, _text(column, found), ha="center", va="center", color=ink,
              fontsize=6.8)  # fmt: skip


def _text(column: Column, found: Consequences) -> str:
    k, n = column.count(found)
    median = seconds(column.seconds(found))
    if not n:
        return "–"
    return f"{k}/{n} ({median} s)" if median else f"{k}/{n}"


def describe_consequences(trials: pd.DataFrame) -> Description:
    """Say in words what the matrix shows, cell by cell."""
    rows = by_cell(trials)
    heads = [column.title.replace("\n", " ") for column in COLUMNS]
    said = [
        f"{cell_id(cell)}: "
        + ", ".join(f"{head} {_text(c, found)}" for head, c in zip(heads, COLUMNS, strict=True))
        for cell, found in rows
    ]
    alt = (
        f"Matrix of {len(rows)} cells by {len(COLUMNS)} consequences, number of trials of those "
        f"judged or asked, median time in brackets. {'; '.join(said)}."
    )
    if not rows:
        alt = "No figure: the campaign holds no judged trial."
    return Description(
        name="consequences",
        title="What broke, what was shown, who was told",
        alt=alt,
        notebook=NOTEBOOK,
        tables=("trials",),
        trials=tuple(in_order(judged(trials))["trial"].drop_duplicates()) if rows else (),
        drawn=bool(rows),
    )
