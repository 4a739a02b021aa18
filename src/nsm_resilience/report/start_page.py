# SPDX-License-Identifier: Apache-2.0
"""The first page of the HTML report: each campaign's result table and claims, as reStructuredText.

A cell and its k/n lead to the cell's page in the site, a verdict to what decided a typical trial.
`workflow/report/start.rst` includes the file; Snakemake renders it with docutils.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from nsm_resilience.record.files import write_bytes
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.report.site_links import (
    EVIDENCE,
    SITE,
    WORDS,
    claim_anchor,
    in_folder,
    index_of,
    page_of,
    page_of_cell,
)
from nsm_resilience.report.wording import dates, parse_time
from nsm_resilience.report.words import words_met
from nsm_resilience.tables.attempts import APART, in_words

if TYPE_CHECKING:
    import pandas as pd

_NOT_TESTED = "not tested"


def write_start_page(tables_dir: Path, campaigns: Sequence[Path], out: Path) -> None:
    """Write the page from the tables; its links are relative to the folder of `out`."""
    from nsm_resilience.analysis.figures.cells import short_names
    from nsm_resilience.report.campaign import read_description
    from nsm_resilience.report.numbers import of_campaign, read_named
    from nsm_resilience.report.rows import cell_rows
    from nsm_resilience.study.load import load_recorded_study
    from nsm_resilience.tables.schemas import CLAIMS, SCENARIOS
    from nsm_resilience.tables.trials import TRIALS

    whole = read_named(tables_dir, (TRIALS, SCENARIOS, CLAIMS), "snakemake")
    site = PurePosixPath(Path(os.path.relpath(tables_dir.parent / SITE, out.parent)).as_posix())
    parts = []
    for folder in campaigns:
        layout = CampaignLayout(folder)
        study = load_recorded_study(layout.study)
        names = short_names(study)
        description = read_description(layout.folder)
        tables = of_campaign(whole, str(description["campaign"]))
        rows = cell_rows(tables, study, names)
        parts.append(start_page(tables, rows, names, description, site))
    write_bytes(out, "\n".join(parts).encode())


def start_page(
    tables: Mapping[str, pd.DataFrame],
    rows: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    description: Mapping[str, object],
    site: PurePosixPath,
) -> str:
    """Return the part of the page that is about one campaign, as text.

    What the campaign lacks, cells that were not run and claims that were not tested, comes last.

    Args:
        rows: the report's rows, one per cell, see `report.rows.cell_rows`.
        site: the site's folder as seen from the page.
    """
    from nsm_resilience.analysis.figures.result_table import table_for_people

    name = str(description["campaign"])
    people = table_for_people(tables["scenarios"], names)
    apart = [in_words(part) for part in APART]
    counts = [
        ", ".join(f"{line[word]} {word}" for word in apart if line[word]) or "\u2013"
        for line in people.to_dict("records")
    ]
    people = people.drop(columns=apart).assign(**{"in no n": counts})
    lines = [dict(zip(people.columns, one, strict=True)) for one in people.itertuples(index=False)]
    run = [(line, row) for line, row in zip(lines, rows, strict=True) if row["attempts"]]
    idle = [row for row in rows if not row["attempts"]]
    campaign = link(name, in_folder(site, index_of(name)))
    found = [*people.columns, "typical trial"]
    return "\n".join(
        [
            f"Campaign {campaign}{_begun(description.get('created'))}.",
            "",
            *(
                list_table(
                    f"Scenarios of campaign {name}",
                    found,
                    [result_cells(line, row, name, site) for line, row in run],
                )
                if run
                else ["No trial of it was run.", ""]
            ),
            *(words_line([row for _, row in run], site) if run else []),
            *claim_entries(tables["claims"], name, site),
            *lacking(tables["claims"], [row for _, row in run], idle, name, site),
        ]
    )


def result_cells(
    line: Mapping[str, object], row: Mapping[str, Any], campaign: str, site: PurePosixPath
) -> list[str]:
    """Return the cells of one line of the result table; three of them lead somewhere."""
    cell = in_folder(site, page_of_cell(campaign, row["cell"]))
    typical = row["typical"]
    targets = {"scenario": cell, **({"k/n": cell} if row["n"] else {})}
    last = "\u2013"
    if typical is not None:
        trial = page_of(campaign, typical["trial"], typical["attempt"])
        targets["verdict"] = in_folder(site, trial, EVIDENCE)
        last = link(typical["trial"].rpartition("/")[2], in_folder(site, trial))
    return [
        *(
            link(text, targets[name]) if name in targets else escaped(text)
            for name, text in line.items()
        ),
        last,
    ]


def words_line(rows: Sequence[Mapping[str, Any]], site: PurePosixPath) -> list[str]:
    """Say beneath a table what its columns mean, and its words for sources, planes and clients."""
    met = {name: {str(row[name]) for row in rows} for name in ("source", "plane", "client")}
    said = [f"*{escaped(w.word)}*: {escaped(w.meaning)}" for w in words_met(met)]
    return [
        "k of n judged trials supported, with the Wilson interval of that share. Attempts that "
        "count in no n are shown as what they are. A scenario and its k/n lead to its trials, a "
        "verdict to what decided a typical one of them. "
        f"{'; '.join(said)}. {link('All words', in_folder(site, WORDS))}.",
        "",
    ]


def claim_entries(claims: pd.DataFrame, campaign: str, site: PurePosixPath) -> list[str]:
    """Lines of a definition list of the claims that were tested: what became of each, and why."""
    lines = []
    for row in claims[claims["agreement"] != _NOT_TESTED].to_dict("records"):
        claim, plane = str(row["claim"]), str(row["plane"])
        place = in_folder(site, index_of(campaign), claim_anchor(claim, plane))
        decided = link("The cells that decided", place)
        lines += [
            escaped(f"{claim}, {plane} plane: {row['agreement']}"),
            f"   *{escaped(row['text'])}* {escaped(row['why'])} {decided}",
            "",
        ]
    return lines


def lacking(
    claims: pd.DataFrame,
    run: Sequence[Mapping[str, Any]],
    idle: Sequence[Mapping[str, Any]],
    campaign: str,
    site: PurePosixPath,
) -> list[str]:
    """Say what is not part of a campaign: claims on its own planes alone, and cells not run."""
    planes = {row["plane"] for row in run}
    untested = claims[(claims["agreement"] == _NOT_TESTED) & claims["plane"].isin(planes)]
    said = [
        escaped(f"{row['claim']} on the {row['plane']} plane")
        for row in untested.to_dict("records")
    ]
    cells = [
        link(row["cell"], in_folder(site, page_of_cell(campaign, row["cell"]))) for row in idle
    ]
    return [
        *([f"Claims that it does not answer: {', '.join(said)}.", ""] if said else []),
        *([f"Declared, and not run: {', '.join(cells)}.", ""] if cells else []),
    ]


def _begun(created: object) -> str:
    return f", begun on {dates(parse_time(str(created)))['en']}" if created else ", not begun"


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
