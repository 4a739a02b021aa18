# SPDX-License-Identifier: Apache-2.0
"""What the paper says of the coverage: who tests which scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.coverage import Line, coverage, load_facts
from nsm_resilience.analysis.figures.cells import level_name
from nsm_resilience.report.wording import typographic

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study


def covered(trials: pd.DataFrame, study: Study) -> dict[str, Any]:
    """Return the suites that were read, and one row per scenario with tests and our trials."""
    facts = load_facts()
    return {
        "suites": [suite.model_dump() for suite in facts.suites],
        "rows": [
            {
                "title": typographic(line.title),
                "note": typographic(line.note),
                "tests": {suite: list(names) for suite, names in line.tests.items()},
                "ours": ours_rows(line),
            }
            for line in coverage(facts, trials, study)
        ],
    }


def ours_rows(line: Line) -> list[dict[str, Any]]:
    """Return our trials of one line of the coverage, a row for each forwarding plane."""
    return [
        {
            "plane": level_name("plane", ours.plane),
            "k": ours.k,
            "n": ours.n,
            "not_reached": ours.not_reached,
        }
        for ours in line.ours
    ]
