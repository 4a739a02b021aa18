# SPDX-License-Identifier: Apache-2.0
"""Faults that are not noticed (claim C1), and clients that are told (claim C2), cell by cell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from nsm_resilience.report.cell_rows import all_rows
from nsm_resilience.report.findings.standings import place
from nsm_resilience.study.factors import level_name
from nsm_resilience.systems.known import FIRST, SYSTEMS
from nsm_resilience.tables.cell import ASKED_AT_ANY, is_asked_of_the_paper, usual_in_words
from nsm_resilience.tables.claims import C2_FAILURES
from nsm_resilience.tables.language import each, listed

Row = dict[str, Any]


def rows_of(
    campaigns: Sequence[Mapping[str, Any]], scenarios: Sequence[Collection[str]]
) -> list[Row]:
    """The cells of these scenarios with judged trials at the usual level of every other factor.

    Args:
        scenarios: their ids, by campaign: in another study an id may be another scenario.

    Returns:
        One row for each cell, grouped by system and plane: where, campaign, level of failure and
        client in words; counts of supported, shown, told and new clients, each as `k/n` of the
        trials in which it is known; medians in seconds as text.
    """
    rows = [
        _row(campaign["campaign"]["name"], row)
        for campaign, wanted in zip(campaigns, scenarios, strict=True)
        for row in all_rows(campaign)
        if row["scenario"] in wanted and row["n"] and is_asked_of_the_paper(row)
    ]
    places = list(dict.fromkeys(row["place"] for row in rows))
    return sorted(rows, key=lambda row: places.index(row["place"]))


def _row(campaign: str, row: Mapping[str, Any]) -> Row:
    system = SYSTEMS[row["system"]]
    shown_known = row["n"] - row["detected_unknown"]
    told_known = row["n"] - row["notified_unknown"]
    longer = "" if row["watch"] == "usual" else f", {level_name('watch', row['watch'])}"
    failure = level_name("failure", row["failure"])
    return {
        "campaign": campaign,
        "page": row["page"],
        "place": f"{system.title}, {system.planes[row['plane']].title}",
        "system": system.title,
        "failure": failure,
        "level": failure + longer,
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
        # as in `tables.claims`: these cells decide claim C2
        "decides": row["failure"] in C2_FAILURES and row["watch"] == "usual",
    }


DAMAGE = {
    "replace": "replaced by a file",
    "orphan": "left without a listener",
    "unlink": "removed",
    "mode": "closed by their mode",
}
"""Kinds of damage, for readers who do not know the names of levels."""


WITH_MONITOR = {
    "monitored": "with NSM\u2019s own monitor",
    "plain": "without NSM\u2019s own monitor",
}
"""Clients, for readers who do not know the names of levels."""


def hidden(row: Mapping[str, Any]) -> bool | None:
    """Whether claim C1 is true of a cell: no trial was supported, and nothing was shown in any.

    None if no trial refutes it, but in some it is not known whether anything was shown.
    """
    if row["k"] or row["shown"]:
        return False
    return True if row["shown_known"] == row["n"] else None


def by_damage(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say for each system which kinds of damage make claim C1 true in all, some or no cells."""
    sentences = []
    for system in dict.fromkeys(row["system"] for row in rows):
        own = [row for row in rows if row["system"] == system]
        kinds: dict[str, list[str]] = {}
        for failure in dict.fromkeys(row["failure"] for row in own):
            share = _share_of([hidden(row) for row in own if row["failure"] == failure])
            kinds.setdefault(share, []).append(DAMAGE.get(failure, f"damaged by {failure}"))
        told = [f"{share} sockets {listed(kinds[share], last='or')}" for share in SHARES
                if share in kinds]  # fmt: skip
        sizes = each([row["n"] for row in own])
        sentences.append(
            f"Damage by damage on {system}, the claim is {'; '.join(told)} ({ASKED}, {sizes})."
        )
    return sentences


ASKED = usual_in_words(*ASKED_AT_ANY)
"""The scope of tables and sentence in words: the cells that `rows_of` keeps."""

SHARES = (
    "true in all cells with",
    "true in some cells and not in others with",
    "true in no cell with",
    "not known in some cells with",
)
"""How many cells of a kind of damage make claim C1 true; not known if one cell is not known."""


def _share_of(answers: Sequence[bool | None]) -> str:
    every, some, none, unclear = SHARES
    if None in answers:
        return unclear
    return every if all(answers) else some if any(answers) else none


def told_by_client(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Say for each kind of client in how many trials it was told.

    Only for the campaigns that lead the headline, and the cells that decide claim C2; the paper's
    table has the others.
    """
    clients: dict[str, list[str]] = {}
    for (client, where), (told, known) in told_sums(rows, columns).items():
        clients.setdefault(client, []).append(f"{told} of {known} on {place({'name': where})}")
    return [
        f"Trials in which a client {WITH_MONITOR.get(client, client)} was told: {listed(parts)}."
        for client, parts in clients.items()
    ]


def told_sums(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, str], tuple[int, int]]:
    """Trials told, and trials in which it is known, by client and column; none without any."""
    lead = {(column["name"], column["campaign"]) for column in columns}
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for row in rows:
        if (row["place"], row["campaign"]) in lead and row["told_known"] and row["decides"]:
            key = row["client"], row["place"]
            told, known = sums.get(key, (0, 0))
            sums[key] = told + row["told"], known + row["told_known"]
    return sums


def inferred(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say how NSM of 2019 tells its client, if a client was told so; else empty.

    Source: code of its sidecar (`Sidecar.sayings` in its folder); issue 18, point 2.
    """
    first, sidecar = SYSTEMS[FIRST].title, SYSTEMS[FIRST].sidecar
    own = [row for row in rows if row["system"] == first and row["told"]]
    # the judge's text of a sidecar's message begins with its container's name
    if sidecar is None or not any(row["told_by"].startswith(sidecar.container) for row in own):
        return ""
    return f"{first} sends no message of it: its monitor infers it from a stream that closed."
