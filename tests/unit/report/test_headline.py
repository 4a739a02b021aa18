# SPDX-License-Identifier: Apache-2.0
"""The nine of several campaigns stand beside each other, one column for each system and plane."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nsm_resilience.report.headline import OF_THE_FIRST, headline
from nsm_resilience.study.load import load_study
from nsm_resilience.tables.cell import DEFAULTS

CONFIG = Path(__file__).parents[3] / "config"
STUDIES = [load_study(CONFIG / "study-vpp.yaml"), load_study(CONFIG / "study-today.yaml")]


def row(scenario: str, system: str, **other: Any) -> dict[str, Any]:
    return {
        **DEFAULTS, "scenario": scenario, "system": system, "plane": "vpp", "n": 4,
        "default": True, "k": 3, "page": f"{scenario}.html", "kn": "3/4",
        "verdict": "flaky", "median": "7.5", "blind": "",
        "new_answered": 3, "new_asked": 4, "title": scenario, "where": "somewhere",
        "source": "stated", "claimed": "supported", "cell": f"{scenario}-{system}", **other,
    }  # fmt: skip


def numbers(name: str, rows: list[dict[str, Any]], agreement: str = "differs") -> dict[str, Any]:
    claims = [
        {"claim": claim, "agreement": agreement, "why": "…", "cells": [rows[0]["cell"]]}
        for claim in ("C0", "C1", "C2")
    ]
    plane = {"id": "vpp", "name": "VPP", "rows": rows, "claims": claims}
    return {"campaign": {"name": name}, "planes": [plane], "further": []}


OLD, NEW = "nsm-v0.2.0", "nsm-v1.18.0"


def made(*of_today: dict[str, Any]) -> dict[str, Any]:
    first = numbers("then", [row("S2", OLD), row("S7", OLD), row("S9", OLD)])
    return headline([first, numbers("today", list(of_today))], STUDIES)


def test_each_system_and_plane_is_a_column_of_one_campaign() -> None:
    again = numbers("again", [row("S2", OLD, kn="1/9")])
    found = headline([numbers("then", [row("S2", OLD)]), again], [STUDIES[0], STUDIES[0]])
    assert [column["campaign"] for column in found["columns"]] == ["then"]
    (line,) = [line for line in found["rows"] if line["scenario"] == "S2"]
    assert [cell["kn"] for cell in line["cells"]] == ["3/4"]


def test_the_campaign_that_the_build_names_first_leads_and_the_others_are_said_to_differ() -> None:
    first = numbers("then", [row("S2", OLD), row("S9", OLD, n=0)])
    more = numbers("again", [row("S2", OLD, k=4, verdict="supported"), row("S9", OLD)])
    for made, lead in (([first, more], "then"), ([more, first], "again")):
        found = headline(made, [STUDIES[0], STUDIES[0]])
        assert [column["campaign"] for column in found["columns"]] == [lead]
        (other,) = found["again"]
        assert (other["lead"], other["name"]) == (lead, "NSM v0.2.0 (2019), VPP")
        # what only one of them judged is not compared
        assert [line["scenario"] for line in other["lines"]] == ["S2"]
    (line,) = other["lines"]
    assert (line["verdict"], line["lead"]) == ("flaky", "supported")


def test_another_campaign_says_how_long_it_watched_if_not_as_long_as_the_first() -> None:
    first, more = (numbers(name, [row("S2", OLD)]) for name in ("then", "again"))
    windows = STUDIES[0].windows.model_copy(update={"watch_s": 30.0, "settle_s": 15.0})
    shorter = STUDIES[0].model_copy(update={"windows": windows})
    for study, watch_s in ((STUDIES[0], ""), (shorter, "30")):
        (other,) = headline([first, more], [STUDIES[0], study])["again"]
        assert other["watch_s"] == watch_s


def test_of_two_systems_on_one_plane_the_claims_are_those_of_the_one_that_decided_them() -> None:
    """Table `claims` has one answer for a plane; it was said of both."""
    both = numbers("both", [row("S2", OLD), row("S2", NEW)], agreement="reproduced")
    old, new = headline([both], STUDIES[:1])["columns"]
    assert set(old["claims"].values()) == {"reproduced"}
    assert set(map(tuple, old["sizes"].values())) == {(4,)}
    assert set(map(tuple, new["sizes"].values())) == {()}
    assert set(new["claims"].values()) == {"not tested"}
    assert {answer["word"] for answer in new["answers"]} == {"not answered"}
    # its trials were judged, so it was asked; the table answers for the other system
    assert {answer["why"] for answer in new["answers"]} == {OF_THE_FIRST}


def test_what_a_system_does_not_have_is_said_and_no_result() -> None:
    found = made(row("S2", NEW, kn="4/4"))
    (seven,) = [line for line in found["rows"] if line["scenario"] == "S7"]
    then, today = seven["cells"]
    assert then["kn"] == "3/4"
    assert today["verdict"] == "not applicable"
    assert "device plugin" in today["absent"]


def test_what_was_not_run_has_no_cell() -> None:
    found = made(row("S2", NEW))
    (eight,) = [line for line in found["rows"] if line["scenario"] == "S8"]
    assert eight["cells"] == [None, None]


def test_a_plain_client_has_a_line_where_one_was_run() -> None:
    assert [
        line["client"] for line in made(row("S9", NEW))["rows"] if line["scenario"] == "S9"
    ] == ["monitored"]
    plain = row("S9", NEW, client="plain", default=False, kn="0/4")
    found = made(row("S9", NEW), plain)
    (line,) = [line for line in found["rows"] if line["client"] == "plain"]
    assert [cell and cell["kn"] for cell in line["cells"]] == [None, "0/4"]


def test_the_claims_are_answered_again_only_for_systems_the_paper_is_not_about() -> None:
    old, new = made(row("S2", NEW))["columns"]
    assert old["answers"] == []
    assert [(a["claim"], a["word"]) for a in new["answers"]] == [
        ("C1", "changed"),
        ("C2", "changed"),
    ]


def test_a_campaign_without_judged_trials_is_no_column() -> None:
    assert headline([numbers("none", [row("S2", OLD, n=0)])], STUDIES[:1])["columns"] == []


def test_a_campaign_with_no_default_judged_is_no_column_whatever_else_it_judged() -> None:
    plain = row("S9", OLD, client="plain", default=False)
    hang = row("S2", OLD, failure="hang", default=False)
    own = numbers("c", [plain])
    own["further"] = [hang, row("K1", OLD, claimed="")]  # beyond the nine, at its default
    assert headline([own], STUDIES[:1])["columns"] == []


def test_a_claim_is_answered_by_its_scenario_whether_or_not_the_nine_have_it() -> None:
    """It was said to be unasked where the scenario does not carry claim C0."""
    (study,) = STUDIES[:1]
    scenarios = [
        s.model_copy(update={"claims": ["C1"]}) if s.id == "S8" else s for s in study.scenarios
    ]
    apart = study.model_copy(update={"scenarios": scenarios})
    eight = row("S8", OLD, failure="replace", n=5)
    for nine in ([row("S2", OLD)], []):
        own = numbers("c", nine or [eight])
        own["planes"][0]["rows"] = nine
        own["further"] = [eight]
        own["planes"][0]["claims"][1]["cells"] = [eight["cell"]]
        (column,) = headline([own], [apart])["columns"]
        assert column["claims"]["C1"] == "differs"
        assert column["sizes"]["C1"] == [5]


def test_each_campaign_shows_a_scenario_at_its_own_default_failure() -> None:
    """It was looked up by that of the first study, and read "not tested" in the others."""
    then, today = STUDIES
    scenarios = [
        s.model_copy(update={"failure": "delete"}) if s.id == "S9" else s for s in today.scenarios
    ]
    deleting = today.model_copy(update={"scenarios": scenarios})
    rows = [
        row("S9", NEW, failure="delete", kn="1/4"),
        row("S9", NEW, failure="delete", client="plain", default=False, kn="2/4"),
        row("S9", NEW, default=False, kn="9/9"),
    ]
    first = numbers("then", [row("S9", OLD)])
    found = headline([first, numbers("today", rows)], [then, deleting])
    told = [line["cells"][1]["kn"] for line in found["rows"] if line["scenario"] == "S9"]
    assert told == ["1/4", "2/4"]


def test_a_line_says_whether_nothing_is_broken_in_it() -> None:
    found = made(row("S2", NEW))
    assert [line["scenario"] for line in found["rows"] if line["control"]] == ["S1"]


def test_an_id_that_is_another_scenario_in_another_study_is_no_result_of_the_nine() -> None:
    """Only the study that declares a scenario as one of the nine has results of it."""
    (then, _) = STUDIES
    scenarios = [s.model_copy(update={"claims": ()}) if s.id == "S2" else s for s in then.scenarios]
    other = then.model_copy(update={"scenarios": scenarios})
    first = numbers("then", [row("S2", OLD), row("S4", OLD)])
    second = numbers("other", [row("S2", OLD, n=9), row("S4", OLD)])
    found = headline([first, second], [then, other])
    (again,) = found["again"]
    assert [line["scenario"] for line in again["lines"]] == ["S4"]
