# SPDX-License-Identifier: Apache-2.0
"""What the paper says of the coverage: who tests which scenario."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.coverage import Line, coverage, load_facts
from nsm_resilience.analysis.figures.cells import level_name
from nsm_resilience.report.wording import typographic

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study


def covered(campaigns: Iterable[tuple[str, pd.DataFrame, Study]]) -> dict[str, Any]:
    """Return the suites that were read, and one row per scenario with tests and our trials.

    Args:
        campaigns: of each campaign its name, its rows of table `trials` and its study; trials of
            two campaigns are not added up.
    """
    facts = load_facts()
    by_campaign = [(name, coverage(facts, trials, study)) for name, trials, study in campaigns]
    return {
        "suites": [suite.model_dump() for suite in facts.suites],
        "rows": [
            {
                "title": typographic(scenario.title),
                "note": typographic(scenario.note),
                "tests": {s.id: list(scenario.tests.get(s.id, ())) for s in facts.suites},
                "ours": [row for name, lines in by_campaign for row in ours_rows(name, lines[at])],
            }
            for at, scenario in enumerate(facts.scenarios)
        ],
    }


def ours_rows(campaign: str, line: Line) -> list[dict[str, Any]]:
    """Return a campaign's trials of one line of the coverage, a row for each forwarding plane."""
    return [
        {
            "campaign": campaign,
            "plane": level_name("plane", ours.plane),
            "k": ours.k,
            "n": ours.n,
            "not_reached": ours.not_reached,
        }
        for ours in line.ours
    ]
