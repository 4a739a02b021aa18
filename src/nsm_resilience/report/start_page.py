# SPDX-License-Identifier: Apache-2.0
"""The first page of the HTML report: the table of the nine and the claims, as reStructuredText.

`workflow/report/start.rst` includes the file; Snakemake renders it with docutils.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from nsm_resilience.record.files import write_bytes
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.report.wording import dates, parse_time
from nsm_resilience.tables.attempts import APART, in_words

if TYPE_CHECKING:
    import pandas as pd


def write_start_page(tables_dir: Path, campaigns: Sequence[Path], out: Path) -> None:
    """Write the page from the tables; its links are relative to the folder of `out`."""
    from nsm_resilience.analysis.figures.cells import short_names
    from nsm_resilience.report.campaign import read_description
    from nsm_resilience.report.numbers import of_campaign, read_tables
    from nsm_resilience.report.rows import cell_rows
    from nsm_resilience.study.load import load_recorded_study

    def seen(path: Path) -> PurePosixPath:
        return PurePosixPath(Path(os.path.relpath(path, out.parent)).as_posix())

    whole = read_tables(tables_dir)
    parts = []
    for folder in campaigns:
        layout = CampaignLayout(folder)
        study = load_recorded_study(layout.study)
        names = short_names(study)
        description = read_description(layout.folder)
        tables = of_campaign(whole, str(description["campaign"]))
        rows = cell_rows(tables, study, names, seen(folder))
        parts.append(start_page(tables, rows, names, description, seen(tables_dir)))
    write_bytes(out, "\n".join(parts).encode())


def start_page(
    tables: Mapping[str, pd.DataFrame],
    rows: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    description: Mapping[str, object],
    folder: PurePosixPath,
) -> str:
    """Return the part of the page that is about one campaign, as text.

    Args:
        tables: the tidy tables by name.
        rows: the report's rows, one per cell, see `report.rows.cell_rows`.
        names: what is broken, by scenario id.
        description: the campaign's description.
        folder: the tables' folder as seen from the page.
    """
    from nsm_resilience.analysis.figures.result_table import table_for_people

    people = table_for_people(tables["scenarios"], names)
    apart = [in_words(part) for part in APART]
    counts = [
        ", ".join(f"{line[word]} {word}" for word in apart if line[word]) or "\u2013"
        for line in people.to_dict("records")
    ]
    people = people.drop(columns=apart).assign(**{"in no n": counts})
    linked = [
        result_cells(dict(zip(people.columns, line, strict=True)), row, folder)
        for line, row in zip(people.itertuples(index=False), rows, strict=True)
    ]
    shown = [row for row in rows if row["typical"] is not None]
    return "\n".join(
        [
            f"Campaign ``{description['campaign']}``{_begun(description.get('created'))}.",
            "",
            *list_table("The nine scenarios", list(people.columns), linked),
            "k of n judged trials supported, with the Wilson interval of that share. Attempts "
            "that count in no n are shown as what they are. A cell leads to its row of the "
            "table of scenarios, k/n to its trials, a verdict to the record of a typical trial.",
            "",
            *(line for row in claim_rows(tables["claims"], folder) for line in row),
            *list_table(
                "Evidence: from a cell to its rows, its typical trial, and what decided it",
                ["cell", "rows, the header counted as row 1", "typical trial", "decided by"],
                [evidence_cells(row, folder) for row in shown],
            ),
        ]
    )


def result_cells(
    line: Mapping[str, object], row: Mapping[str, Any], folder: PurePosixPath
) -> list[str]:
    """Return the cells of one line of the result table, each with its link."""
    at = {place["table"]: target(place, folder) for place in row["rows"]}
    targets = {"k/n": at.get("trials", at["scenarios"])}
    if row["typical"] is not None:
        targets["verdict"] = f"{row['typical']['record']}/events.jsonl"
    return [link(cell, targets.get(name, at["scenarios"])) for name, cell in line.items()]


def evidence_cells(row: Mapping[str, Any], folder: PurePosixPath) -> list[str]:
    """Return the cells of one line of the evidence: cell, rows, typical trial, places."""
    typical = row["typical"]
    rows = [
        f"{link(place['table'], target(place, folder))} {escaped(place['rows'])}"
        for place in row["rows"]
    ]
    places = [
        f"{escaped(group['what'])} {link(file['file'], file['href'] + file['fragment'])} "
        f"{escaped(' '.join([file['unit'], ', '.join(file['places'])]))}".strip()
        for group in typical["evidence"]
        for file in group["files"]
    ]
    trial = link(typical["trial"], f"{typical['record']}/events.jsonl")
    return [escaped(row["cell"]), "; ".join(rows), trial, "; ".join(places)]


def target(place: Mapping[str, str], folder: PurePosixPath) -> str:
    """Return the address of rows of a table."""
    return f"{folder}/{place['table']}.csv{place['fragment']}"


def claim_rows(claims: pd.DataFrame, folder: PurePosixPath) -> list[list[str]]:
    """Return the entries of the claims, each with a link to its row."""
    from nsm_resilience.tables.row_numbers import FIRST, fragment

    return [
        claim_entry(row, f"{folder}/claims.csv{fragment([(number, number)])}")
        for number, row in zip(claims.index + FIRST, claims.to_dict("records"), strict=True)
    ]


def _begun(created: object) -> str:
    return f", begun on {dates(parse_time(str(created)))['en']}" if created else ", not begun"


def claim_entry(row: Mapping[Hashable, object], address: str) -> list[str]:
    """Lines of one entry of a definition list: the claim, what became of it, and why."""
    head = f"{row['claim']}, {row['plane']} plane: {row['agreement']}"
    text = f"*{escaped(row['text'])}* {escaped(row['why'])} {link('claims.csv', address)}"
    return [escaped(head), f"   {text}", ""]


def list_table(title: str, header: Sequence[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Lines of a reStructuredText table; the cells of its rows are reStructuredText."""
    lines = [f".. list-table:: {title}", "   :header-rows: 1", "   :widths: auto", ""]
    for row in ([escaped(name) for name in header], *rows):
        for number, cell in enumerate(row):
            lines.append(f"   {'* -' if number == 0 else '  -'} {cell}")
    return [*lines, ""]


def link(text: object, address: str) -> str:
    """Write a link; the text is shown as it is."""
    return f"`{escaped(text)} <{address}>`__"


def escaped(cell: object) -> str:
    """Write text so that docutils shows it as it is."""
    text = " ".join(str(cell).split())
    return "".join(f"\\{c}" if c in "\\*`_|" else c for c in text)
