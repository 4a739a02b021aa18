# SPDX-License-Identifier: Apache-2.0
"""The first page of the HTML report: each campaign's result table and claims, as reStructuredText.

A cell and its k/n link to the cell's page in the site, a verdict to the evidence of a typical
trial. The campaign's page of the site lists what was not run. `workflow/report/start.rst` includes
the file; Snakemake renders it with docutils.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from nsm_resilience.analysis.figures.cells import FACTORS, IMPLIED, short_names
from nsm_resilience.record.files import write_bytes
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.report.campaign import read_description
from nsm_resilience.report.cell_rows import cell_rows
from nsm_resilience.report.numbers import of_campaign, read_named
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
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.tables.attempts import apart_in_words
from nsm_resilience.tables.schemas import CLAIMS, SCENARIOS
from nsm_resilience.tables.trials import TRIALS

COLUMNS = ("scenario", "plane", "source", "claimed", "k/n", "95 % interval", "verdict",
           "agreement", "in no n", "typical trial")  # fmt: skip


def write_start_page(tables_dir: Path, campaigns: Sequence[Path], out: Path) -> None:
    """Write the page from the tables; its links are relative to the folder of `out`."""
    whole = read_named(tables_dir, (TRIALS, SCENARIOS, CLAIMS), "snakemake")
    site = PurePosixPath(Path(os.path.relpath(tables_dir.parent / SITE, out.parent)).as_posix())
    parts = []
    for folder in campaigns:
        study = load_recorded_study(CampaignLayout(folder).study)
        description = read_description(folder)
        tables = of_campaign(whole, str(description["campaign"]))
        rows = cell_rows(tables, study, short_names(study))
        parts.append(start_page(rows, tables["claims"], description, site))
    write_bytes(out, "\n".join(parts).encode())


def start_page(
    rows: Sequence[Mapping[str, Any]],
    claims: pd.DataFrame,
    description: Mapping[str, object],
    site: PurePosixPath,
) -> str:
    """Return the part of the page on one campaign; `site` is the site's folder seen from there."""
    name = str(description["campaign"])
    run = [row for row in rows if row["attempts"]]
    campaign = link(name, in_folder(site, index_of(name)))
    table = [
        *list_table(escaped(f"Scenarios of campaign {name}"), COLUMNS,
                    [result_cells(row, name, site) for row in run]),
        *words_line(run, site),
    ]  # fmt: skip
    return "\n".join(
        [
            f"Campaign {campaign}{_begun(description.get('created'))}.",
            "",
            *(table if run else ["No trial of it was run.", ""]),
            *claim_entries(claims, name, site),
        ]
    )


def result_cells(row: Mapping[str, Any], campaign: str, site: PurePosixPath) -> list[str]:
    """Return the cells of one line of the result table, with their links."""
    cell = in_folder(site, page_of_cell(campaign, row["cell"]))
    counts, verdict, last = "\u2013", escaped(row["verdict"]), "\u2013"
    if (typical := row["typical"]) is not None:  # so there is a judged trial
        trial = page_of(campaign, typical["trial"], typical["attempt"])
        counts = link(row["kn"], cell)
        verdict = link(row["verdict"], in_folder(site, trial, EVIDENCE))
        last = link(typical["trial"].rpartition("/")[2], in_folder(site, trial))
    texts = [row["plane"], row["source"], row["claimed"]]
    return [
        link(row["label"], cell),
        *(escaped(text or "\u2013") for text in texts),
        counts,
        escaped(row["interval"] or "\u2013"),
        verdict,
        escaped(row["agreement"]),
        escaped(apart_in_words(row) or "\u2013"),
        last,
    ]


def words_line(rows: Sequence[Mapping[str, Any]], site: PurePosixPath) -> list[str]:
    """Lines beneath a table on its columns, and on its words.

    These are sources, planes, and the levels of other factors that a label may show.
    """
    found = {name: {str(row[name]) for row in rows} for name in ("source", *FACTORS)}
    met = {
        name: words
        for name, words in found.items()
        if name in COLUMNS or len(words) > 1 or not words <= set(IMPLIED.get(name, words))
    }
    said = [f"*{escaped(w.word)}*: {escaped(w.meaning)}" for w in words_met(met)]
    return [
        "k of n judged trials supported, with the Wilson interval of that share. Attempts that "
        "count in no n are shown as what they are. A scenario and its k/n lead to its trials, a "
        "verdict to what decided a typical one of them. "
        f"{'; '.join(said)}. {link('All words', in_folder(site, WORDS))}.",
        "",
    ]


def claim_entries(claims: pd.DataFrame, campaign: str, site: PurePosixPath) -> list[str]:
    """Lines of a definition list of the claims that were tested: the answer to each, and why."""
    lines = []
    for row in claims[claims["agreement"] != "not tested"].to_dict("records"):
        claim, plane = str(row["claim"]), str(row["plane"])
        place = in_folder(site, index_of(campaign), claim_anchor(claim, plane))
        decided = link("The cells that decided", place)
        lines += [
            escaped(f"{claim}, {plane} plane: {row['agreement']}"),
            f"   *{escaped(row['text'])}* {escaped(row['why'])} {decided}",
            "",
        ]
    return lines


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
