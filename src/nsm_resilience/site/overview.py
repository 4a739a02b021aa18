# SPDX-License-Identifier: Apache-2.0
"""The model of a campaign's pages: planes with their cells and claims, and all attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.figures.cells import cell_id, short_names
from nsm_resilience.report.cell_rows import cell_rows
from nsm_resilience.report.findings.standings import rests_on
from nsm_resilience.report.site_links import index_of, page_of_cell
from nsm_resilience.report.wording import dates, parse_time, typographic
from nsm_resilience.site.attempts import Attempt, listed
from nsm_resilience.tables.attempts import apart_in_words
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.row_numbers import FIRST

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study

NOT_TESTED = "not tested"


Claim = Mapping[str, Any]
"""A row of table `claims`, with the cells that decided (`cells`), and the number of their trials in
words (`trials`; empty without any)."""


@dataclass(frozen=True, slots=True)
class CellRow:
    """A cell with its attempts.

    Attributes:
        row: a row of `report.cell_rows.cell_rows`.
        number: its row of table `scenarios`, as spreadsheets count.
    """

    campaign: str
    row: Mapping[str, Any]
    number: int
    attempts: tuple[Attempt, ...]

    @property
    def cell(self) -> str:
        """Its id."""
        return str(self.row["cell"])

    @property
    def page(self) -> PurePosixPath:
        """Its page in the site."""
        return page_of_cell(self.campaign, self.cell)

    @property
    def same(self) -> tuple[str, ...]:
        """Scenario and levels that the same cell has on another plane or system."""
        return tuple(str(self.row[n]) for n in CELL if n not in ("system", "plane"))

    @property
    def claimed(self) -> str:
        """The paper's verdict, or `no claim`."""
        return str(self.row["claimed"]) or "no claim"

    @property
    def apart(self) -> str:
        """Attempts outside of n, in words."""
        return apart_in_words(self.row)

    @property
    def median(self) -> str:
        """The median outage with the time down in it; empty without a judged trial."""
        down = f" ({self.row['down']})" if self.row["down"] else ""
        return f"{self.row['median']}{down}"

    @property
    def typical(self) -> Attempt | None:
        """The typical attempt of the cell; None without a judged trial."""
        if self.row["typical"] is None:
            return None
        wanted = (self.row["typical"]["trial"], self.row["typical"]["attempt"])
        return next(a for a in self.attempts if (a.row["trial"], a.row["attempt"]) == wanted)


@dataclass(frozen=True, slots=True)
class Plane:
    """Cells and claims of one forwarding plane.

    Attributes:
        rows: cells with attempts; `idle` the others.
        claims: those that were tested; `untested` the others.
    """

    name: str
    rows: tuple[CellRow, ...]
    idle: tuple[CellRow, ...]
    claims: tuple[Claim, ...]
    untested: tuple[Claim, ...]


@dataclass(frozen=True)
class Overview:
    """A campaign: its planes, those with judged trials first, and all attempts as in `trials`."""

    description: Mapping[str, Any]
    planes: tuple[Plane, ...]
    attempts: tuple[Attempt, ...]

    @property
    def campaign(self) -> str:
        """Name of the campaign."""
        return str(self.description["campaign"])

    @property
    def page(self) -> PurePosixPath:
        """Its first page in the site."""
        return index_of(self.campaign)

    @property
    def begun(self) -> str:
        """When it was begun, in words; empty if its description does not say."""
        created = self.description["created"]
        return str(dates(parse_time(str(created)))["en"]) if created else ""

    @property
    def idle(self) -> tuple[CellRow, ...]:
        """Cells that are declared and were not run."""
        return tuple(row for plane in self.planes for row in plane.idle)

    @property
    def untested(self) -> tuple[Claim, ...]:
        """Claims that were not tested, on planes with attempts."""
        return tuple(claim for plane in self.planes if plane.rows for claim in plane.untested)

    @property
    def cells(self) -> tuple[CellRow, ...]:
        """All cells of the study, those that were run first on each plane."""
        return tuple(row for plane in self.planes for row in (*plane.rows, *plane.idle))


def overview(
    scenarios: pd.DataFrame,
    claims: pd.DataFrame,
    trials: pd.DataFrame,
    study: Study,
    description: Mapping[str, Any],
) -> Overview:
    """Compose a campaign from its rows of the tables, with their index in the whole tables."""
    rows = cell_rows({"scenarios": scenarios, "trials": trials}, study, short_names(study))
    attempts = listed(trials, {row["cell"]: row["label"] for row in rows})
    by_cell: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_cell.setdefault(attempt.cell, []).append(attempt)
    numbers = {
        cell_id({level: row[level] for level in CELL}): int(number)
        for number, row in zip(scenarios.index + FIRST, scenarios.to_dict("records"), strict=True)
    }
    name = str(description["campaign"])
    cells = [
        CellRow(name, row, numbers[row["cell"]], tuple(by_cell.get(row["cell"], ())))
        for row in rows
    ]
    sizes = {row["cell"]: row["n"] for row in rows}
    own = [_claim(row, sizes) for row in claims.to_dict("records")]
    planes = [_plane(plane, cells, own) for plane in dict.fromkeys(row["plane"] for row in rows)]
    planes.sort(key=lambda plane: not any(cell.row["n"] for cell in plane.rows))
    return Overview(description, tuple(planes), tuple(attempts))


def _plane(name: str, cells: Sequence[CellRow], claims: Sequence[Claim]) -> Plane:
    own = [cell for cell in cells if cell.row["plane"] == name]
    of_plane = [claim for claim in claims if claim["plane"] == name]
    return Plane(
        name,
        rows=tuple(cell for cell in own if cell.attempts),
        idle=tuple(cell for cell in own if not cell.attempts),
        claims=tuple(claim for claim in of_plane if claim["agreement"] != NOT_TESTED),
        untested=tuple(claim for claim in of_plane if claim["agreement"] == NOT_TESTED),
    )


def _claim(row: Mapping[Any, Any], sizes: Mapping[str, int]) -> Claim:
    cells = [cell for cell in str(row["scenarios"]).split(", ") if cell]
    decided = [sizes[cell] for cell in cells if cell in sizes]
    return {
        **row,
        "text": typographic(str(row["text"])),
        "why": typographic(str(row["why"])),
        "cells": cells,
        "trials": rests_on(str(row["claim"]), decided),
    }
