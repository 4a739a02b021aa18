# SPDX-License-Identifier: Apache-2.0
"""From a trial up to its places in the report: table rows, figures with notebooks, claims."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nsm_resilience.record.files import object_in, object_or_empty, objects_in
from nsm_resilience.report.site_links import SITE, page_of
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.row_numbers import FIRST, in_words, spans

OF_CELL = ("scenarios",)
OF_TRIAL = ("outages", "components", "phases")

# a trial's evidence is one field
csv.field_size_limit(sys.maxsize)


@dataclass(frozen=True)
class Built:
    """The other results of a build beside its verdicts, in one folder."""

    folder: Path

    @cached_property
    def numbers(self) -> Mapping[str, Any]:
        """The paper's numbers; empty if they were not made."""
        return object_or_empty(self.folder / "numbers.json")

    def path(self, table: str) -> Path:
        """The file of a table."""
        return self.folder / "tables" / f"{table}.csv"

    def rows(self, table: str) -> list[dict[str, str]]:
        """Rows of a table, none if it was not made."""
        try:
            with self.path(table).open(encoding="utf-8", newline="") as lines:
                return list(csv.DictReader(lines))
        except OSError:
            return []

    @cached_property
    def campaigns(self) -> list[str]:
        """Names of the campaigns in the order of the build; none without tables."""
        return list(dict.fromkeys(row["campaign"] for row in self.rows("claims")))

    @cached_property
    def folders(self) -> dict[str, Path]:
        """Folder of each campaign of the build, by name; none without numbers."""
        campaigns = [self.numbers, *objects_in(self.numbers, "others")]
        return {
            str(object_in(one, "campaign").get("name")): self.folder / str(links["campaign"])
            for one in campaigns
            if "campaign" in (links := object_in(one, "links"))
        }

    @cached_property
    def tables(self) -> dict[str, list[dict[str, str]]]:
        """All tables with rows of a trial, read once."""
        return {name: self.rows(name) for name in ("claims", *OF_CELL, "trials", *OF_TRIAL)}


def chain_of(built: Built, campaign: str, trial: str, attempt: int, counts: bool) -> Iterator[str]:
    """Lines from the claims down to the rows of one attempt; each names file and row.

    They name the claims that its cell decides, and the figures that show the trial; an attempt that
    does not count is in none. Rows are counted as in spreadsheets: the header is row 1.
    """
    if not built.tables["trials"]:
        missing = built.path("trials").as_posix()
        yield f"  report    not built: {missing} is missing; run `snakemake`"
        return
    own = [row for row in built.tables["trials"] if is_of(row, campaign, trial, attempt)]
    cell = {name: own[0][name] for name in ("campaign", *CELL)} if own else {}
    if counts:
        claims = _claims(built, campaign, trial.rpartition("/")[0], cell.get("plane", ""))
        yield from _labelled("claims", claims)
        if campaign in built.campaigns[:1]:
            yield from _labelled("figures", _figures(built, trial))
    else:
        yield "  counts    no: this attempt is in no claim and no figure"
    yield from _labelled("rows", _rows(built, campaign, trial, attempt, cell))
    page = built.folder / SITE / page_of(campaign, trial, attempt)
    if page.is_file():
        yield f"  page      {page.as_posix()}"


def is_of(row: Mapping[str, str], campaign: str, trial: str, attempt: int) -> bool:
    """Say whether a row of a table is of this attempt."""
    wanted = (campaign, trial, str(attempt))
    return (row["campaign"], row["trial"], row["attempt"]) == wanted


def _claims(built: Built, campaign: str, cell: str, plane: str) -> Iterator[str]:
    for number, row in enumerate(built.tables["claims"], start=FIRST):
        own = row["campaign"] == campaign and row["plane"] == plane
        if own and cell in row["scenarios"].split(", "):
            place = f"{built.path('claims').as_posix()}, row {number}"
            yield f"{row['claim']} ({row['text']}): {row['agreement']}; {place}"


def _figures(built: Built, trial: str) -> Iterator[str]:
    links = built.numbers.get("links", {})
    for about in built.numbers.get("figures", {}).values():
        if about["drawn"] and trial in about["trials"]:
            figure = built.folder / links["figures"] / f"{about['name']}.svg"
            executed = built.folder / links["notebooks"] / f"{Path(about['notebook']).stem}.ipynb"
            yield f"{figure.as_posix()} from {about['notebook']}, run as {executed.as_posix()}"


def _rows(
    built: Built, campaign: str, trial: str, attempt: int, cell: Mapping[str, str]
) -> Iterator[str]:
    keys = ", ".join(cell.values())
    for name in OF_CELL:
        found = [all(row[k] == v for k, v in cell.items()) for row in built.tables[name]]
        yield from _place(built, name, found if cell else [], keys)
    for name in ("trials", *OF_TRIAL):
        found = [is_of(row, campaign, trial, attempt) for row in built.tables[name]]
        yield from _place(built, name, found, f"{campaign}, {trial}, {attempt}")


def _place(built: Built, table: str, found: list[bool], key: str) -> Iterator[str]:
    numbers = [number for number, own in enumerate(found, start=FIRST) if own]
    if numbers:
        word = "row" if len(numbers) == 1 else "rows"
        yield f"{built.path(table).as_posix()}, {word} {in_words(spans(numbers))} ({key})"


def _labelled(label: str, lines: Iterator[str]) -> Iterator[str]:
    none = True
    for line in lines:
        yield f"  {label if none else '':9} {line}"
        none = False
    if none:
        yield f"  {label:9} none"
