# SPDX-License-Identifier: Apache-2.0
"""The attempts of a campaign as list entries: outcome, and a few numbers to sort by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from nsm_resilience.judge.first_sign import NOT_APPLICABLE
from nsm_resilience.report.site_links import page_of
from nsm_resilience.report.wording import down_time
from nsm_resilience.tables.attempts import INCOMPLETE, that_count
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.language import seconds
from nsm_resilience.tables.trials import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "trial", "attempt", *CELL, "verdict", "reason", "path_verdict", "outage_s", "outage_censored",
    "down_s", "interruptions", "replies_lost", "new_connection_s", "new_connection_answered",
    "bystander_started", "blind_at_least_s", "detected_s", "detected_by", "notified_s",
    "notified_by", "listener_watched", "listener_told_s", "listener_told_by", *UNKNOWN.values(),
)  # fmt: skip
"""Columns of table `trials` that the pages of campaigns and cells need; the evidence of ten
thousand attempts would fill the memory."""

NUMBERS = ("path away, s", "echoes lost", "new client, s", "shown, s", "told, s")
"""Headings of the numeric columns of a list."""

_CENSORED, _NOT_REACHED, _UNMEASURED = 1e6, 1e9, 1e12


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt in a list.

    Attributes:
        label: what is broken, and the levels that distinguish the cell.
        outcome: the verdict, or `void`, `cut`, `unreadable`.
        cells: texts of the columns `NUMBERS`, each with the number that it is sorted by.
    """

    row: Mapping[str, Any]
    cell: str
    label: str
    outcome: str
    counts: bool
    cells: tuple[tuple[str, float], ...]

    @property
    def page(self) -> PurePosixPath:
        """Its page in the site."""
        row = self.row
        return page_of(str(row["campaign"]), str(row["trial"]), int(row["attempt"]))

    @property
    def number(self) -> str:
        """Number of its trial, and of a later attempt."""
        number = str(self.row["trial"]).rpartition("/")[2]
        return number if self.row["attempt"] == 1 else f"{number}-{self.row['attempt']}"

    @property
    def name(self) -> str:
        """Its trial, and the number of a later attempt."""
        later = "" if self.row["attempt"] == 1 else f", attempt {self.row['attempt']}"
        return f"{self.row['trial']}{later}"


def listed(trials: pd.DataFrame, labels: Mapping[str, str]) -> list[Attempt]:
    """All attempts in the order of table `trials`, which needs only the columns `COLUMNS`."""
    counting = set(that_count(trials).index)
    found = []
    for at, row in zip(trials.index, trials.to_dict("records"), strict=True):
        cell = str(row["trial"]).partition("/")[0]
        word = str(row["reason"]).partition(":")[0]
        found.append(
            Attempt(
                row={str(name): value for name, value in row.items()},
                cell=cell,
                label=labels.get(cell, cell),
                outcome=word if word in INCOMPLETE else str(row["verdict"]),
                counts=at in counting,
                cells=_numbers(row),
            )
        )
    return found


def _numbers(row: Mapping[Any, Any]) -> tuple[tuple[str, float], ...]:
    """Texts of the numeric columns, each with the number that it is sorted by.

    Times that were not reached come after all others, and those not measured last.
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
            (_why_not(str(row[UNKNOWN[name]])), _NOT_REACHED)
            if isinstance(row[UNKNOWN[name]], str)
            else ("no", _NOT_REACHED)
            if row[name] != row[name]
            else (seconds(row[name]), float(row[name]))
            for name in ("detected_s", "notified_s")
        ),
    )


def _why_not(reason: str) -> str:
    """A word for a time that is not known."""
    return NOT_APPLICABLE if reason.startswith(NOT_APPLICABLE) else "unknown"


def _with_down(row: Mapping[Any, Any]) -> str:
    """The outage of an attempt, with the time down in it."""
    censored = row["outage_censored"] is True
    outage = f"{'> ' * censored}{seconds(row['outage_s'])}"
    seen_s = float(row["down_s"])
    down = down_time(math.inf if censored else seen_s, seen_s, int(row["interruptions"]))
    return f"{outage} ({down.replace('up to ', '')})" if down else outage
