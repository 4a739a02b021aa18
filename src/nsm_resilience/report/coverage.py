# SPDX-License-Identifier: Apache-2.0
"""What the paper says of the coverage: who tests which scenario, and on which system."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.coverage import coverage
from nsm_resilience.analysis.coverage_facts import load_facts
from nsm_resilience.report.wording import typographic
from nsm_resilience.study.factors import level_name
from nsm_resilience.systems.known import SYSTEMS

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study


def covered(campaigns: Iterable[tuple[str, pd.DataFrame, Study]]) -> dict[str, Any]:
    """Return the suites that were read, the systems that were run, and one row per scenario.

    Args:
        campaigns: of each campaign its name, its rows of table `trials` and its study; trials of
            two campaigns are not added up.
    """
    facts = load_facts()
    given = list(campaigns)
    run = {system for _, _, study in given for system in study.planes}
    by_campaign = [(name, coverage(facts, trials, study)) for name, trials, study in given]
    return {
        "suites": [suite.model_dump() for suite in facts.suites],
        "systems": [
            {"name": name, "title": system.title} for name, system in SYSTEMS.items() if name in run
        ],
        "rows": [
            {
                "title": typographic(scenario.title),
                "parts": _each_once(n for _, lines in by_campaign for n in lines[at].parts),
                "note": typographic(scenario.note),
                "tests": {s.id: list(scenario.tests.get(s.id, ())) for s in facts.suites},
                "ours": [
                    {"campaign": name, **asdict(o), "plane": level_name("plane", o.plane)}
                    for name, lines in by_campaign
                    for o in lines[at].ours
                ],
                "absent": _each_once(n for _, lines in by_campaign for n in lines[at].absent),
            }
            for at, scenario in enumerate(facts.scenarios)
        ],
    }


def _each_once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
