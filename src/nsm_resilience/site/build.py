# SPDX-License-Identifier: Apache-2.0
"""Write the site of a build: a folder that works without server and network.

One record is in memory at a time, so the size of a campaign does not matter. The folder appears
when it is complete; the same campaigns give the same bytes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.report.campaign import read_description
from nsm_resilience.report.site_links import index_of
from nsm_resilience.site.attempt_pages import SiteError, write_attempts
from nsm_resilience.site.attempts import COLUMNS
from nsm_resilience.site.campaign_pages import write_campaign, write_front
from nsm_resilience.site.documents import write_notebooks, write_tables
from nsm_resilience.site.overview import Overview, overview
from nsm_resilience.site.pages import ASSETS, SiteFolder, asset
from nsm_resilience.study.load import load_recorded_study

if TYPE_CHECKING:
    import pandas as pd

_READ: dict[str, list[str] | None] = {
    "trials": ["campaign", *COLUMNS],
    "scenarios": None,
    "claims": None,
}
"""Tables that the pages are made from, and the needed columns; None: all."""

_OURS = "assets/timeline.js"
"""File by which a folder that we wrote is recognized."""


def build_site(
    tables_dir: Path, campaigns: Sequence[Path], verdicts: Path, out: Path, jobs: int = 1
) -> int:
    """Write the site; return how many attempts have a page.

    Args:
        tables_dir: folder with the tidy tables, beside the other results of the build.
        out: folder to write; the site of an earlier build is replaced.

    Raises:
        SiteError: something that is needed is missing, or `out` holds something else.
        DescriptionError, CampaignError: a campaign's description or a verdict cannot be read.
    """
    import pandas as pd

    files = [verdicts / f"{folder.name}.jsonl" for folder in campaigns]
    _check(tables_dir, files, out)
    whole = {
        name: pd.read_parquet(tables_dir / f"{name}.parquet", columns=columns)
        for name, columns in _READ.items()
    }
    found = [_overview(whole, folder) for folder in campaigns]
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        scratch.chmod(0o755)
        site = SiteFolder(scratch, out)
        for name in ASSETS:
            site.write(PurePosixPath("assets", name), asset(name))
        written = write_attempts(site, list(zip(found, campaigns, files, strict=True)), jobs)
        for own, folder in zip(found, campaigns, strict=True):
            write_campaign(site, own, found, folder)
        pages = {page for own in found for page in _pages(own)}
        # shared pages carry the notice of a synthetic campaign, if there is one
        shared = max((own.description for own in found), key=lambda d: d["source"] == "synthetic")
        tables = write_tables(site, shared, tables_dir, pages)
        notebooks = write_notebooks(site, shared, tables_dir.parent / "notebooks")
        write_front(site, found, shared, tables_dir.parent, tables, notebooks)
        if out.exists():
            shutil.rmtree(out)
        scratch.rename(out)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return written


def _pages(own: Overview) -> list[PurePosixPath]:
    """The first page of a campaign, and those of its cells and attempts."""
    return [
        index_of(own.campaign),
        *(cell.page for cell in own.cells),
        *(attempt.page for attempt in own.attempts),
    ]


def _check(tables_dir: Path, verdicts: Sequence[Path], out: Path) -> None:
    tables = [tables_dir / f"{name}.parquet" for name in _READ]
    for needed in (*tables, *verdicts):
        if not needed.exists():
            raise SiteError(f"{needed} is missing; run `snakemake {needed}` first")
    if out.exists() and any(out.iterdir()) and not (out / _OURS).exists():
        raise SiteError(
            f"{out} is not empty and was not written by this command; give another folder as --out"
        )


def _overview(whole: Mapping[str, pd.DataFrame], campaign: Path) -> Overview:
    study = load_recorded_study(CampaignLayout(campaign).study)
    description = read_description(campaign)
    name = str(description["campaign"])
    own = {key: table[table["campaign"] == name] for key, table in whole.items()}
    return overview(own["scenarios"], own["claims"], own["trials"], study, description)
