# SPDX-License-Identifier: Apache-2.0
"""Does monitoring help, and what does it cost? Cells without and with a remedy, side by side."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.report.findings.naming import named
from nsm_resilience.report.rows import all_rows
from nsm_resilience.study.factors import level_name
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.language import counted, each, listed

Row = dict[str, Any]

GROUPS = {False: "of the nine", True: "beyond the nine"}
"""Whether the paper says nothing of a scenario."""

DEVELOPED_ON = "kernel"
"""The plane on which the nine were known while its rules were made (config/README.md)."""


def compared(campaigns: Sequence[Mapping[str, Any]]) -> list[Row]:
    """One row for each campaign, remedy, plane, and group of scenarios: cells in pairs.

    A pair is a cell without a remedy and the one that differs in the remedy alone, both with judged
    trials. Controls are left out.

    Returns:
        campaign, remedy and plane in words, group, whether the rules were made without these in
        view (`untried`), number of pairs and of their scenarios, least and most trials of a cell
        and the sum of all; of the pairs how many were supported in all trials without and with it,
        in how many the share rose or fell, and `longer`: the pairs whose median outage was longer
        with it, with both medians, those that grew most first.
    """
    found = []
    for campaign in campaigns:
        cells = _cells(campaign)
        groups: dict[tuple[str, str, bool], list[tuple[Row, Row]]] = {}
        for row in cells.values():
            bare = cells.get(_key(row, "none"))
            if row["remedy"] != "none" and bare is not None:
                group = (row["remedy"], row["plane"], not row["claimed"])
                groups.setdefault(group, []).append((bare, row))
        name = campaign["campaign"]["name"]
        found += [_sums(name, *group, groups[group]) for group in sorted(groups)]
    return found


def _cells(campaign: Mapping[str, Any]) -> dict[tuple[str, ...], Row]:
    return {_key(row): row for row in all_rows(campaign) if row["n"] and not row["control"]}


def _key(row: Mapping[str, Any], remedy: str | None = None) -> tuple[str, ...]:
    return tuple(
        remedy if name == "remedy" and remedy is not None else str(row[name]) for name in CELL
    )


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
            {"cell": named(bare), "before": bare["median"], "after": row["median"]}
            for bare, row in sorted(pairs, key=_growth, reverse=True)
            if _growth((bare, row)) > 0
        ],
    }


def _growth(pair: tuple[Row, Row]) -> float:
    """By how much the median outage is longer with the remedy; seconds, infinite beyond the watch.

    Without a median of either, and where one without the remedy is longer than the watch, nothing
    that was seen is longer.
    """
    bare, row = pair
    if not (bare["median"] and row["median"]) or bare["median_s"] is None:
        return 0.0
    after = math.inf if row["median_s"] is None else float(row["median_s"])
    return after - float(bare["median_s"])


def helped(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say of each group what the remedy changed; what its rules were made for comes last."""
    return [
        f"{_capital(row['remedy'])} on the {row['plane']} plane, {counted(row['pairs'], 'cell')} "
        f"{row['group']} ({row['campaign']}, {each([row['least'], row['most']])}): supported in "
        f"all trials {row['before']} without it and {row['after']} with it; the share rose in "
        f"{row['rose']} and fell in {row['fell']}; the median outage was longer in "
        f"{len(row['longer'])}{_worst(row['longer'])}."
        + ("" if row["untried"] else " These were known while its rules were made.")
        for row in _untried_first(rows)
    ]


def untried(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same in one sentence, for an abstract, of what the rules were not made for.

    None where nothing of that kind was run without and with a remedy.
    """
    own = [row for row in _untried_first(rows) if row["untried"]]
    alike = Counter(_which(row) for row in own)
    told = [
        f"({_which(row)}{_in_campaign(row) if alike[_which(row)] > 1 else ''}): of "
        f"{_how_many(row)}, {each([row['least'], row['most']])}, supported in all trials "
        f"{row['before']} without it and {row['after']} with it, with a longer median outage in "
        f"{len(row['longer'])}{_worst(row['longer'], most=1, by_name=False)}"
        for row in own
    ]
    words = "Monitoring as a remedy, beyond what its rules were made for"
    return [f"{words} {'; '.join(told)}."] if told else []


def _which(row: Mapping[str, Any]) -> str:
    return f"our {row['remedy']}, {row['plane']} plane"


def _in_campaign(row: Mapping[str, Any]) -> str:
    return f", {row['campaign']}"


def _how_many(row: Mapping[str, Any]) -> str:
    """How many scenarios, and of which group; of cells where a scenario has several."""
    scenarios = f"{counted(row['scenarios'], 'scenario')} {row['group']}"
    if row["pairs"] == row["scenarios"]:
        return scenarios
    return f"{counted(row['pairs'], 'cell')} of {scenarios}"


def _untried_first(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of what was untried the nine lead, because the paper speaks of them."""
    return sorted(rows, key=lambda row: (not row["untried"], row["group"] != GROUPS[False]))


def _worst(longer: Sequence[Mapping[str, Any]], most: int = 3, *, by_name: bool = True) -> str:
    if not longer:
        return ""
    shown = [
        f"{one['cell'] if by_name else 'at worst'} {one['after']} s instead of {one['before']} s"
        for one in longer[:most]
    ]
    more = [f"{len(longer) - most} more"] if by_name and len(longer) > most else []
    return f" ({listed([*shown, *more])})"


def cost(campaigns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say of each arm with a remedy what it did and harmed, in every attempt in which it ran."""
    return [
        f"{_capital(arm['remedy'])} ({campaign['campaign']['name']}, {arm['plane']}): "
        f"{counted(arm['acts'], 'act')} in {counted(arm['attempts'], 'attempt')}; a false alarm in "
        f"{arm['alarmed']} of them, in {_of_controls(arm)}; {_cut(arm)}."
        for campaign in campaigns
        for arm in campaign["watchdog"]["arms"]
    ]


def _of_controls(arm: Mapping[str, Any]) -> str:
    if not arm["controls"]:
        return "no control, for none was run"
    share = f"{arm['controls_alarmed']} of {counted(arm['controls'], 'control')}"
    return f"{share} (95 % interval {arm['controls_interval']})"


def _cut(arm: Mapping[str, Any]) -> str:
    if not arm["cut_known"]:
        return "whether a path that answered was cut is known of none"
    known = f"{arm['cut_known']} in which that is known"
    return f"a path that answered was cut in {arm['cut']} of the {known}"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
