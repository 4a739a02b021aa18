# SPDX-License-Identifier: Apache-2.0
"""What hangs on the judge's thresholds, as the paper says it (issue 14, section 3)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def sensitivity(table: pd.DataFrame) -> dict[str, Any]:
    """Return table `sensitivity` of all campaigns as plain data.

    `grid` names the values that each rule was given, `points` counts the rows of the table, `rules`
    has for each rule and value how many attempts of all campaigns would have another verdict or
    another word for the path, `rows` has the points at which any would.
    """
    changed = table[(table["verdicts_changed"] > 0) | (table["paths_changed"] > 0)]
    return {
        "grid": [
            {"rule": rule, "values": [f"{value:g}" for value in sorted(set(own["value"]))]}
            for rule, own in table.groupby("rule", sort=False)
        ],
        "points": len(table),
        "rules": [_of_rule(str(rule), own) for rule, own in table.groupby("rule", sort=False)],
        "rows": [
            {
                "campaign": row["campaign"],
                "rule": row["rule"],
                "value": f"{row['value']:g}",
                "own_value": f"{row['own_value']:g}",
                "n": int(row["n"]),
                "verdicts": _by_cell(row["verdicts"]),
                "paths": _by_cell(row["paths"]),
            }
            for row in changed.to_dict("records")
        ],
    }


def _of_rule(rule: str, points: pd.DataFrame) -> dict[str, Any]:
    return {
        "rule": rule,
        "own": [f"{value:g}" for value in sorted(set(points["own_value"]))],
        "values": [
            {
                "value": f"{value:g}",
                "n": int(own["n"].sum()),
                "verdicts": int(own["verdicts_changed"].sum()),
                "paths": int(own["paths_changed"].sum()),
            }
            for value, own in points.groupby("value")
        ],
    }


def _by_cell(changes: object) -> list[str]:
    """Write changes of attempts, `<trial> (<attempt>): <word> to <word>`, summed up over cells.

    >>> _by_cell("S2-vpp-kill/01 (1): dead to late; S2-vpp-kill/02 (1): dead to late")
    ['S2-vpp-kill: 2 dead to late']
    """
    if not isinstance(changes, str):
        return []
    counts: Counter[tuple[str, str]] = Counter()
    for one in changes.split("; "):
        trial, _, change = one.partition(": ")
        counts[(trial.partition("/")[0], change)] += 1
    return [f"{cell}: {n} {change}" for (cell, change), n in counts.items()]
