# SPDX-License-Identifier: Apache-2.0
"""Addresses in the site: a page for each campaign, cell, attempt, table and notebook.

Pure functions of names, so that paper, HTML report and terminal can link to a page without the
site; the site's tests check that the pages exist. A page's address is relative to the folder of the
site, `in_results` makes it relative to the folder of the results.

A campaign can have any name, so campaigns have a folder of their own, apart from the shared pages.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

SITE = PurePosixPath("site")
"""Folder of the site inside the results."""

FRONT = PurePosixPath("index.html")
"""The site's first page: all campaigns of the build."""

WORDS = PurePosixPath("words.html")
"""Page with the meanings of words: factors and their levels, sources, verdicts, columns."""

EVIDENCE = "evidence"
"""Anchor of the evidence of an attempt, as a whole."""


def index_of(campaign: str) -> PurePosixPath:
    """First page of a campaign."""
    return PurePosixPath("campaigns", campaign, "index.html")


def page_of_cell(campaign: str, cell: str) -> PurePosixPath:
    """Page of a cell of a campaign's study, with all its attempts: the target of a k/n.

    >>> str(page_of_cell("mine", "S2-kernel-monitored-kill"))
    'campaigns/mine/cells/S2-kernel-monitored-kill.html'
    """
    return PurePosixPath("campaigns", campaign, "cells", f"{cell}.html")


def page_of(campaign: str, trial: str, attempt: int) -> PurePosixPath:
    """Page of an attempt: the target of a verdict; later attempts end in `<NN>-<attempt>`.

    >>> str(page_of("mine", "S2-kernel-monitored-kill/03", 2))
    'campaigns/mine/trials/S2-kernel-monitored-kill/03-2.html'
    """
    suffix = "" if attempt == 1 else f"-{attempt}"
    return PurePosixPath("campaigns", campaign, "trials", f"{trial}{suffix}.html")


def page_of_table(name: str) -> PurePosixPath:
    """Page of one of the tidy tables: `trials`, `scenarios`, ..."""
    return PurePosixPath("tables", f"{name}.html")


def page_of_notebook(name: str) -> PurePosixPath:
    """Page of an executed notebook: `outages`, `timelines`, ..."""
    return PurePosixPath("notebooks", f"{name}.html")


def evidence_anchor(number: int) -> str:
    """Anchor of the n-th entry of a judgement's evidence, in the judge's order, counted from 1."""
    return f"{EVIDENCE}-{number}"


def claim_anchor(claim: str, plane: str) -> str:
    """Anchor of a claim on its campaign's first page, one for each forwarding plane."""
    return f"claim-{claim}-{plane}"


ROWS_SHOWN = 200
"""Most rows of a table on its page; the files beside the site have all."""


def row_anchor(row: int) -> str:
    """Anchor of a row on the page of a table, as spreadsheets count: the header is row 1.

    Empty for a row that the page does not have.
    """
    return f"row-{row}" if row <= ROWS_SHOWN + 1 else ""


def in_results(page: PurePosixPath, anchor: str = "") -> str:
    """Address of a page of the site from a file in the folder of the results, as a link's target.

    >>> in_results(page_of("mine", "S2-kernel-monitored-kill/03", 1), evidence_anchor(2))
    'site/campaigns/mine/trials/S2-kernel-monitored-kill/03.html#evidence-2'
    """
    return in_folder(SITE, page, anchor)


def in_folder(site: PurePosixPath, page: PurePosixPath, anchor: str = "") -> str:
    """Address of a page from elsewhere; `site` is the folder of the site as seen from there."""
    fragment = f"#{quote(anchor)}" if anchor else ""
    return quote((site / page).as_posix()) + fragment
