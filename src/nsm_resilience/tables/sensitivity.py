# SPDX-License-Identifier: Apache-2.0
"""How much depends on the judge's thresholds: which verdicts another value of a rule changes.

One rule at a time takes the values of a grid (`judge/altered.py`). The judge lists, for each
attempt, the values that change its judgement; this module sums them up.
"""

from __future__ import annotations

from collections.abc import Sequence

from nsm_resilience.judge.altered import GRID, Alteration, value_of
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.rules import Rules
from nsm_resilience.tables.columns import Row


def sensitivity_rows(campaign: str, rules: Rules, judgements: Sequence[Judgement]) -> list[Row]:
    """One row for each point of the grid; complete attempts are counted."""
    complete = [one for one in judgements if one.outcome == "complete"]
    return [_row(campaign, point, rules, complete) for point in GRID]


def _row(campaign: str, point: Alteration, rules: Rules, complete: Sequence[Judgement]) -> Row:
    own = value_of(rules, point.key)
    at = {
        f"{one.trial} ({one.attempt})": (one, under)
        for one in complete
        for under in one.under
        if under.rule == str(point)
    }
    verdicts = [
        f"{name}: {one.verdict} to {under.verdict}"
        for name, (one, under) in at.items()
        if under.verdict != one.verdict
    ]
    paths = [
        f"{name}: {one.measures.path_verdict} to {under.path_verdict}"
        for name, (one, under) in at.items()
        if under.path_verdict != one.measures.path_verdict
    ]
    return {
        "campaign": campaign,
        "rule": point.key,
        "value": float(point.value),
        "own_value": float(own),
        "n": len(complete),
        "verdicts_changed": len(verdicts),
        "paths_changed": len(paths),
        "verdicts": "; ".join(verdicts) or None,
        "paths": "; ".join(paths) or None,
    }
