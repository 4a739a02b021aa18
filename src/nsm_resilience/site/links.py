# SPDX-License-Identifier: Apache-2.0
"""Where pages and anchors are, for the site itself and for whatever links into it."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from urllib.parse import quote

FRONT = PurePosixPath("index.html")
"""The site's first page: all campaigns of the build."""


def index_of(campaign: str) -> PurePosixPath:
    """First page of a campaign inside the site."""
    return PurePosixPath(campaign, "index.html")


def page_of(campaign: str, trial: str, attempt: int) -> PurePosixPath:
    """Page of an attempt inside the site; later attempts end in `<NN>-<attempt>`.

    >>> str(page_of("mine", "S2-kernel-monitored-kill/03", 2))
    'mine/trials/S2-kernel-monitored-kill/03-2.html'
    """
    suffix = "" if attempt == 1 else f"-{attempt}"
    return PurePosixPath(campaign, "trials", f"{trial}{suffix}.html")


def evidence_anchor(number: int) -> str:
    """Anchor of the n-th entry of a judgement's evidence, counted from 1."""
    return f"evidence-{number}"


def event_anchor(line: int) -> str:
    """Anchor of a line of `events.jsonl`, counted from 1."""
    return f"event-{line}"


def kubernetes_anchor(line: int) -> str:
    """Anchor of a line of `kubernetes-events.jsonl`, counted from 1."""
    return f"kubernetes-{line}"


def between_pages(source: PurePosixPath, target: PurePosixPath) -> str:
    """Relative address from one page of the site to another of its files."""
    return quote(PurePosixPath(os.path.relpath(target, source.parent)).as_posix())


def out_of_site(site: Path, source: PurePosixPath, target: Path) -> str:
    """Relative address from a page of a site in the folder `site` to a file outside it."""
    return quote(Path(os.path.relpath(target, site / source.parent)).as_posix())
