# SPDX-License-Identifier: Apache-2.0
"""How much depends on the judge's thresholds, for the paper (issue 14, section 3)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from nsm_resilience.tables.attempts import JUDGED
from nsm_resilience.tables.language import counted

if TYPE_CHECKING:
    import pandas as pd


RULES = {
    "judge.loss_run": "echoes lost in a row that make an interruption",
    "judge.loss_share": "share of echoes that may be lost outside interruptions",
    "judge.late_reply_s": "seconds after which a reply is late",
    "judge.late_reply_share": "share of the last replies that may be late",
    "windows.settle_s": "seconds that a path must answer to be back",
}
"""The rules of the grid in words."""


def sensitivity(table: pd.DataFrame) -> dict[str, Any]:
    """Return table `sensitivity` of all campaigns as plain data.

    `points` counts the rows of the table. `rules` has, for each rule and value, the number of
    attempts of all campaigns with another verdict or path verdict, and of those that turn from
    supported to unsupported or back; `turned` is a sentence on the latter. `rows` has the points
    with any change.
    """
    rules = [_of_rule(str(rule), own) for rule, own in table.groupby("rule", sort=False)]
    changed = table[(table["verdicts_changed"] > 0) | (table["paths_changed"] > 0)]
    return {
        "points": len(table),
        "rules": rules,
        "turned": turned(rules),
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
        "words": RULES.get(rule, rule),
        "own": [f"{value:g}" for value in sorted(set(points["own_value"]))],
        "values": [
            {
                "value": f"{value:g}",
                "n": int(own["n"].sum()),
                "verdicts": int(own["verdicts_changed"].sum()),
                "paths": int(own["paths_changed"].sum()),
                "turned": sum(_turned(changes) for changes in own["verdicts"]),
            }
            for value, own in points.groupby("value")
        ],
    }


def turned(rules: list[dict[str, Any]]) -> str:
    """Say how many verdicts turn at the value where most do; empty without a grid."""
    values = [(value["turned"], rule["words"], value["value"]) for rule in rules
              for value in rule["values"]]  # fmt: skip
    if not values:
        return ""
    most, words, value = max(values, key=lambda one: one[0])
    if not most:
        return "At none of these values does a verdict turn from supported to unsupported or back."
    return (
        f"At most {counted(most, 'verdict')} would turn from supported to unsupported or back "
        f"({words}: {value})."
    )


def _turned(changes: object) -> int:
    """How many of these changes are between supported and unsupported.

    >>> _turned("S2/01 (1): supported to unsupported; S2/02 (1): supported to unknown")
    1
    """
    found = [change.partition(": ")[2].split(" to ") for change in _changes(changes)]
    return sum(set(words) == set(JUDGED) for words in found)


def _changes(text: object) -> list[str]:
    return text.split("; ") if isinstance(text, str) and text else []


def _by_cell(changes: object) -> list[str]:
    """Write changes of attempts, `<trial> (<attempt>): <word> to <word>`, summed up over cells.

    >>> _by_cell("S2-vpp-kill/01 (1): dead to late; S2-vpp-kill/02 (1): dead to late")
    ['S2-vpp-kill: 2 dead to late']
    """
    counts: Counter[tuple[str, str]] = Counter()
    for one in _changes(changes):
        trial, _, change = one.partition(": ")
        counts[(trial.partition("/")[0], change)] += 1
    return [f"{cell}: {n} {change}" for (cell, change), n in counts.items()]
