# SPDX-License-Identifier: Apache-2.0
"""The paper of campaigns that lack almost everything is set, by all its standards, and is true."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.report.paper import build_paper
from nsm_resilience.systems.known import FIRST
from tests.builders.altered_campaigns import TODAY, Altered, judgement, write_build
from tests.builders.reports import PAPER, text_of

FINE, CALM = ("recovered", True, "yes", "no"), ("alive", True, "no", "no")
USUAL = {
    "system": FIRST, "plane": "vpp", "client": "monitored", "failure": "kill", "outage": "first",
    "watch": "usual", "remedy": "none",
}  # fmt: skip
NINE = tuple(f"S{n}" for n in range(1, 10))


def campaign(name: str, kind: str, fates: dict[str, Any], **levels: str) -> Altered:
    """A campaign with one trial of each of these scenarios, all with these levels."""
    failures = {"S1": "none", "S8": "replace"}
    return Altered(
        name,
        kind,
        tuple(
            judgement(name, s, {**USUAL, "failure": failures.get(s, "kill"), **levels}, 1, 1, fate)
            for s, fate in fates.items()
        ),
    )


BUILDS: dict[str, tuple[Altered, ...]] = {
    "a remedy is the only arm": (
        campaign("healed", "nine", dict.fromkeys(NINE, FINE), remedy="heal"),
    ),
    "all void": (campaign("void_", "nine", dict.fromkeys(NINE, "void")),),
    "only unknown": (campaign("u.", "nine", dict.fromkeys(NINE, "unknown")),),
    "only a control": (campaign("calm", "control", {"S1": CALM}),),
    "one scenario": (campaign("one", "one", {"S2": FINE}),),
    "only ours": (campaign("ours", "ours", {"K1": FINE}),),
    "the first of two systems has no trial": (
        campaign("two", "two systems", {"S1": CALM, "S4": FINE}, system=TODAY),
    ),
    "it has not begun, and another has": (
        Altered("none", "nine", ()),
        campaign("calm", "control", {"S1": CALM}),
    ),
    "an id that is another scenario": (
        campaign("nine", "nine", dict.fromkeys(NINE, FINE)),
        campaign("other", "another S8", {"S8": FINE}, failure="kill"),
    ),
}


@dataclass(frozen=True)
class Set:
    """A build whose paper and supplement are set; `main` and `supplement` are their texts."""

    main: str
    supplement: str


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory, picture: Path) -> Callable[[str], Set]:
    made: dict[str, Set] = {}

    def text(which: str) -> Set:
        if which not in made:
            root = tmp_path_factory.mktemp("altered")
            results = root / "results"
            numbers = write_build(results, BUILDS[which])
            shutil.copytree(PAPER, root / "paper")
            (results / "figures").mkdir()
            for name in numbers["figures"]:
                shutil.copy(picture, results / "figures" / f"{name}.svg")
            mains = [root / "paper" / f"{name}.typ" for name in ("main", "supplement")]
            for main in mains:
                out = results / f"{main.stem}.pdf"
                assert build_paper(main, out, results / "numbers.json", root) == ""
            made[which] = Set(*(text_of(root, main, numbers) for main in mains))
        return made[which]

    return text


@pytest.mark.parametrize("which", BUILDS)
def test_it_is_set(texts: Callable[[str], Set], which: str) -> None:
    assert "Network Service Mesh" in texts(which).main


def test_trials_with_a_remedy_alone_are_not_denied(texts: Callable[[str], Set]) -> None:
    found = texts("a remedy is the only arm")
    assert "No control without a remedy was judged" in found.main
    assert "has, in one campaign, judged trials both without and with a remedy" in found.main
    assert "No scenario of the nine has a judged trial at its default" in found.main
    assert "испытания в основных условиях" in found.main
    assert "A watchdog makes it real" in found.main
    assert "counted in the paper\u2019s table of its cost." in found.supplement
    assert "stands among the contrasts" not in found.supplement
    assert "in the arm without a remedy" not in found.supplement


@pytest.mark.parametrize("which", ["all void", "only unknown"])
def test_attempts_without_a_verdict_are_no_finding(texts: Callable[[str], Set], which: str) -> None:
    found = texts(which)
    assert "no judged trial. This document has no verdict." in found.main
    assert "There is no judged trial to conclude from." in found.main
    assert "nothing is compared" in found.supplement


def test_what_a_build_lacks_is_not_referred_to(texts: Callable[[str], Set]) -> None:
    alone, both = texts("one scenario"), texts("an id that is another scenario")
    assert "the supplement says where others differ" not in alone.main
    assert "Windows, probes and rules are here those of “nine”" in both.main
    # git was not asked, which the supplement gives as the reason
    assert "The supplement has the reasons." in alone.main
    begun = texts("it has not begun, and another has")
    assert "The verdicts here come from the other campaigns: “calm”." in begun.main


def test_of_two_systems_the_one_with_trials_is_told_alone(texts: Callable[[str], Set]) -> None:
    found = texts("the first of two systems has no trial")
    assert "(C1): not answered on the VPP plane of NSM v1.18.0 (2026)." in found.main


def test_another_scenario_of_that_id_is_no_damage_of_sockets(texts: Callable[[str], Set]) -> None:
    found = texts("an id that is another scenario")
    assert "first outage, no remedy, 1 trial each" in found.main
