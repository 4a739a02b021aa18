# SPDX-License-Identifier: Apache-2.0
"""A comparison as text: tables with lines on a terminal, plain columns elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.comparison import Comparison
from nsm_resilience.analysis.figures.cells import natural
from nsm_resilience.report.wording import p_of, seconds, signed, signed_interval
from nsm_resilience.tables.comparison import MEASURES, SIDES
from nsm_resilience.tables.schemas import CELL

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PLAIN_WIDTH = 200
"""Columns where no terminal says how many there are: nothing is cut."""


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print verdicts, times and what the campaigns were made with; names of both come first."""
    verdicts = comparison.verdicts
    first, second = (str(verdicts[side].iloc[0]) for side in SIDES)
    console.print(f"first: {first}", highlight=False)
    console.print(f"second: {second}", highlight=False)
    for contrast in comparison.contrasts:
        console.print(
            f"They differ in {contrast.factor} throughout ({contrast.first}, {contrast.second}): "
            "cells are matched by everything else.",
            highlight=False,
        )
    console.print()
    console.print(_verdict_table(comparison, console))
    counts = verdicts["change"].value_counts()
    console.print(
        f"{int(counts.get('changed', 0))} verdicts changed, {int(counts.get('same', 0))} are the "
        f"same; {int(counts.get('first only', 0))} cells were run in the first only, "
        f"{int(counts.get('second only', 0))} in the second only.\n",
        highlight=False,
    )
    console.print(_times_table(comparison, console))
    console.print(
        "delta > 0: longer in the second. p is exact, of Fisher's test for shares and of Gehan's "
        "form of Mann and Whitney's for times, adjusted over the cells (Holm); ≥ stands before the "
        "least p that so few trials can give. Intervals of shares hold for all cells together.\n",
        highlight=False,
    )
    console.print(_environment_table(comparison, console))
    same = int((~comparison.environment["differs"]).sum())
    console.print(f"{same} further facts are the same.", highlight=False)


def plain_console() -> Console:
    """A console for standard output: as wide as the terminal, or wide enough and without lines."""
    import sys

    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)


def _table(console: Console, title: str, *columns: str) -> Table:
    from rich import box
    from rich.table import Table

    made = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD if console.is_terminal else None,
        pad_edge=False,
    )  # fmt: skip
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def cell_name(row: Mapping[Any, Any]) -> str:
    """Name a pair of cells by scenario and the levels that it is matched by."""
    return "-".join(str(row[name]) for name in CELL[:4] if row[name] is not None)


def _verdict_table(comparison: Comparison, console: Console) -> Table:
    made = _table(console, "Verdicts", "cell", "first", "second", "change", "difference",
                  "adjusted", "p")  # fmt: skip
    for row in comparison.verdicts.to_dict("records"):
        if row["change"] == "neither":
            continue
        shares = [
            f"{row[f'{s}_verdict']} {row[f'{s}_k']}/{row[f'{s}_n']}" if row[f"{s}_n"] else "–"
            for s in SIDES
        ]
        made.add_row(
            cell_name(row), *shares, "CHANGED" if row["change"] == "changed" else row["change"],
            signed(row["share_difference"]),
            signed_interval(row["share_low"], row["share_high"]), p_of(row, "fisher"),
        )  # fmt: skip
    return made


def _times_table(comparison: Comparison, console: Console) -> Table:
    made = _table(
        console, "Medians, s", "cell", "time", "first", "95 %", "second", "95 %", "delta", "p"
    )
    for row in comparison.times.to_dict("records"):
        if all(row[f"{side}_median_s"] == float("inf") for side in SIDES):
            continue  # never shown, never told: there is no time to compare
        cells = []
        for side in SIDES:
            low, high = row[f"{side}_low_s"], row[f"{side}_high_s"]
            cells.append(seconds(row[f"{side}_median_s"]) or "–")
            cells.append("" if low != low else f"{seconds(low)} to {seconds(high)}")
        made.add_row(
            cell_name(row), MEASURES[row["measure"]], *cells,
            signed(row["cliff_delta"]), p_of(row, "rank"),
        )  # fmt: skip
    return made


def _environment_table(comparison: Comparison, console: Console) -> Table:
    made = _table(console, "Made with other things", "what", "first", "second")
    differing = comparison.environment[comparison.environment["differs"]]
    for row in sorted(differing.to_dict("records"), key=lambda r: natural(str(r["what"]))):
        made.add_row(row["what"], row["first"] or "–", row["second"] or "–")
    return made
