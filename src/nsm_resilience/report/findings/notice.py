# SPDX-License-Identifier: Apache-2.0
"""What is not noticed (claim C1), and who is told (claim C2): each cell that asks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nsm_resilience.analysis.figures.cells import level_name
from nsm_resilience.report.rows import all_rows
from nsm_resilience.systems.known import system_named
from nsm_resilience.tables.language import listed

Row = dict[str, Any]


def rows_of(campaigns: Sequence[Mapping[str, Any]], scenarios: Iterable[str]) -> list[Row]:
    """The cells of these scenarios that have judged trials, without a remedy, of all campaigns.

    Args:
        campaigns: the numbers of each campaign (`report.numbers.make_numbers`).
        scenarios: ids of the scenarios.

    Returns:
        One row for each cell: where, campaign, level of failure and client in words, and counts:
        supported, shown, told, new clients, each `k/n` of the trials in which it is known, medians
        in seconds as text.
    """
    wanted = set(scenarios)
    return [
        _row(campaign["campaign"]["name"], row)
        for campaign in campaigns
        for row in all_rows(campaign)
        if row["scenario"] in wanted
        and row["n"]
        and (row["remedy"], row["outage"]) == ("none", "first")
    ]


def _row(campaign: str, row: Mapping[str, Any]) -> Row:
    system = system_named(row["system"])
    shown_known = row["n"] - row["detected_unknown"]
    told_known = row["n"] - row["notified_unknown"]
    longer = "" if row["watch"] == "usual" else f", {level_name('watch', row['watch'])}"
    return {
        "campaign": campaign,
        "page": row["page"],
        "place": f"{system.title}, {system.planes[row['plane']]}",
        "level": level_name("failure", row["failure"]) + longer,
        "client": level_name("client", row["client"]),
        "n": row["n"],
        "k": row["k"],
        "kn": row["kn"],
        "outage": row["median"],
        "new": f"{row['new_answered']}/{row['new_asked']}",
        "blind": row["blind"],
        "shown": row["detected"],
        "shown_known": shown_known,
        "shown_kn": f"{row['detected']}/{shown_known}",
        "shown_s": row["detected_median"],
        "shown_by": row["detected_by"],
        "told": row["notified"],
        "told_known": told_known,
        "told_kn": f"{row['notified']}/{told_known}",
        "told_s": row["notified_median"],
        "told_by": row["notified_by"],
    }


def unnoticed(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say, level by level, whether the damage was noticed and whether NSM stayed operable.

    A cell is in the first sentence if no trial of it was supported and nothing was shown in any,
    and that is known of all; each cell is in one sentence.
    """
    hidden, shown, operable, unknown = [], [], [], []
    for row in rows:
        name = f"{row['level']} on {row['place']}, {row['campaign']}"
        if row["shown"]:
            shown.append(f"{name} ({row['shown_kn']})")
        elif row["shown_known"] < row["n"]:
            unknown.append(f"{name} ({row['shown_known']} of {row['n']} known)")
        elif row["k"]:
            operable.append(f"{name} ({row['kn']} supported)")
        else:
            hidden.append(f"{name} (0/{row['n']})")
    return [
        f"{words}: {listed(names)}."
        for words, names in (
            ("Nothing was shown and no trial was supported after", hidden),
            ("Something was shown, in so many trials, after", shown),
            ("Nothing was shown, but trials were supported, after", operable),
            ("Nothing was shown, as far as is known, after", unknown),
        )
        if names
    ]


def told_by_client(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say, client by client, in how many trials it was told, by what it has itself."""
    clients: dict[str, list[str]] = {}
    sums: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        key = (row["client"], row["place"], row["campaign"])
        own = sums.setdefault(key, [0, 0])
        own[0] += row["told"]
        own[1] += row["told_known"]
    for (client, place, campaign), (told, known) in sums.items():
        clients.setdefault(client, []).append(f"{told} of {known} on {place} ({campaign})")
    return [f"A {client} client was told in {listed(parts)}." for client, parts in clients.items()]
