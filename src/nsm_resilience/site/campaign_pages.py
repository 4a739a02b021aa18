# SPDX-License-Identifier: Apache-2.0
"""Write the site's first page and that of its words, and the pages of campaigns and cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsm_resilience.report.findings.standings import CLAIMS
from nsm_resilience.report.site_links import (
    FRONT,
    WORDS,
    index_of,
    page_of_cell,
    page_of_table,
    row_anchor,
)
from nsm_resilience.report.words import HEADINGS, MEANINGS, meaning_of, words_met
from nsm_resilience.site.attempts import NUMBERS
from nsm_resilience.site.documents import Document
from nsm_resilience.site.overview import CellRow, Overview
from nsm_resilience.site.pages import SiteFolder, between_pages
from nsm_resilience.site.same_cells import compared_cells, elsewhere, place
from nsm_resilience.tables.cell import CELL

SHOWN_TRIALS = 12
"""Most trials of a cell with a link in its row of the result table; the cell's page has all."""

_RESULT_FILES = (
    ("report.pdf", "the paper"),
    ("supplement.pdf", "its supplement: methods in full, every cell, evidence"),
    ("report.html", "the HTML report"),
    ("tables", "all tables, as CSV and Parquet"),
    ("verdicts", "all verdicts"),
)
"""Results of a build beside the site, with their names on the first page."""

_ON_FRONT = tuple(name for name in HEADINGS if name not in ("source", "trial"))


def write_campaign(
    site: SiteFolder, own: Overview, campaigns: Sequence[Overview], folder: Path
) -> None:
    """Write the pages of a campaign, except its attempts' (`write_attempts`)."""
    page = index_of(own.campaign)
    run = [cell for cell in own.cells if cell.attempts]
    site.fill(
        page,
        "index.html.j2",
        own.description,
        overview=own,
        numbers=NUMBERS,
        shown=SHOWN_TRIALS,
        cell_page=lambda cell: page_of_cell(own.campaign, cell),
        choices=_choices(own),
        met=words_met(words_of(run, [a.outcome for a in own.attempts])),
        records=site.outside(page)(folder / "records"),
    )
    for cell in own.cells:
        _write_cell(site, own, cell, campaigns)


def _write_cell(
    site: SiteFolder, own: Overview, cell: CellRow, campaigns: Sequence[Overview]
) -> None:
    table = page_of_table("scenarios")
    outcomes = [attempt.outcome for attempt in cell.attempts]
    site.fill(
        cell.page,
        "cell.html.j2",
        own.description,
        cell=cell,
        numbers=NUMBERS,
        conditions=conditions(cell.row, cell.row["source"]),
        outcome=outcome(cell),
        did=consequences_in_words(cell.row),
        claims=[c for plane in own.planes for c in plane.claims if cell.cell in c["cells"]],
        others=[(other, place(other)) for other in elsewhere(cell, campaigns)],
        met=[w for w in words_met(words_of([], outcomes)) if w.column == "trial"],
        row=between_pages(cell.page, table, row_anchor(cell.number)),
    )


def _choices(found: Overview) -> dict[str, list[str]]:
    """Choices of the filters of the list, by column: what occurs of scenario, factors and verdict.

    A column in which all attempts are alike has no filter.
    """
    levels = {name: list(dict.fromkeys(str(a.row[name]) for a in found.attempts)) for name in CELL}
    levels["outcome"] = sorted({a.outcome for a in found.attempts})
    return {name: met for name, met in levels.items() if len(met) > 1}


def write_front(
    site: SiteFolder,
    campaigns: Sequence[Overview],
    description: Mapping[str, Any],
    results: Path,
    tables: Sequence[Document],
    notebooks: Sequence[Document],
) -> None:
    """Write both pages; `description` as `around` takes it."""
    tested = [cell for own in campaigns for cell in own.cells if cell.row["n"]]
    words = words_of(tested)
    site.fill(
        FRONT,
        "front.html.j2",
        description,
        claims=CLAIMS,
        campaigns=campaigns,
        groups=compared_cells(campaigns),
        place=place,
        met=words_met({name: words[name] for name in _ON_FRONT}),
        documents=[(site.outside(FRONT)(results / name), what) for name, what in _RESULT_FILES],
        tables=tables,
        notebooks=notebooks,
    )
    everything = words_met({column: MEANINGS[column] for column in HEADINGS})
    site.fill(WORDS, "words.html.j2", description, met=everything)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact about a cell; `meaning` explains its words, if they need it."""

    what: str
    value: str
    meaning: str = ""


def conditions(levels: Mapping[str, Any], source: str = "") -> list[Fact]:
    """The source of a scenario, if it is known, and the level of each factor, with meanings."""
    words = {"source": source, **{name: levels[name] for name in CELL if name in HEADINGS}}
    return [Fact(HEADINGS[n], word, meaning_of(n, word)) for n, word in words.items() if word]


def outcome(cell: CellRow) -> list[Fact]:
    """Verdict of a cell, and the paper's."""
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
    """Consequences of the fault in the judged trials: the path, new pods, and who noticed."""
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
    known = row["n"] - row[f"{name}_unknown"]
    if not known:
        return "not known, or not asked, in any trial"
    by = f", most often by {row[f'{name}_by']}" if row[f"{name}_by"] else ""
    after = f", median {row[f'{name}_median']} s" if row[name] else ""
    return f"in {row[name]} of {known}{by}{after}"


def words_of(cells: Sequence[CellRow], attempts: Sequence[str] = ()) -> dict[str, set[str]]:
    """The words in tables of these cells, by column, and the outcomes of attempts."""
    names = (*(name for name in CELL if name in HEADINGS), "source", "agreement")
    return {
        **{name: {cell.row[name] for cell in cells} for name in names},
        "cell": {cell.row["verdict"] for cell in cells},
        "trial": set(attempts),
    }
