# SPDX-License-Identifier: Apache-2.0
"""Write the site of a build: a folder that works without a server and without a network.

One record is in memory at a time, so the size of a campaign does not matter. The folder appears
when it is complete; the same campaign gives the same bytes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nsm_resilience.judge.campaign import read_judgements
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.report.wording import dates, parse_time
from nsm_resilience.site.attempt import attempt_page
from nsm_resilience.site.links import FRONT, between_pages, index_of, out_of_site, page_of
from nsm_resilience.site.overview import COLUMNS, NUMBERS, Attempt, Overview, overview, side_by_side
from nsm_resilience.site.pages import ASSETS, asset, render

if TYPE_CHECKING:
    import pandas as pd

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
    ("tables/contrasts.csv", "table of the contrasts"),
    ("verdicts", "all verdicts"),
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


def build_site(tables_dir: Path, campaigns: Sequence[Path], verdicts: Path, out: Path) -> int:
    """Write the site; return how many attempts have a page.

    Args:
        tables_dir: folder with the tidy tables as Parquet; what else a build leaves is beside it.
        campaigns: folders of the campaigns with description, study and records.
        verdicts: folder with what the judge wrote, `<campaign>.jsonl`.
        out: folder to write; one that an earlier build left is replaced.

    Raises:
        SiteError: something that is needed is missing, or `out` holds something else.
        CampaignError: a campaign's description or a verdict cannot be read.
    """
    _check(tables_dir, [verdicts / f"{folder.name}.jsonl" for folder in campaigns], out)
    whole = _tables(tables_dir)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        scratch.chmod(0o755)
        site = _Site(scratch, out)
        for name in ASSETS:
            site.write(PurePosixPath("assets", name), asset(name))
        written, found = 0, {}
        for folder in campaigns:
            own = _overview(whole, folder)
            found[own.campaign] = own
            written += _write_attempts(site, own, folder, verdicts / f"{folder.name}.jsonl")
            _write_index(site, own, tables_dir.parent, folder)
        _write_front(site, list(found.values()), tables_dir.parent)
        if out.exists():
            shutil.rmtree(out)
        scratch.rename(out)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return written


def _check(tables_dir: Path, verdicts: Sequence[Path], out: Path) -> None:
    tables = [tables_dir / f"{name}.parquet" for name in ("trials", "scenarios", "claims")]
    for needed in (*tables, *verdicts):
        if not needed.exists():
            raise SiteError(f"{needed} is missing; run `snakemake {needed}` first")
    if out.exists() and any(out.iterdir()) and not (out / _OURS).exists():
        raise SiteError(
            f"{out} is not empty and was not written by this command; give another folder as --out"
        )


def _tables(tables_dir: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    columns = {"trials": ["campaign", *COLUMNS]}
    return {
        name: pd.read_parquet(tables_dir / f"{name}.parquet", columns=columns.get(name))
        for name in ("scenarios", "claims", "trials", "disturbances", "coincidences")
    }


def _overview(whole: Mapping[str, pd.DataFrame], campaign: Path) -> Overview:
    from nsm_resilience.analysis.figures.cells import short_names
    from nsm_resilience.report.campaign import read_description
    from nsm_resilience.report.disturbances import disturbances
    from nsm_resilience.study.load import load_recorded_study

    study = load_recorded_study(CampaignLayout(campaign).study)
    description = read_description(campaign)
    own = {
        name: table[table["campaign"] == str(description["campaign"])].reset_index(drop=True)
        for name, table in whole.items()
    }
    page = overview(
        own["scenarios"],
        own["claims"],
        own["trials"],
        short_names(study),
        description,
        study.watches,
    )
    return replace(page, beside=disturbances(own["disturbances"], own["coincidences"]))


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
                "table of trials; make the tables again with `snakemake --forcerun tables`"
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
    page = page_of(found.campaign, judgement.trial, judgement.attempt)
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
            index=to(index_of(found.campaign)),
            assets=to(PurePosixPath("assets")),
            to=to,
            record=site.outside(page)(folder),
            record_path=judgement.record,
        ),
    )


def _write_index(site: _Site, found: Overview, results: Path, campaign: Path) -> None:
    page = index_of(found.campaign)
    outside = site.outside(page)
    site.write(
        page,
        render(
            "index.html.j2",
            overview=found,
            campaign=found.description,
            begun=_begun(found),
            numbers=NUMBERS,
            index=between_pages(page, FRONT),
            assets=between_pages(page, PurePosixPath("assets")),
            to=lambda attempt: between_pages(page, _page(attempt)),
            documents=[(outside(results / name), what) for name, what in _RESULTS],
            records=outside(campaign / "records"),
            choices=dict(_choices(found)),
        ),
    )


def _write_front(site: _Site, found: Sequence[Overview], results: Path) -> None:
    outside = site.outside(FRONT)
    site.write(
        FRONT,
        render(
            "front.html.j2",
            # that one of the campaigns is synthetic is said on the first page, too
            campaign=max((own.description for own in found), key=_is_synthetic),
            campaigns=[
                {
                    "name": own.campaign,
                    "href": between_pages(FRONT, index_of(own.campaign)),
                    "begun": _begun(own),
                    "attempts": len(own.attempts),
                    "planes": [plane for plane in own.planes if plane.tested],
                }
                for own in found
            ],
            rows=side_by_side(found),
            index=FRONT.as_posix(),
            assets="assets",
            documents=[(outside(results / name), what) for name, what in _RESULTS],
        ),
    )


def _is_synthetic(description: Mapping[str, object]) -> bool:
    return description.get("source") == "synthetic"


def _begun(found: Overview) -> str:
    created = found.description["created"]
    return str(dates(parse_time(str(created)))["en"]) if created else ""


def _page(attempt: Attempt) -> PurePosixPath:
    row = attempt.row
    return page_of(str(row["campaign"]), str(row["trial"]), int(row["attempt"]))


def _choices(found: Overview) -> Iterator[tuple[str, list[str]]]:
    """What the filters of the list offer: the levels that occur, in the order that they occur."""
    for name in ("plane", "scenario", "client", "failure"):
        yield name, list(dict.fromkeys(str(a.row[name]) for a in found.attempts))
    yield "outcome", sorted({a.outcome for a in found.attempts})
