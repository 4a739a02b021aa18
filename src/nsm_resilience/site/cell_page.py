# SPDX-License-Identifier: Apache-2.0
"""What the page of a cell says beside its list of attempts, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nsm_resilience.report.words import HEADINGS, meaning_of
from nsm_resilience.site.overview import CellRow
from nsm_resilience.tables.cell import CELL


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is said of a cell; `meaning` explains its words, where they need it."""

    what: str
    value: str
    meaning: str = ""


def conditions(levels: Mapping[str, Any], source: str = "") -> list[Fact]:
    """Where a scenario is from, if that is known, and the level of each factor; what they mean."""
    words = {"source": source, **{name: levels[name] for name in CELL if name in HEADINGS}}
    return [Fact(HEADINGS[n], word, meaning_of(n, word)) for n, word in words.items() if word]


def outcome(cell: CellRow) -> list[Fact]:
    """Verdict of a cell and how it stands to the paper's."""
    row = cell.row
    counts = f"{row['kn']} trials supported" if row["n"] else "no judged trial"
    interval = f", 95 % Wilson interval {row['interval']}" if row["interval"] else ""
    return [
        Fact("Verdict", row["verdict"], meaning_of("cell", row["verdict"])),
        Fact("k/n", f"{counts}{interval}"),
        Fact("The paper", cell.claimed, meaning_of("agreement", row["agreement"])),
        *([Fact("Path away, median seconds", cell.median)] if cell.median else []),
        *([Fact("In no n", cell.apart)] if cell.apart else []),
    ]


def consequences_in_words(row: Mapping[str, Any]) -> list[Fact]:
    """What the fault did in the judged trials: to the path, to new pods, and who noticed."""
    if not row["n"]:
        return []
    path = ", ".join(f"{word} in {n}" for word, n in row["path"].items() if n)
    new = f"got a connection in {row['new_answered']} of {row['new_asked']}"
    listened = row["n"] - row["listener_unknown"]
    return [
        Fact("Path", path),
        Fact("New client", new),
        Fact("Ordinary pod", f"started in {row['bystander_started']} of {row['bystander_asked']}"),
        Fact("Something was shown", _noticed(row, "detected")),
        Fact("Client told", _noticed(row, "notified")),
        *([Fact("Listener of ours told", _noticed(row, "listener"))] if listened else []),
    ]


def _noticed(row: Mapping[str, Any], name: str) -> str:
    by = f", most often by {row[f'{name}_by']}" if row[f"{name}_by"] else ""
    after = f", median {row[f'{name}_median']} s" if row[name] else ""
    return f"in {row[name]} of {row['n'] - row[f'{name}_unknown']}{by}{after}"


def words_of(cells: Sequence[CellRow], attempts: Sequence[str] = ()) -> dict[str, set[str]]:
    """The words by column that tables of cells hold, and outcomes of attempts listed beside."""
    names = (*(name for name in CELL if name in HEADINGS), "source", "agreement")
    return {
        **{name: {cell.row[name] for cell in cells} for name in names},
        "cell": {cell.row["verdict"] for cell in cells},
        "trial": set(attempts),
    }
