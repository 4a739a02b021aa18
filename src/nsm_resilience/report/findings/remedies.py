# SPDX-License-Identifier: Apache-2.0
"""Does monitoring help, and what does it cost? Cells without and with a remedy, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.report.cell_rows import all_rows, levels_of
from nsm_resilience.study.factors import level_name
from nsm_resilience.tables.language import counted, each

Row = dict[str, Any]

GROUPS = {False: "of the nine", True: "beyond the nine"}
"""Whether a scenario is ours, and not of the paper."""

DEVELOPED_ON = "kernel"
"""The plane on which the remedy's rules were made, with the nine known (config/README.md)."""


def compared(campaigns: Sequence[Mapping[str, Any]]) -> list[Row]:
    """One row for each campaign, remedy, plane, and group of scenarios: cells in pairs.

    A pair is a cell without a remedy and the one that differs in the remedy alone, both with judged
    trials. Controls are left out. Rows that the rules were not made for come first, the nine first
    among them.

    Returns:
        campaign, remedy and plane in words, group, whether the rules were made without these cells
        (`untried`), number of pairs and of their scenarios, least and most trials of a cell and the
        sum of all; the number of pairs supported in all trials without and with the remedy, and of
        those whose share rose or fell; `longer`: the pairs with a longer median outage with it,
        with both medians, the largest growth first.
    """
    found = []
    for campaign in campaigns:
        cells = {
            levels_of(row): row for row in all_rows(campaign) if row["n"] and not row["control"]
        }
        groups: dict[tuple[str, str, bool], list[tuple[Row, Row]]] = {}
        for row in cells.values():
            bare = cells.get(levels_of(row, remedy="none"))
            if row["remedy"] != "none" and bare is not None:
                group = (row["remedy"], row["plane"], row["source"] == "ours")
                groups.setdefault(group, []).append((bare, row))
        name = campaign["campaign"]["name"]
        found += [_sums(name, *group, groups[group]) for group in sorted(groups)]
    return sorted(found, key=lambda row: (not row["untried"], row["group"] != GROUPS[False]))


def _sums(
    campaign: str, remedy: str, plane: str, beyond: bool, pairs: Sequence[tuple[Row, Row]]
) -> Row:
    sizes = [row["n"] for pair in pairs for row in pair]
    shares = [(bare["k"] / bare["n"], row["k"] / row["n"]) for bare, row in pairs]
    return {
        "campaign": campaign,
        "remedy": level_name("remedy", remedy),
        "plane": level_name("plane", plane),
        "group": GROUPS[beyond],
        "untried": beyond or plane != DEVELOPED_ON,
        "pairs": len(pairs),
        "scenarios": len({row["scenario"] for _, row in pairs}),
        "trials": sum(sizes),
        "least": min(sizes),
        "most": max(sizes),
        "before": sum(bare == 1 for bare, _ in shares),
        "after": sum(row == 1 for _, row in shares),
        "rose": sum(row > bare for bare, row in shares),
        "fell": sum(row < bare for bare, row in shares),
        "longer": [
            {"cell": bare["cell"], "before": bare["median"], "after": row["median"]}
            for bare, row in sorted(pairs, key=_growth, reverse=True)
            if _growth((bare, row)) > 0
        ],
    }


def _growth(pair: tuple[Row, Row]) -> float:
    """Growth of the median outage with the remedy; seconds, infinite beyond the watch.

    0 if either has no median, or that without the remedy is longer than the watch.
    """
    bare, row = pair
    if not (bare["median"] and row["median"]) or bare["median_s"] is None:
        return 0.0
    after = math.inf if row["median_s"] is None else float(row["median_s"])
    return after - float(bare["median_s"])


def untried(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say in one sentence what the remedy changed in cells that its rules were not made for.

    Empty if no such cell with a fault has judged trials without and with a remedy, all else equal.
    """
    parts = [
        f"of {_how_many(row)} on the {row['plane']} plane, "
        f"{each([row['least'], row['most']])}, supported in all trials {row['before']} without it "
        f"and {row['after']} where our {row['remedy']}, with a longer median outage in "
        f"{len(row['longer'])}{_worst(row['longer'])}"
        for row in rows
        if row["untried"]
    ]
    words = "Monitoring as a remedy, beyond what its rules were made for"
    return f"{words}: {'; '.join(parts)}." if parts else ""


def _how_many(row: Mapping[str, Any]) -> str:
    """How many scenarios of which group; and how many cells, if a scenario has several."""
    scenarios = f"{counted(row['scenarios'], 'scenario')} {row['group']}"
    if row["pairs"] == row["scenarios"]:
        return scenarios
    return f"{counted(row['pairs'], 'cell')} of {scenarios}"


def _worst(longer: Sequence[Mapping[str, Any]]) -> str:
    if not longer:
        return ""
    return f" (at worst {longer[0]['after']} s instead of {longer[0]['before']} s)"
