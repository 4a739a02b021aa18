# SPDX-License-Identifier: Apache-2.0
"""Write the site of a campaign: a folder that works without a server and without a network.

One record is in memory at a time, so the size of a campaign does not matter. The folder appears
when it is complete; the same campaign gives the same bytes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from nsm_resilience.judge.campaign import read_judgements
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.report.wording import dates, parse_time
from nsm_resilience.site.attempt import attempt_page
from nsm_resilience.site.links import INDEX, between_pages, out_of_site, page_of
from nsm_resilience.site.overview import COLUMNS, NUMBERS, Attempt, Overview, overview
from nsm_resilience.site.pages import ASSETS, asset, render

_OURS = "assets/timeline.js"
"""What tells a folder that we wrote from somebody else's."""

_RESULTS = (
    ("report.pdf", "the paper"),
    ("report.html", "the HTML report"),
    ("tables/scenarios.csv", "table of the scenarios"),
    ("tables/trials.csv", "table of the trials"),
    ("tables/claims.csv", "table of the claims"),
    ("tables/outages.csv", "table of the outages"),
    ("tables/components.csv", "table of the components"),
    ("tables/phases.csv", "table of the phases"),
    ("verdicts.jsonl", "all verdicts"),
    ("notebooks/result-table.ipynb", "notebook: result table"),
    ("notebooks/outages.ipynb", "notebook: outages"),
    ("notebooks/timelines.ipynb", "notebook: timelines"),
    ("notebooks/gallery.ipynb", "notebook: gallery of a cell"),
    ("notebooks/explore.ipynb", "notebook: one trial"),
)
"""What a build leaves beside the site, and what it is called on the first page."""


class SiteError(Exception):
    """The site cannot be written; the message says what to do."""


@dataclass(frozen=True)
class _Site:
    """Folder that is written, and the place where it will be, from which links are counted."""

    folder: Path
    place: Path

    def write(self, page: PurePosixPath, text: str) -> None:
        path = self.folder / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")

    def outside(self, page: PurePosixPath) -> Callable[[Path], str]:
        return lambda target: out_of_site(self.place, page, target)


def build_site(tables_dir: Path, campaign: Path, verdicts_jsonl: Path, out: Path) -> int:
    """Write the site; return how many attempts have a page.

    Args:
        tables_dir: folder with the tidy tables as Parquet; what else a build leaves is beside it.
        campaign: the campaign's folder with description, study and records.
        verdicts_jsonl: what the judge wrote, a line per attempt.
        out: folder to write; one that an earlier build left is replaced.

    Raises:
        SiteError: something that is needed is missing, or `out` holds something else.
        CampaignError: the campaign's description or a verdict cannot be read.
    """
    _check(tables_dir, verdicts_jsonl, out)
    found = _overview(tables_dir, campaign)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        scratch.chmod(0o755)
        site = _Site(scratch, out)
        for name in ASSETS:
            site.write(PurePosixPath("assets", name), asset(name))
        written = _write_attempts(site, found, campaign, verdicts_jsonl)
        _write_index(site, found, tables_dir.parent, campaign)
        if out.exists():
            shutil.rmtree(out)
        scratch.rename(out)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return written


def _check(tables_dir: Path, verdicts_jsonl: Path, out: Path) -> None:
    for needed in (
        *(tables_dir / f"{name}.parquet" for name in ("trials", "scenarios", "claims")),
        verdicts_jsonl,
    ):
        if not needed.exists():
            raise SiteError(f"{needed} is missing; run `snakemake {needed}` first")
    if out.exists() and any(out.iterdir()) and not (out / _OURS).exists():
        raise SiteError(
            f"{out} is not empty and was not written by this command; give another folder as --out"
        )


def _overview(tables_dir: Path, campaign: Path) -> Overview:
    import pandas as pd

    from nsm_resilience.analysis.figures.cells import short_names
    from nsm_resilience.report.campaign import read_description
    from nsm_resilience.report.disturbances import disturbances
    from nsm_resilience.study.load import load_recorded_study

    study = load_recorded_study(CampaignLayout(campaign).study)
    page = overview(
        pd.read_parquet(tables_dir / "scenarios.parquet"),
        pd.read_parquet(tables_dir / "claims.parquet"),
        pd.read_parquet(tables_dir / "trials.parquet", columns=["campaign", *COLUMNS]),
        short_names(study),
        read_description(campaign),
        study.watches,
    )
    beside = disturbances(
        pd.read_parquet(tables_dir / "disturbances.parquet"),
        pd.read_parquet(tables_dir / "coincidences.parquet"),
    )
    return replace(page, beside=beside)


def _write_attempts(site: _Site, found: Overview, campaign: Path, verdicts_jsonl: Path) -> int:
    known = {(a.row["trial"], a.row["attempt"]): at for at, a in enumerate(found.attempts)}
    by_trial: dict[str, list[Attempt]] = {}
    for attempt in found.attempts:
        by_trial.setdefault(str(attempt.row["trial"]), []).append(attempt)
    written = 0
    for judgement in read_judgements(verdicts_jsonl):
        key = (judgement.trial, judgement.attempt)
        if key not in known:
            raise SiteError(
                f"{judgement.trial}, attempt {judgement.attempt}, has a verdict and no row in the "
                "table of trials; make the tables again with `nsm-resilience tables`"
            )
        at = known[key]
        neighbours = [
            found.attempts[n] if 0 <= n < len(found.attempts) else None for n in (at - 1, at + 1)
        ]
        _write_attempt(site, judgement, campaign, found, at, neighbours, by_trial[judgement.trial])
        written += 1
    return written


def _write_attempt(
    site: _Site,
    judgement: Judgement,
    campaign: Path,
    found: Overview,
    at: int,
    neighbours: list[Attempt | None],
    siblings: list[Attempt],
) -> None:
    page = page_of(judgement.trial, judgement.attempt)
    folder = campaign / judgement.record

    def to(target: Attempt | PurePosixPath) -> str:
        where = target if isinstance(target, PurePosixPath) else _page(target)
        return between_pages(page, where)

    site.write(
        page,
        render(
            "attempt.html.j2",
            page=attempt_page(judgement, campaign),
            attempt=found.attempts[at],
            campaign=found.description,
            before=neighbours[0],
            after=neighbours[1],
            siblings=siblings,
            index=to(INDEX),
            assets=to(PurePosixPath("assets")),
            to=to,
            record=site.outside(page)(folder),
            record_path=judgement.record,
        ),
    )


def _write_index(site: _Site, found: Overview, results: Path, campaign: Path) -> None:
    outside = site.outside(INDEX)
    site.write(
        INDEX,
        render(
            "index.html.j2",
            overview=found,
            campaign=found.description,
            begun=_begun(found),
            numbers=NUMBERS,
            index=INDEX.as_posix(),
            assets="assets",
            to=lambda attempt: between_pages(INDEX, _page(attempt)),
            documents=[(outside(results / name), what) for name, what in _RESULTS],
            records=outside(campaign / "records"),
            choices=dict(_choices(found)),
        ),
    )


def _begun(found: Overview) -> str:
    created = found.description["created"]
    return str(dates(parse_time(str(created)))["en"]) if created else ""


def _page(attempt: Attempt) -> PurePosixPath:
    return page_of(attempt.row["trial"], int(attempt.row["attempt"]))


def _choices(found: Overview) -> Iterator[tuple[str, list[str]]]:
    """What the filters of the list offer: the levels that occur, in the order that they occur."""
    for name in ("plane", "scenario", "client", "failure"):
        yield name, list(dict.fromkeys(str(a.row[name]) for a in found.attempts))
    yield "outcome", sorted({a.outcome for a in found.attempts})
