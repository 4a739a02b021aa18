# SPDX-License-Identifier: Apache-2.0
"""Does monitoring help, and what does it cost? Cells without and with a remedy, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.analysis.figures.cells import level_name
from nsm_resilience.report.rows import all_rows
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.language import counted, each, listed

Row = dict[str, Any]

GROUPS = {True: "of the nine", False: "beyond the nine"}


def compared(campaigns: Sequence[Mapping[str, Any]]) -> list[Row]:
    """One row for each campaign, remedy, and group of scenarios: cells in pairs, all else equal.

    A pair is a cell without a remedy and the one that differs in the remedy alone, both with judged
    trials. Controls are left out.

    Returns:
        campaign, remedy in words, group, number of pairs, least and most trials of a cell; of the
        pairs how many were supported in all trials without and with it, in how many the share rose
        or fell, and `longer`: the pairs whose median outage was longer with it, with both medians.
    """
    found = []
    for campaign in campaigns:
        cells = _cells(campaign)
        remedies = dict.fromkeys(r["remedy"] for r in cells.values() if r["remedy"] != "none")
        for remedy in remedies:
            for claimed, group in GROUPS.items():
                pairs = [
                    (cells[_key(row, "none")], row)
                    for row in cells.values()
                    if row["remedy"] == remedy
                    and bool(row["claimed"]) == claimed
                    and _key(row, "none") in cells
                ]
                if pairs:
                    found.append(_sums(campaign["campaign"]["name"], remedy, group, pairs))
    return found


def _cells(campaign: Mapping[str, Any]) -> dict[tuple[str, ...], Row]:
    return {_key(row): row for row in all_rows(campaign) if row["n"] and not row["control"]}


def _key(row: Mapping[str, Any], remedy: str | None = None) -> tuple[str, ...]:
    return tuple(
        remedy if name == "remedy" and remedy is not None else str(row[name]) for name in CELL
    )


def _sums(campaign: str, remedy: str, group: str, pairs: Sequence[tuple[Row, Row]]) -> Row:
    sizes = [row["n"] for pair in pairs for row in pair]
    shares = [(bare["k"] / bare["n"], row["k"] / row["n"]) for bare, row in pairs]
    return {
        "campaign": campaign,
        "remedy": level_name("remedy", remedy),
        "group": group,
        "pairs": len(pairs),
        "least": min(sizes),
        "most": max(sizes),
        "before": sum(bare == 1 for bare, _ in shares),
        "after": sum(row == 1 for _, row in shares),
        "rose": sum(row > bare for bare, row in shares),
        "fell": sum(row < bare for bare, row in shares),
        "longer": [
            {"cell": bare["cell"], "before": bare["median"], "after": row["median"]}
            for bare, row in pairs
            if _longer(bare, row)
        ],
    }


def _longer(bare: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    before, after = bare["median_s"], row["median_s"]
    if before is None:  # longer than the watch: nothing that was seen is longer
        return False
    return after is None or after > before


def helped(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say of each group what the remedy changed; scenarios beyond the nine first.

    The nine were known while its rules were made; the others were not.
    """
    ordered = sorted(rows, key=lambda row: row["group"] != GROUPS[False])
    return [
        f"{row['remedy'][:1].upper()}{row['remedy'][1:]}, {counted(row['pairs'], 'cell')} "
        f"{row['group']} ({row['campaign']}, {each([row['least'], row['most']])}): supported in "
        f"all trials {row['before']} without it and {row['after']} with it; the share rose in "
        f"{row['rose']} and fell in {row['fell']}; the median outage was longer in "
        f"{len(row['longer'])}{_worst(row['longer'])}."
        for row in ordered
    ]


def _worst(longer: Sequence[Mapping[str, Any]], most: int = 3) -> str:
    if not longer:
        return ""
    named = [f"{one['cell']} {one['before']} to {one['after']} s" for one in longer[:most]]
    more = [f"{len(longer) - most} more"] if len(longer) > most else []
    return f" ({listed([*named, *more])})"
