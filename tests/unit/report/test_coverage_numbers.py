# SPDX-License-Identifier: Apache-2.0
"""The coverage of several campaigns, each of its own system, side by side."""

from __future__ import annotations

import json
import random
import re

import pandas as pd
import pypdf

from nsm_resilience.report.coverage import covered
from nsm_resilience.report.paper import build_paper
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Study
from nsm_resilience.tables.schemas import TRIALS
from tests.builders.campaign_tables import trial_row
from tests.builders.campaigns import FINE, STUDY
from tests.builders.reports import Built

PAPER, TODAY = "nsm-v0.2.0", "nsm-v1.18.0"


def campaign(name: str) -> tuple[str, pd.DataFrame, Study]:
    """A campaign whose trials all went well, two of each cell."""
    study = load_study(STUDY.with_name(f"{name}.yaml"))
    rows = [
        trial_row(cell, number, order, FINE, random.Random(order))
        for order, (cell, _) in enumerate(study.cells())
        for number in (1, 2)
    ]
    return name, TRIALS.frame(rows), study


def test_each_row_says_of_each_system_what_was_run_of_it_and_what_it_lacks() -> None:
    numbers = covered([campaign("study"), campaign("study-today")])
    assert [system["name"] for system in numbers["systems"]] == [PAPER, TODAY]
    rows = {row["title"].replace("\u2019", "'"): row for row in numbers["rows"]}
    manager = rows["service manager, client's node"]
    assert manager["parts"] == ["nsmd", "nsmgr"] and manager["absent"] == []
    assert {(o["campaign"], o["system"], o["plane"]) for o in manager["ours"]} == {
        ("study", PAPER, "kernel"),
        ("study-today", TODAY, "VPP"),
    }
    plugin = rows["device plugin, client's node"]
    assert plugin["parts"] == ["nsmdp"] and plugin["absent"] == [TODAY]
    assert {ours["system"] for ours in plugin["ours"]} == {PAPER}
    identities = rows["who gives out identities, client's node"]
    assert identities["absent"] == [PAPER] and identities["parts"] == ["spire-agent"]
    assert numbers["rows"][0]["absent"] == [] and numbers["rows"][0]["parts"] == []


def test_a_build_of_one_system_names_only_that() -> None:
    numbers = covered([campaign("study")])
    assert [system["name"] for system in numbers["systems"]] == [PAPER]
    assert {name for row in numbers["rows"] for name in row["absent"]} == {PAPER}


def test_the_paper_sets_the_systems_side_by_side(mixed: Built) -> None:
    told = {**mixed.numbers, "coverage": covered([campaign("study"), campaign("study-today")])}
    numbers = mixed.root / "results" / "two-systems.json"
    numbers.write_text(json.dumps(told), encoding="utf-8")
    out = mixed.root / "results" / "two-systems.pdf"
    assert build_paper(mixed.supplement, out, numbers, mixed.root) == ""
    text = re.sub(r"\s+", " ", " ".join(p.extract_text() for p in pypdf.PdfReader(out).pages))
    assert "This study: NSM v0.2.0 (2019)" in text and "This study: NSM v1.18.0 (2026)" in text
    assert "not applicable" in text and "(nsmd, nsmgr)" in text
    said = r"here \(no remedy\): \d+ of \d+ \(9 on NSM v0.2.0 \(2019\) and 10 on NSM v1.18.0"
    assert re.search(said, text)
