# SPDX-License-Identifier: Apache-2.0
"""Write the site's first page, all campaigns side by side, and the page of its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nsm_resilience.report.findings.standings import CLAIMS
from nsm_resilience.report.site_links import FRONT, WORDS
from nsm_resilience.report.words import HEADINGS, MEANINGS, words_met
from nsm_resilience.site.cell_page import words_of
from nsm_resilience.site.documents import Document
from nsm_resilience.site.overview import Overview
from nsm_resilience.site.pages import SiteFolder
from nsm_resilience.site.same_cells import compared_cells, place

_RESULT_FILES = (
    ("report.pdf", "the paper"),
    ("supplement.pdf", "its supplement: methods in full, every cell, evidence"),
    ("report.html", "the HTML report"),
    ("tables", "all tables, as CSV and Parquet"),
    ("verdicts", "all verdicts"),
)
"""What a build leaves beside the site, and what it is called on the first page."""

_ON_FRONT = ("plane", "client", "failure", "outage", "watch", "remedy", "cell", "agreement")


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
