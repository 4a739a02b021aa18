# SPDX-License-Identifier: Apache-2.0
"""The same cell in all campaigns, planes and systems of the build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.analysis.figures.cells import USUAL_LEVELS, levels_in_order, natural
from nsm_resilience.site.overview import CellRow, Overview
from nsm_resilience.study.factors import level_name
from nsm_resilience.systems.known import FIRST
from nsm_resilience.tables.cell import FACTOR_LEVELS

_VARIED = ("failure", *USUAL_LEVELS)

Group = dict[str, Any]
"""Lines of one table (`rows`), with the campaigns that have any of their cells.

`places` has, for each campaign, plane and system of all its cells here; empty if they differ, so
that each cell names its own. A line has the cell of the first campaign, for the words of the whole
line (`first`), the levels that distinguish it (`variant`), and the cells of each campaign, one for
each plane and system (`found`).
"""


def compared_cells(campaigns: Sequence[Overview]) -> list[tuple[str, Group]]:
    """Group the cells with judged trials under titles, side by side; without empty groups."""
    found: dict[tuple[str, ...], list[CellRow]] = {}
    for own in campaigns:
        for cell in own.cells:
            if cell.row["n"]:
                found.setdefault(cell.same, []).append(cell)
    lines = sorted(found.values(), key=lambda line: _order(line[0]))
    groups = {
        "Cells that the paper has a verdict of": [x for x in lines if x[0].row["claimed"]],
        "All other cells": [x for x in lines if not x[0].row["claimed"]],
    }
    return [(title, _group(campaigns, own)) for title, own in groups.items() if own]


def _order(cell: CellRow) -> tuple[object, ...]:
    """Sort key: scenarios by their number, usual levels first."""
    levels = {name: str(cell.row[name]) for name in _VARIED}
    known = {n: levels_in_order(n, (*FACTOR_LEVELS[n], level)) for n, level in levels.items()}
    return natural(cell.row["scenario"]), *(known[n].index(level) for n, level in levels.items())


def _group(campaigns: Sequence[Overview], lines: Sequence[Sequence[CellRow]]) -> Group:
    there = {cell.campaign for line in lines for cell in line}
    shown = [own for own in campaigns if own.campaign in there]
    places = []
    for own in shown:
        met = {place(cell) for line in lines for cell in line if cell.campaign == own.campaign}
        places.append(met.pop() if len(met) == 1 else "")
    rows = [
        {
            "first": line[0],
            "variant": variant(line[0].row),
            "found": [[cell for cell in line if cell.campaign == own.campaign] for own in shown],
        }
        for line in lines
    ]
    return {"campaigns": shown, "places": places, "rows": rows}


def elsewhere(cell: CellRow, campaigns: Sequence[Overview]) -> list[CellRow]:
    """The same cell in other campaigns, planes and systems, if it has a judged trial there."""
    return [
        other
        for own in campaigns
        for other in own.cells
        if other.row["n"] and other.same == cell.same and other.page != cell.page
    ]


def variant(row: Mapping[str, Any]) -> str:
    """The levels that distinguish a cell, in words: its failure, and unusual levels."""
    levels = [level_name("failure", row["failure"])] + [
        level_name(name, row[name]) for name, usual in USUAL_LEVELS.items() if row[name] != usual
    ]
    return ", ".join(filter(None, levels))


def place(cell: CellRow) -> str:
    """Plane of a cell, and its system if that is not the paper's."""
    plane = level_name("plane", cell.row["plane"])
    system = cell.row["system"]
    return plane if system == FIRST else f"{plane}, {level_name('system', system)}"
