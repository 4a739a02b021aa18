# SPDX-License-Identifier: Apache-2.0
"""Messages of a build to its caller, besides Snakemake's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from nsm_resilience.study.cells import Cell
from nsm_resilience.systems.known import FIRST, SYSTEMS

TO_OPEN = (
    ("report.pdf", "the paper"),
    ("report.html", "the same for the browser, with figures, tables and notebooks"),
    ("site/index.html", "every trial with its timeline and what decided it"),
)


def closing_words(results: Path) -> str:
    """The results to open first, and warnings of the paper, as far as they exist."""
    there = [(results / name, what) for name, what in TO_OPEN if (results / name).exists()]
    width = max((len(str(path)) for path, _ in there), default=0)
    lines = [f"  {path!s:{width}}  {what}" for path, what in there]
    if lines:
        lines.insert(0, "\nDone. To open:")
    for name in ("paper", "supplement"):
        try:
            log = (results / "logs" / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        _, found, warning = log.partition("Warning: ")
        if found:
            lines.append(f"\nWarning: {warning.strip()}")
    return "\n".join(lines)


def other_planes(cells: Iterable[Cell]) -> Iterator[str]:
    """One line if no cell is on the plane that the claims are about."""
    planes = sorted({cell.factors.plane for cell in cells})
    claimed = SYSTEMS[FIRST].claims_on
    if planes and claimed not in planes:
        yield (
            f"These trials are on the plane {', '.join(planes)}, and the paper's claims are about "
            f"{claimed}, as is what is built from the recorded campaigns. On {claimed}: "
            f"--config study=config/study-{claimed}.yaml campaigns=<another name>"
        )
