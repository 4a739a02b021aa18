# SPDX-License-Identifier: Apache-2.0
"""Write the pages of attempts, one record at a time, in several processes if asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from nsm_resilience.judge.campaign import read_judgements
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.site.attempt import attempt_page
from nsm_resilience.site.attempts import Attempt
from nsm_resilience.site.campaign_pages import conditions
from nsm_resilience.site.overview import Overview
from nsm_resilience.site.pages import SiteFolder
from nsm_resilience.tables.attempts import MEANINGS

_AT_ONCE = 16
"""Attempts handed to a process together: enough to make the handover cheap."""


class SiteError(Exception):
    """The site cannot be written; the message says what to do."""


Shown = tuple[Judgement, dict[str, Any]]
"""A judgement, and values for its page that are not in its record."""
_Share = tuple[SiteFolder, Path, Mapping[str, Any], Sequence[Shown]]
"""Some attempts of one campaign with its folder and its description, for one process."""


def write_attempts(
    site: SiteFolder,
    campaigns: Sequence[tuple[Overview, Path, Path]],
    jobs: int,
) -> int:
    """Write a page for every judgement; return how many.

    Args:
        campaigns: each campaign with its folder and its verdicts.

    Raises:
        SiteError: a verdict has no row in the table of trials.
    """
    shares = (
        share
        for own, folder, verdicts in campaigns
        for share in _shares(site, own, folder, verdicts)
    )
    if jobs == 1:
        return sum(_write(*share) for share in shares)
    # not forked: threads of pyarrow and numpy are running
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        written, waiting = 0, deque[Future[int]]()
        for share in shares:
            waiting.append(pool.submit(_write, *share))
            if len(waiting) == 2 * jobs:  # not all at once: a campaign may be large
                written += waiting.popleft().result()
        return written + sum(future.result() for future in waiting)


def _shares(site: SiteFolder, own: Overview, folder: Path, verdicts: Path) -> Iterator[_Share]:
    shown = _shown(own, verdicts)
    while batch := list(islice(shown, _AT_ONCE)):
        yield site, folder, own.description, batch


def _shown(own: Overview, verdicts: Path) -> Iterator[Shown]:
    attempts = own.attempts
    known = {(a.row["trial"], a.row["attempt"]): at for at, a in enumerate(attempts)}
    cells = {cell.cell: replace(cell, attempts=()) for cell in own.cells}
    by_trial: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_trial.setdefault(str(attempt.row["trial"]), []).append(attempt)
    for judgement in read_judgements(verdicts):
        at = known.get((judgement.trial, judgement.attempt))
        if at is None:
            raise SiteError(
                f"{judgement.trial}, attempt {judgement.attempt}, has a verdict and no row in the "
                "table of trials; make the tables again with `snakemake --forcerun tables`"
            )
        yield (
            judgement,
            {
                "attempt": attempts[at],
                "before": attempts[at - 1] if at else None,
                "after": attempts[at + 1] if at + 1 < len(attempts) else None,
                "siblings": by_trial[judgement.trial],
                "cell": cells.get(attempts[at].cell),
            },
        )


def _write(
    site: SiteFolder, campaign: Path, description: Mapping[str, Any], shown: Sequence[Shown]
) -> int:
    for judgement, beside in shown:
        attempt, cell = beside["attempt"], beside["cell"]
        site.fill(
            attempt.page,
            "attempt.html.j2",
            description,
            page=attempt_page(judgement, campaign),
            why_apart=MEANINGS.get(attempt.outcome, ""),
            conditions=conditions(attempt.row, cell.row["source"] if cell else ""),
            record=site.outside(attempt.page)(campaign / judgement.record),
            **beside,
        )
    return len(shown)
