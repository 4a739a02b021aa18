# SPDX-License-Identifier: Apache-2.0
"""The nine beside each other: the paper's claim, and each system and plane that was tested.

A column is a forwarding plane of a system, from the first campaign of the build with judged trials
of the nine there; campaigns are never pooled. A line is a scenario at its defaults, and the
scenario of claim C2 has one for a plain client as well. A scenario that breaks what a system does
not have says so; what is not run has no cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.study.cells import Factors, not_applicable
from nsm_resilience.study.models import Scenario, Study
from nsm_resilience.systems.known import FIRST, SYSTEMS

Row = dict[str, Any]


def headline(made: Sequence[Mapping[str, Any]], studies: Sequence[Study]) -> dict[str, Any]:
    """Return the columns and the lines of the table.

    Args:
        made: the numbers of each campaign (`report.numbers.make_numbers`), in the build's order.
        studies: the study of each, in the same order.

    Returns:
        `columns`: campaign, system, plane, name in words, the word for each claim (`claims`), and
        what became of them (`answers`) on a system that the paper is not about. `rows`: scenario,
        title, where, source, claimed, client, and one cell for each column or None: k of n,
        verdict, outage and blind time in words, or why the scenario does not apply.
    """
    columns = _columns(made)
    declared = {s.id: s for study in reversed(studies) for s in study.scenarios if "C0" in s.claims}
    rows = []
    for scenario_id in sorted(declared):
        scenario = declared[scenario_id]
        clients = ("monitored", "plain") if "C2" in scenario.claims else ("monitored",)
        for client in clients:
            cells = [_cell(column, scenario, client) for column in columns]
            if client != "monitored" and not any(cells):
                continue
            for at, column in enumerate(columns):
                cells[at] = cells[at] or _absence(column, scenario.faults)
            rows.append({**_of(columns, scenario_id, scenario), "client": client, "cells": cells})
    return {"columns": [_shown(column) for column in columns], "rows": rows}


def _columns(made: Sequence[Mapping[str, Any]]) -> list[Row]:
    found: dict[tuple[str, str], Row] = {}
    for numbers in made:
        for plane in numbers["planes"]:
            for system in SYSTEMS:
                own = [row for row in plane["rows"] if row["system"] == system and row["n"]]
                if any(row["default"] for row in own):
                    column = {
                        "campaign": numbers["campaign"]["name"],
                        "system": system,
                        "plane": plane["id"],
                        "name": f"{SYSTEMS[system].title}, {plane['name']}",
                        "claims": plane["claims"],
                        "rows": own,
                    }
                    found.setdefault((system, plane["id"]), column)
    order = list(SYSTEMS)
    return sorted(found.values(), key=lambda column: order.index(column["system"]))


def _shown(column: Mapping[str, Any]) -> Row:
    """A column without its rows; `answers` only of a system that the paper is not about."""
    words = {"reproduced": "still", "differs": "changed", "not tested": "not answered"}
    answers = [
        {"claim": claim["claim"], "word": words[claim["agreement"]], "why": claim["why"]}
        for claim in column["claims"]
        if claim["claim"] != "C0" and column["system"] != FIRST
    ]
    shown = {key: column[key] for key in ("campaign", "system", "plane", "name")}
    claims = {claim["claim"]: claim["agreement"] for claim in column["claims"]}
    return {**shown, "answers": answers, "claims": claims}


def _cell(column: Mapping[str, Any], scenario: Scenario, client: str) -> Row | None:
    wanted = (scenario.id, client, scenario.default_failure)
    for row in column["rows"]:
        if (row["scenario"], row["client"], row["failure"]) == wanted:
            return {
                "n": row["n"],
                "k": row["k"],
                "page": row["page"],
                "kn": row["kn"],
                "verdict": row["verdict"],
                "outage": row["median"],
                "blind": row["blind"],
                "new": f"{row['new_answered']}/{row['new_asked']}",
                "absent": "",
            }
    return None


def _absence(column: Mapping[str, Any], faults: Sequence[Any]) -> Row | None:
    factors = Factors(system=column["system"], plane=column["plane"])
    why = [not_applicable(fault, factors) for fault in faults]
    if len(why) == 1 and why[0]:
        return {"n": 0, "k": 0, "page": "", "kn": "", "verdict": "not applicable", "outage": "",
                "blind": "", "new": "", "absent": why[0]}  # fmt: skip
    return None


def _of(columns: Sequence[Mapping[str, Any]], scenario_id: str, scenario: Scenario) -> Row:
    """What a line says of its scenario, in the words of the first column that has it."""
    for column in columns:
        for row in column["rows"]:
            if row["scenario"] == scenario_id:
                return {
                    key: row[key] for key in ("scenario", "title", "where", "source", "claimed")
                }
    return {
        "scenario": scenario_id,
        "title": scenario.title,
        "where": scenario.where,
        "source": scenario.source,
        "claimed": scenario.claimed or "",
    }
