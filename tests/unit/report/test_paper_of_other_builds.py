# SPDX-License-Identifier: Apache-2.0
"""What the paper says of builds that lack something, or have campaigns of several kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nsm_resilience.report.findings.russian import abstract_ru
from nsm_resilience.report.findings.standings import answered, held
from tests.builders import reports
from tests.builders.reports import Built

NO_CONCLUSION = "There is no judged trial to conclude from"


def text_of(built: Built, main: Path, **changed: Any) -> str:
    """All paragraphs and lists of one of the documents, of numbers that are changed in this."""
    return reports.text_of(built.root, main, {**built.numbers, **changed})


def without_defaults(built: Built) -> dict[str, Any]:
    """Headline and findings where trials were judged, but none at the default of a scenario."""
    headline = {**built.numbers["headline"], "columns": [], "again": []}
    found = {
        **built.numbers["findings"],
        "held": held(headline),
        "claims": [answered(claim, []) for claim in ("C0", "C1", "C2")],
        "abstract_ru": abstract_ru(headline, []),
    }
    return {"headline": headline, "findings": found}


def test_trials_of_which_none_is_at_a_default_are_not_denied(mixed: Built) -> None:
    text = text_of(mixed, mixed.main, **without_defaults(mixed))
    assert "No scenario of the nine has a judged trial at its default, so no claim" in text
    assert NO_CONCLUSION not in text
    assert "Оценённых испытаний нет" not in text
    conclusion = text.rpartition("No scenario of the paper has a judged trial at its default.")[2]
    assert "(C2): not answered." in conclusion


def test_a_claim_with_trials_that_do_not_decide_it_says_why(mixed: Built) -> None:
    why = "S8 has no judged trial at its defaults on the kernel plane."
    (plane, *rest) = mixed.numbers["planes"]
    claims = [
        {**claim, "agreement": "not tested", "cells": [], "why": why}
        if claim["claim"] == "C1"
        else claim
        for claim in plane["claims"]
    ]
    text = text_of(mixed, mixed.supplement, planes=[{**plane, "claims": claims}, *rest])
    assert f"not answered. {why}" in text
    assert "No judged trial is about" not in text


ARM = {
    "plane": "VPP", "remedy": "watchdog observes", "attempts": 1, "faults": 0, "found": 0,
    "found_median": "", "acts": 0, "acts_failed": 0, "controls": 1, "controls_alarmed": 0,
    "controls_interval": "", "alarmed": 0, "cut": 0, "cut_known": 0, "cut_in": [],
}  # fmt: skip


def test_a_watchdog_is_introduced_before_its_alarms_are_counted(mixed: Built) -> None:
    """It was run without a pair, so nothing is compared, and yet it was run."""
    assert mixed.numbers["findings"]["remedy"]["rows"] == []
    nothing = "No scenario with a fault has, in one campaign, judged trials both without and with a"
    bare = text_of(mixed, mixed.main)
    assert nothing in bare and "A watchdog makes it real" not in bare
    text = text_of(mixed, mixed.main, watchdog={"rules": [], "arms": [ARM]})
    places = [text.index(part) for part in ("A watchdog makes it real", nothing, "false alarm;")]
    assert places == sorted(places)


def other(built: Built, name: str, source: str) -> dict[str, Any]:
    return {**built.numbers, "others": [],
            "campaign": {**built.numbers["campaign"], "name": name, "source": source}}  # fmt: skip


def test_each_synthetic_campaign_marks_the_document_by_name(supported: Built) -> None:
    assert supported.numbers["campaign"]["source"] == "recorded"
    made_up = other(supported, "made-up", "synthetic")
    for main in (supported.main, supported.supplement):
        text = text_of(supported, main, others=[made_up, other(supported, "real", "recorded")])
        assert "Synthetic data. The trials of “made-up” were constructed or multiplied" in text
        assert "Recorded data. Where no campaign" in text
        assert "nothing in this document says anything" not in text
        if main == supported.main:
            assert "Those of “made-up” are synthetic, see the notice" in text
            assert "Есть синтетические данные («made-up»)" in text


def test_a_synthetic_campaign_that_leads_is_not_all_of_the_document(supported: Built) -> None:
    own = other(supported, "made-up", "synthetic")["campaign"]
    others = [other(supported, "real", "recorded")]
    text = text_of(supported, supported.main, campaign=own, others=others)
    assert "The trials of “made-up” were constructed" in text
    assert "results come from “made-up”" in text and "Recorded data." not in text
    assert "The trials behind this document" not in text


def test_the_russian_abstract_says_which_failures_and_clients_decide(mixed: Built) -> None:
    text = text_of(mixed, mixed.main)
    assert "утверждение C1 — для основных условий: основной вид отказа" in text
    assert "утверждение C2 — для завершения (kill) и удаления (delete) всех компонентов" in text
