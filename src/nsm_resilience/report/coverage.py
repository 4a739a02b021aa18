# SPDX-License-Identifier: Apache-2.0
"""The coverage for the paper: who tests which scenario, and on which system."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.coverage import coverage
from nsm_resilience.analysis.coverage_facts import COUNTED, load_facts
from nsm_resilience.report.wording import typographic
from nsm_resilience.study.factors import level_name
from nsm_resilience.systems.known import SYSTEMS

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study


def covered(campaigns: Iterable[tuple[str, pd.DataFrame, Study]]) -> dict[str, Any]:
    """Return the suites of others, the systems that were run, and one row per scenario.

    Args:
        campaigns: name, rows of table `trials` and study of each campaign; trials of two campaigns
            are not added up. `counted` says which of them count.
    """
    facts = load_facts()
    given = list(campaigns)
    run = {system for _, _, study in given for system in study.planes}
    by_campaign = [(name, coverage(facts, trials, study)) for name, trials, study in given]
    return {
        "counted": COUNTED,
        "suites": [suite.model_dump() for suite in facts.suites],
        "systems": [
            {"name": name, "title": system.title} for name, system in SYSTEMS.items() if name in run
        ],
        "rows": [
            {
                "title": typographic(scenario.title),
                "parts": list(dict.fromkeys(n for _, ls in by_campaign for n in ls[at].parts)),
                "note": typographic(scenario.note),
                "tests": {s.id: list(scenario.tests.get(s.id, ())) for s in facts.suites},
                "ours": [
                    {"campaign": name, **asdict(o), "plane": level_name("plane", o.plane)}
                    for name, lines in by_campaign
                    for o in lines[at].ours
                ],
                "absent": list(dict.fromkeys(n for _, ls in by_campaign for n in ls[at].absent)),
            }
            for at, scenario in enumerate(facts.scenarios)
        ],
    }
