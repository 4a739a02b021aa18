# SPDX-License-Identifier: Apache-2.0
"""The same cell in all campaigns, planes and systems of the build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nsm_resilience.analysis.figures.cells import MOST, levels_in_order, natural
from nsm_resilience.site.overview import CellRow, Overview
from nsm_resilience.study.factors import level_name
from nsm_resilience.systems.known import FIRST
from nsm_resilience.tables.cell import FACTOR_LEVELS

_VARIED = ("failure", *MOST)


@dataclass(frozen=True, slots=True)
class ComparedCell:
    """One line: a cell but for its plane and system.

    Attributes:
        title: what happens; of the first campaign that has it.
        variant: kind of failure, and the levels that are not the usual ones.
        claimed: the paper's verdict, or `no claim`.
        found: the cell in each campaign, none to several: one for each plane and system.
    """

    scenario: str
    title: str
    variant: str
    claimed: str
    found: tuple[tuple[CellRow, ...], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that stand in one table, with the campaigns that have any of their cells.

    `places` has for each campaign plane and system of all its cells here; empty where they differ,
    so that each of them says its own.
    """

    campaigns: tuple[Overview, ...]
    places: tuple[str, ...]
    rows: tuple[ComparedCell, ...]


def compared_cells(campaigns: Sequence[Overview]) -> tuple[Group, Group]:
    """Put cells with judged trials side by side: those that the paper claims, and the others."""
    found: dict[tuple[str, ...], list[CellRow]] = {}
    for own in campaigns:
        for cell in own.cells:
            if cell.row["n"]:
                found.setdefault(cell.same, []).append(cell)
    lines = sorted(found.values(), key=lambda line: _order(line[0]))
    claimed = [line for line in lines if line[0].row["claimed"]]
    others = [line for line in lines if not line[0].row["claimed"]]
    return _group(campaigns, claimed), _group(campaigns, others)


def _order(cell: CellRow) -> tuple[object, ...]:
    """Scenarios by their number, of each the usual levels first."""
    ranks = (_rank(name, cell.row[name]) for name in _VARIED)
    return natural(cell.row["scenario"]), *ranks


def _rank(factor: str, level: str) -> int:
    return levels_in_order(factor, (*FACTOR_LEVELS[factor], level)).index(level)


def _group(campaigns: Sequence[Overview], lines: Sequence[Sequence[CellRow]]) -> Group:
    there = {cell.campaign for line in lines for cell in line}
    shown = tuple(own for own in campaigns if own.campaign in there)
    places = []
    for own in shown:
        met = {place(cell) for line in lines for cell in line if cell.campaign == own.campaign}
        places.append(met.pop() if len(met) == 1 else "")
    rows = tuple(
        ComparedCell(
            scenario=line[0].row["scenario"],
            title=line[0].row["title"],
            variant=variant(line[0].row),
            claimed=line[0].claimed,
            found=tuple(
                tuple(cell for cell in line if cell.campaign == own.campaign) for own in shown
            ),
        )
        for line in lines
    )
    return Group(shown, tuple(places), rows)


def elsewhere(cell: CellRow, campaigns: Sequence[Overview]) -> list[CellRow]:
    """The same cell in other campaigns, planes and systems, of those with a judged trial."""
    return [
        other
        for own in campaigns
        for other in own.cells
        if other.row["n"] and other.same == cell.same and other.page != cell.page
    ]


def variant(row: Mapping[str, Any]) -> str:
    """What sets a cell apart, in words: its failure, and what is not usual."""
    said = [level_name("failure", row["failure"])] + [
        level_name(name, row[name]) for name, usual in MOST.items() if row[name] != usual
    ]
    return ", ".join(word for word in said if word)


def place(cell: CellRow) -> str:
    """Plane of a cell, and its system where that is not the paper's."""
    plane = level_name("plane", cell.row["plane"])
    system = cell.row["system"]
    return plane if system == FIRST else f"{plane}, {level_name('system', system)}"
