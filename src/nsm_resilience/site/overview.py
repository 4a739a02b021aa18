# SPDX-License-Identifier: Apache-2.0
"""A campaign as its pages show it: planes with their cells and claims, and all attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.consequences import Consequences, consequences
from nsm_resilience.analysis.figures.cells import (
    cell_id,
    cell_labels,
    in_order,
    judged,
    short_names,
)
from nsm_resilience.analysis.figures.typical import typical_of_cell
from nsm_resilience.report.findings.standings import rests_on
from nsm_resilience.report.site_links import index_of, page_of_cell
from nsm_resilience.report.wording import down_time, median_seconds, share_interval, typographic
from nsm_resilience.site.attempts import Attempt, listed
from nsm_resilience.tables.attempts import APART, in_words
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.row_numbers import FIRST

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study

NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Claim:
    """One of the paper's claims on one plane: what came of it, why, and the cells that decided.

    Attributes:
        trials: on how many the answer rests, in words; empty without any.
    """

    claim: str
    plane: str
    text: str
    agreement: str
    why: str
    cells: tuple[str, ...]
    trials: str


@dataclass(frozen=True, slots=True)
class CellRow:
    """A cell: its counts in words, what its fault did, and its attempts.

    Attributes:
        levels: scenario and level of each factor by the column's name.
        label: what is broken and what sets it apart.
        title: what happens.
        where: on which node; empty where the study does not say.
        source: `stated`, `reconstructed` or `ours`.
        claimed: the paper's verdict, or `no claim`.
        counts: `k/n`; empty without a judged trial.
        apart: attempts that are in no n, in words.
        typical: the one that stands for the cell; None without a judged trial.
        did: counts over its judged trials; None without any.
        row: its row of the table `scenarios`, as spreadsheets count.
    """

    campaign: str
    cell: str
    levels: Mapping[str, str]
    label: str
    title: str
    where: str
    source: str
    claimed: str
    counts: str
    interval: str
    verdict: str
    agreement: str
    median: str
    apart: str
    attempts: tuple[Attempt, ...]
    typical: Attempt | None
    did: Consequences | None
    row: int

    @property
    def page(self) -> PurePosixPath:
        """Its page in the site."""
        return page_of_cell(self.campaign, self.cell)

    @property
    def same(self) -> tuple[str, ...]:
        """What it has in common with the same cell on another plane or of another system."""
        return tuple(self.levels[n] for n in CELL if n not in ("system", "plane"))


@dataclass(frozen=True, slots=True)
class Plane:
    """Cells and claims of one forwarding plane.

    Attributes:
        rows: cells of which any attempt was made.
        idle: cells that are declared and were not run.
        claims: what came of the claims that were tested.
        untested: the other claims.
    """

    name: str
    rows: tuple[CellRow, ...]
    idle: tuple[CellRow, ...]
    claims: tuple[Claim, ...]
    untested: tuple[Claim, ...]

    @property
    def tested(self) -> bool:
        """Whether any of its cells has a judged trial."""
        return any(row.counts for row in self.rows)


@dataclass(frozen=True)
class Overview:
    """A campaign.

    Attributes:
        planes: those with judged trials first, and none without a cell.
        attempts: all attempts in the order of the table `trials`.
        beside: what lanes did to each other (report/disturbances.py); empty: not looked at.
    """

    description: Mapping[str, Any]
    planes: tuple[Plane, ...]
    attempts: tuple[Attempt, ...]
    beside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def campaign(self) -> str:
        """Name of the campaign."""
        return str(self.description["campaign"])

    @property
    def page(self) -> PurePosixPath:
        """Its first page in the site."""
        return index_of(self.campaign)

    @property
    def idle(self) -> tuple[CellRow, ...]:
        """Cells that are declared and were not run."""
        return tuple(row for plane in self.planes for row in plane.idle)

    @property
    def untested(self) -> tuple[Claim, ...]:
        """Claims that were not tested, on the planes of which anything was run."""
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
    """Put a campaign together from its rows of the tables.

    Args:
        scenarios: table `scenarios`, with the index that its rows have in the whole table.
        trials: table `trials`, at least the columns `COLUMNS` and `campaign`.
        study: the study that was run: what is broken, and how long it was watched.
    """
    numbered = scenarios.assign(_row=scenarios.index + FIRST)
    ordered = in_order(numbered)
    rows = ordered.to_dict("records")
    ids = [cell_id({name: row[name] for name in CELL}) for row in rows]
    labels = dict(zip(ids, cell_labels(ordered, short_names(study)), strict=True))
    attempts = listed(trials, labels)
    by_cell: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_cell.setdefault(attempt.cell, []).append(attempt)
    frames = dict(list(trials.groupby(list(CELL), sort=False)))
    name = str(description["campaign"])
    cells = [
        _cell_row(
            name, row, cell, labels[cell], by_cell.get(cell, []),
            frames.get(tuple(row[n] for n in CELL)), study,
        )
        for cell, row in zip(ids, rows, strict=True)
    ]  # fmt: skip
    sizes = {cell: int(row["n"]) for cell, row in zip(ids, rows, strict=True)}
    own = [_claim(row, sizes) for row in claims.to_dict("records")]
    planes = [
        _plane(plane, cells, own) for plane in dict.fromkeys(c.levels["plane"] for c in cells)
    ]
    planes.sort(key=lambda plane: not plane.tested)
    return Overview(description, tuple(planes), tuple(attempts))


def _plane(name: str, cells: Sequence[CellRow], claims: Sequence[Claim]) -> Plane:
    own = [cell for cell in cells if cell.levels["plane"] == name]
    said = [claim for claim in claims if claim.plane == name]
    return Plane(
        name,
        rows=tuple(cell for cell in own if cell.attempts),
        idle=tuple(cell for cell in own if not cell.attempts),
        claims=tuple(claim for claim in said if claim.agreement != NOT_TESTED),
        untested=tuple(claim for claim in said if claim.agreement == NOT_TESTED),
    )


def _claim(row: Mapping[Any, Any], sizes: Mapping[str, int]) -> Claim:
    text = {name: typographic(str(row[name])) for name in ("text", "why")}
    deciding = str(row["scenarios"] or "")
    cells = tuple(deciding.split(", ")) if deciding else ()
    return Claim(
        claim=str(row["claim"]),
        plane=str(row["plane"]),
        agreement=str(row["agreement"]),
        cells=cells,
        trials=rests_on(str(row["claim"]), [sizes[cell] for cell in cells if cell in sizes]),
        **text,
    )


def _cell_row(
    campaign: str,
    row: Mapping[Any, Any],
    cell: str,
    label: str,
    own: Sequence[Attempt],
    trials: pd.DataFrame | None,
    study: Study,
) -> CellRow:
    n = int(row["n"])
    apart = [f"{int(row[part])} {in_words(part)}" for part in APART if row[part]]
    claimed = row["claimed"]
    where = next((s.where for s in study.scenarios if s.id == row["scenario"]), "")
    chosen = None if trials is None else typical_of_cell(trials)
    return CellRow(
        campaign=campaign,
        cell=cell,
        levels={name: str(row[name]) for name in CELL},
        label=label,
        title=typographic(str(row["title"])),
        where=typographic(where),
        source=str(row["source"]),
        claimed=str(claimed) if isinstance(claimed, str) and claimed else "no claim",
        counts=f"{int(row['k'])}/{n}" if n else "",
        interval=share_interval(float(row["wilson_low"]), float(row["wilson_high"])) if n else "",
        verdict=str(row["verdict"]),
        agreement=str(row["agreement"]),
        median=_outage(row, study.watches[str(row["watch"])]) if n else "",
        apart=", ".join(apart),
        attempts=tuple(own),
        typical=None if chosen is None else _same(own, chosen),
        did=None if trials is None or not n else consequences(judged(trials)),
        row=int(row["_row"]),
    )


def _outage(row: Mapping[Any, Any], watch_s: float) -> str:
    """The median outage of a cell, with the time down in it."""
    down = down_time(float(row["down_median_s"]), int(row["interruptions_most"]))
    median = median_seconds(float(row["outage_median_s"]), watch_s)
    return f"{median} ({down})" if down else median


def _same(own: Sequence[Attempt], chosen: Mapping[str, Any] | pd.Series) -> Attempt | None:
    wanted = (chosen["trial"], chosen["attempt"])
    return next((a for a in own if (a.row["trial"], a.row["attempt"]) == wanted), None)
