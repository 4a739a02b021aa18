# SPDX-License-Identifier: Apache-2.0
"""The table of the nine scenarios: the paper's claim, and each system and plane that was tested.

A column is a forwarding plane of a system. Campaigns are never pooled: if several have judged
trials of the paper's scenarios at their defaults there, the column has only the trials of the
leading campaign, the first of them in the build's configuration (`campaigns`). `again` has the
others, so that other results are reported. A line is a scenario at its defaults; the scenario of
claim C2 has another line for each other client. A cell says if its system lacks what the scenario
breaks; a scenario that was not run has no cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.analysis.figures.cells import USUAL_LEVELS, natural
from nsm_resilience.report.cell_rows import all_rows
from nsm_resilience.report.wording import typographic
from nsm_resilience.study.cells import LEVELS, Factors, not_applicable
from nsm_resilience.study.models import Study
from nsm_resilience.systems.known import FIRST, SYSTEMS

Row = dict[str, Any]


def headline(made: Sequence[Mapping[str, Any]], studies: Sequence[Study]) -> dict[str, Any]:
    """Return the columns and the lines of the table.

    Args:
        made: the numbers of each campaign (`report.numbers.make_numbers`), in the build's order.
        studies: the study of each, in the same order.

    Returns:
        `columns`: campaign, system, plane, name in words, the word for each claim (`claims`), the
        numbers of trials of the cells that it rests on (`sizes`), and the answers to the claims
        (`answers`) for a system that the paper is not about. `rows`: scenario, title, where,
        source, whether nothing is broken (`control`), claimed, client, and one cell for each column
        or None: k of n, verdict, outage and blind time in words, or why the scenario does not
        apply. `again`: for each other campaign on one of these planes its name, the column's, the
        seconds of its watch if they are others (`watch_s`, text), and its results on the same
        lines: scenario, client, k of n, its verdict and the column's.
    """
    columns, others = _columns(made, studies)
    declared = {s.id: s for study in reversed(studies) for s in study.scenarios if "C0" in s.claims}
    rows = []
    for scenario_id in sorted(declared, key=natural):
        scenario = declared[scenario_id]
        clients = LEVELS["client"] if "C2" in scenario.claims else ("monitored",)
        for client in clients:
            cells = [_cell(column, scenario_id, client) for column in columns]
            if client != "monitored" and not any(cells):
                continue
            for at, column in enumerate(columns):
                cells[at] = cells[at] or _absence(column, scenario.faults)
            rows.append(
                {
                    "scenario": scenario.id,
                    "title": typographic(scenario.title),
                    "where": typographic(scenario.where),
                    "source": scenario.source,
                    "control": scenario.is_control,
                    "claimed": scenario.claimed or "",
                    "client": client,
                    "cells": cells,
                }
            )
    return {
        "columns": [_shown(column) for column in columns],
        "rows": rows,
        "again": [_again(other, columns, rows) for other in others],
    }


def _columns(
    made: Sequence[Mapping[str, Any]], studies: Sequence[Study]
) -> tuple[list[Row], list[Row]]:
    """The columns of the leading campaigns, and those of other campaigns on the same planes."""
    found: dict[tuple[str, str], Row] = {}
    others = []
    for numbers, study in zip(made, studies, strict=True):
        carrying = {scenario.id for scenario in study.scenarios if scenario.claims}
        for plane in numbers["planes"]:
            for system in SYSTEMS:
                own = [
                    row
                    for row in all_rows(numbers)
                    if (row["system"], row["plane"]) == (system, plane["id"]) and row["n"]
                ]
                if any(row["default"] and row["scenario"] in carrying for row in own):
                    column = {
                        "campaign": numbers["campaign"]["name"],
                        "system": system,
                        "plane": plane["id"],
                        "name": f"{SYSTEMS[system].title}, {plane['name']}",
                        "claims": _claims_of(plane["claims"], own),
                        "rows": own,
                        "failures": {
                            s.id: s.default_failure for s in study.scenarios if "C0" in s.claims
                        },
                        "watch_s": study.windows.watch_s,
                    }
                    if found.setdefault((system, plane["id"]), column) is not column:
                        others.append(column)
    order = list(SYSTEMS)
    return sorted(found.values(), key=lambda column: order.index(column["system"])), others


def _claims_of(
    claims: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The answers that these rows give to the claims.

    Table `claims` answers for a plane. If a campaign runs two systems on it, the trials of one
    decide, and the claims are not answered for the other.

    Args:
        rows: all judged cells of one system on the plane, also those beyond the nine: a claim may
            be about a scenario that claim C0 does not count.
    """
    own = {row["cell"] for row in rows}
    return [
        claim
        if not claim["cells"] or own & set(claim["cells"])
        else {**claim, "agreement": "not tested", "cells": [], "why": OF_THE_FIRST}
        for claim in claims
    ]


OF_THE_FIRST = (
    "The claims of a campaign are answered for its first system on a plane, which here is another."
)
"""The reason for a second system on a plane."""


def _again(
    other: Mapping[str, Any],
    columns: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
) -> Row:
    """The results of another campaign on the lines that have judged trials in a column."""
    place = (other["system"], other["plane"])
    at = [(column["system"], column["plane"]) for column in columns].index(place)
    lines = []
    for row in rows:
        lead = row["cells"][at]
        own = _cell(other, row["scenario"], row["client"])
        if lead and lead["n"] and own:
            about = {key: row[key] for key in ("scenario", "client")}
            lines.append({**about, "k": own["k"], "n": own["n"], "verdict": own["verdict"],
                          "lead": lead["verdict"]})  # fmt: skip
    apart = other["watch_s"] != columns[at]["watch_s"]
    return {"campaign": other["campaign"], "name": columns[at]["name"],
            "watch_s": f"{other['watch_s']:g}" if apart else "",
            "lead": columns[at]["campaign"], "lines": lines}  # fmt: skip


def _shown(column: Mapping[str, Any]) -> Row:
    """A column without its rows; `answers` only for a system that the paper is not about."""
    words = {"reproduced": "still", "differs": "changed", "not tested": "not answered"}
    answers = [
        {"claim": claim["claim"], "word": words[claim["agreement"]], "why": claim["why"]}
        for claim in column["claims"]
        if claim["claim"] != "C0" and column["system"] != FIRST
    ]
    shown = {key: column[key] for key in ("campaign", "system", "plane", "name")}
    claims = {claim["claim"]: claim["agreement"] for claim in column["claims"]}
    sizes = {
        claim["claim"]: [row["n"] for row in column["rows"] if row["cell"] in claim["cells"]]
        for claim in column["claims"]
    }
    return {**shown, "answers": answers, "claims": claims, "sizes": sizes}


def _cell(column: Mapping[str, Any], scenario: str, client: str) -> Row | None:
    """The cell of a scenario at its defaults in the column's study, with this client."""
    usual = {**USUAL_LEVELS, "client": client, "failure": column["failures"].get(scenario)}
    for row in column["rows"]:
        if row["scenario"] == scenario and all(row[name] == usual[name] for name in usual):
            return {
                "n": row["n"],
                "k": row["k"],
                "page": row["page"],
                "kn": row["kn"],
                "verdict": row["verdict"],
                "outage": row["median"],
                "blind": row["blind"],
                "absent": "",
            }
    return None


def _absence(column: Mapping[str, Any], faults: Sequence[Any]) -> Row | None:
    factors = Factors(system=column["system"], plane=column["plane"])
    why = [not_applicable(fault, factors) for fault in faults]
    if len(why) == 1 and why[0]:
        return {"n": 0, "k": 0, "page": "", "kn": "", "verdict": "not applicable", "outage": "",
                "blind": "", "absent": why[0]}  # fmt: skip
    return None
