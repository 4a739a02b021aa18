# SPDX-License-Identifier: Apache-2.0
"""What the first page of a campaign shows: result table, claims, and a list of all attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.figures.cells import (
    cell_id,
    cell_labels,
    counted,
    in_order,
    natural,
)
from nsm_resilience.analysis.figures.typical import typical_of_cell
from nsm_resilience.report.wording import (
    down_time,
    median_seconds,
    seconds,
    share_interval,
    typographic,
)
from nsm_resilience.site.links import FRONT, between_pages, index_of
from nsm_resilience.statistics.times import UNKNOWN
from nsm_resilience.tables.attempts import APART, in_words
from nsm_resilience.tables.cell import CELL

if TYPE_CHECKING:
    import pandas as pd

SHOWN_TRIALS = 12
"""Trials of a cell that its row of the result table links; the list below has all."""

COLUMNS = (
    "trial", "attempt", *CELL, "verdict", "reason", "path_verdict", "outage_s", "outage_censored",
    "down_s", "interruptions", "replies_lost", "new_connection_s", "new_connection_answered",
    "detected_s", "notified_s", *UNKNOWN.values(),
)  # fmt: skip
"""Columns of the table `trials` that the first page needs; the evidence of ten thousand attempts
would fill the memory."""

_INCOMPLETE = ("void", "cut", "unreadable")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt in the list.

    Attributes:
        row: its row of the table `trials`, the columns `COLUMNS`.
        cell: id of its cell.
        label: what is broken and what sets the cell apart.
        outcome: the verdict, or `void`, `cut`, `unreadable`.
        counts: whether it is the attempt of its trial that counts.
        cells: texts of the numeric columns, see `NUMBERS`.
    """

    row: Mapping[str, Any]
    cell: str
    label: str
    outcome: str
    counts: bool
    cells: tuple[tuple[str, float], ...]


NUMBERS = ("path away, s", "echoes lost", "new client, s", "shown, s", "told, s")
"""Headings of the numeric columns of the list."""


@dataclass(frozen=True, slots=True)
class CellRow:
    """One line of the result table: a cell, its counts in words, and its trials."""

    cell: str
    label: str
    title: str
    source: str
    claimed: str
    counts: str
    interval: str
    verdict: str
    agreement: str
    median: str
    apart: str
    attempts: tuple[Attempt, ...]
    more: int
    typical: Attempt | None


@dataclass(frozen=True, slots=True)
class Plane:
    """Result table and claims of one forwarding plane."""

    name: str
    rows: tuple[CellRow, ...]
    claims: tuple[Mapping[str, str], ...]

    @property
    def tested(self) -> bool:
        """Whether any of its cells has a judged trial."""
        return any(row.counts for row in self.rows)


@dataclass(frozen=True)
class Overview:
    """The first page.

    Attributes:
        description: content of `campaign.json`.
        planes: result tables, one per forwarding plane.
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


@dataclass(frozen=True, slots=True)
class Beside:
    """One line of the site's first page: a cell but for its plane, in each campaign that has it.

    `found` has for each campaign the address of the cell's row, k/n and the verdict, or None.
    """

    label: str
    title: str
    claimed: str
    found: tuple[tuple[tuple[str, str, str], ...], ...]


def side_by_side(campaigns: Sequence[Overview]) -> list[Beside]:
    """Put the cells with judged trials of all campaigns side by side, whatever their plane."""
    rows: dict[str, list[tuple[int, str, CellRow]]] = {}
    for at, own in enumerate(campaigns):
        for plane in own.planes:
            for row in plane.rows:
                if row.counts:
                    key = row.cell.replace(f"-{plane.name}-", "-", 1)
                    rows.setdefault(key, []).append((at, plane.name, row))
    return [
        Beside(
            label=key,
            title=own[0][2].title,
            claimed=own[0][2].claimed,
            found=tuple(
                tuple(
                    (
                        between_pages(FRONT, index_of(campaigns[at].campaign), f"cell-{row.cell}"),
                        row.counts,
                        row.verdict,
                    )
                    for place, _, row in own
                    if place == at
                )
                for at in range(len(campaigns))
            ),
        )
        for key, own in sorted(rows.items(), key=lambda item: natural(item[0]))
    ]


def overview(
    scenarios: pd.DataFrame,
    claims: pd.DataFrame,
    trials: pd.DataFrame,
    names: Mapping[str, str],
    description: Mapping[str, Any],
    watches: Mapping[str, float],
) -> Overview:
    """Put the first page together.

    Args:
        scenarios: table `scenarios`.
        claims: table `claims`.
        trials: table `trials`, at least the columns `COLUMNS` and `campaign`.
        names: what is broken, by scenario id.
        description: content of `campaign.json`.
        watches: length of the watch by level of the factor `watch`, seconds: a median among the
            censored is longer.
    """
    ordered = in_order(scenarios)
    ids = [cell_id({name: row[name] for name in CELL}) for row in ordered.to_dict("records")]
    labels = dict(zip(ids, cell_labels(ordered, names), strict=True))
    attempts = _attempts(trials, labels)
    by_cell: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_cell.setdefault(attempt.cell, []).append(attempt)
    frames = dict(list(trials.groupby(list(CELL), sort=False)))
    planes: dict[str, list[CellRow]] = {}
    for cell, row in zip(ids, ordered.to_dict("records"), strict=True):
        own = by_cell.get(cell, [])
        typical = None
        if own:
            chosen = typical_of_cell(frames[tuple(row[name] for name in CELL)])
            typical = None if chosen is None else _same(own, chosen)
        planes.setdefault(str(row["plane"]), []).append(
            _cell_row(row, cell, labels[cell], own, typical, watches[str(row["watch"])])
        )
    told = claims.to_dict("records")
    # a plane that the campaign does not have is no part of it
    found = [plane for plane in planes if plane in set(trials["plane"])] or list(planes)
    return Overview(
        description,
        tuple(
            Plane(
                plane,
                tuple(planes.get(plane, [])),
                tuple(
                    {name: typographic(str(claim[name])) for name in
                     ("claim", "text", "agreement", "why")}
                    for claim in told if claim["plane"] == plane
                ),
            )
            for plane in found
        ),
        tuple(attempts),
    )  # fmt: skip


def _attempts(trials: pd.DataFrame, labels: Mapping[str, str]) -> list[Attempt]:
    counting = set(counted(trials).index)
    found = []
    for at, row in zip(trials.index, trials.to_dict("records"), strict=True):
        cell = str(row["trial"]).partition("/")[0]
        word = str(row["reason"]).partition(":")[0]
        found.append(
            Attempt(
                row={str(name): value for name, value in row.items()},
                cell=cell,
                label=labels.get(cell, cell),
                outcome=word if word in _INCOMPLETE else str(row["verdict"]),
                counts=at in counting,
                cells=_numbers(row),
            )
        )
    return found


def _outage(row: Mapping[Any, Any], watch_s: float) -> str:
    """The median outage of a cell, with the time down in it."""
    down = down_time(float(row["down_median_s"]), int(row["interruptions_most"]))
    median = median_seconds(float(row["outage_median_s"]), watch_s)
    return f"{median} ({down})" if down else median


def _with_down(row: Mapping[Any, Any]) -> str:
    """The outage of an attempt, with the time down in it."""
    outage = f"{'> ' * (row['outage_censored'] is True)}{seconds(row['outage_s'])}"
    down = down_time(float(row["down_s"]), int(row["interruptions"]))
    return f"{outage} ({down.replace('up to ', '')})" if down else outage


_CENSORED, _NOT_REACHED, _UNMEASURED = 1e6, 1e9, 1e12


def _numbers(row: Mapping[Any, Any]) -> tuple[tuple[str, float], ...]:
    """Texts of the numeric columns, each with the number that it is sorted by.

    What was not reached sorts behind all that was, and what was not measured behind that.
    """
    unmeasured = ("", _UNMEASURED)
    outage = row["outage_s"]
    if outage != outage or outage is None:
        return (unmeasured,) * len(NUMBERS)
    censored = row["outage_censored"] is True
    answered = row["new_connection_answered"] is True
    return (
        (_with_down(row), outage + _CENSORED * censored),
        (f"{row['replies_lost']:.0f}", float(row["replies_lost"])),
        (seconds(row["new_connection_s"]), float(row["new_connection_s"]))
        if answered
        else ("no answer", _NOT_REACHED),
        *(
            ("unknown", _NOT_REACHED)
            if isinstance(row[UNKNOWN[name]], str)
            else ("no", _NOT_REACHED)
            if row[name] != row[name]
            else (seconds(row[name]), float(row[name]))
            for name in ("detected_s", "notified_s")
        ),
    )


def _same(own: Sequence[Attempt], chosen: Mapping[str, Any] | pd.Series) -> Attempt | None:
    wanted = (chosen["trial"], chosen["attempt"])
    return next((a for a in own if (a.row["trial"], a.row["attempt"]) == wanted), None)


def _cell_row(
    row: Mapping[Any, Any],
    cell: str,
    label: str,
    own: Sequence[Attempt],
    typical: Attempt | None,
    watch_s: float,
) -> CellRow:
    n = int(row["n"])
    apart = [f"{int(row[part])} {in_words(part)}" for part in APART if row[part]]
    claimed = row["claimed"]
    return CellRow(
        cell=cell,
        label=label,
        title=typographic(str(row["title"])),
        source=str(row["source"]),
        claimed=str(claimed) if isinstance(claimed, str) and claimed else "no claim",
        counts=f"{int(row['k'])}/{n}" if n else "",
        interval=share_interval(float(row["wilson_low"]), float(row["wilson_high"])) if n else "",
        verdict=str(row["verdict"]),
        agreement=str(row["agreement"]),
        median=_outage(row, watch_s) if n else "",
        apart=", ".join(apart),
        attempts=tuple(own[:SHOWN_TRIALS]),
        more=max(0, len(own) - SHOWN_TRIALS),
        typical=typical,
    )
