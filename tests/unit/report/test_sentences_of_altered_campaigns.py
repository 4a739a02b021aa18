# SPDX-License-Identifier: Apache-2.0
"""All sentences of a build, counted again from the judgements of campaigns of any shape."""

from __future__ import annotations

import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.report.findings import russian, standings
from nsm_resilience.report.findings.notice import WITH_MONITOR
from nsm_resilience.report.readme import what_came_out
from nsm_resilience.systems.known import FIRST, SYSTEMS
from tests.builders.altered_campaigns import KINDS, TODAY, Altered, altered, write_build

NAMES = ("mine_", "b.c", "d-e")
CAMPAIGNS = st.integers(1, 3).flatmap(lambda n: st.tuples(*(altered(name) for name in NAMES[:n])))

Place = tuple[str, str]
"""A system and a plane."""


def place_of(one: Judgement) -> Place:
    return one.system, one.plane


def in_words(place: Place) -> str:
    system = SYSTEMS[place[0]]
    return f"the {system.planes[place[1]].title} plane of {system.title}"


def carrying(campaign: Altered, claim: str) -> set[str]:
    return {i for i, s in campaign.scenarios.items() if claim in s.get("claims", ())}


def leading(campaigns: Sequence[Altered]) -> dict[Place, Altered]:
    """The first campaign with a judged default of a scenario of the paper, for each place."""
    found: dict[Place, Altered] = {}
    for campaign in campaigns:
        of_paper = {i for i, s in campaign.scenarios.items() if s.get("claims")}
        for one in campaign.judged:
            if campaign.default(one) and one.scenario in of_paper:
                found.setdefault(place_of(one), campaign)
    return found


def first_there(campaign: Altered, plane: str) -> str:
    """The system that answers the claims of a campaign on a plane."""
    systems = KINDS[campaign.kind][1]
    return next((s for s in systems if plane in SYSTEMS[s].planes), FIRST)


def answer(campaign: Altered, place: Place, claim: str) -> str:
    """The word for claim C1 or C2, by its definition."""
    own = [
        one
        for one in campaign.judged
        if place_of(one) == place and one.scenario in carrying(campaign, claim)
        and (one.outage, one.watch, one.remedy) == ("first", "usual", "none")
    ]  # fmt: skip
    defaults = [one for one in own if campaign.default(one)]
    if place[0] != first_there(campaign, place[1]) or not defaults:
        return "not answered"
    if claim == "C1":
        decide, what = defaults, "detected"
    else:
        decide, what = [one for one in own if one.failure in ("kill", "delete")], "notified"
    if any(o.verdict == "supported" or getattr(o.measures, f"{what}_s") for o in decide):
        return "not reproduced"
    unknown = any(getattr(o.measures, f"{what}_unknown") for o in decide)
    return "not answered" if unknown else "reproduced"


def cells_of(campaign: Altered) -> dict[str, list[Judgement]]:
    found: dict[str, list[Judgement]] = defaultdict(list)
    for one in campaign.judged:
        found[one.trial.partition("/")[0]].append(one)
    return found


def texts(found: Any) -> Iterator[str]:
    """All sentences in the findings, without the rows of tables."""
    if isinstance(found, str):
        yield from [found] if found.endswith(".") else []
    elif isinstance(found, dict):
        for name, value in found.items():
            if name != "rows":
                yield from texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from texts(value)


NOUNS = "trial|attempt|campaign|cell|scenario|line|control|verdict|comparison|echo"
WRONG = (
    r"\bNone\b", r"\bnan\b", r"  ", r" [,.;]", r"\.\.", r"\(\)", r"[,;:]\.",
    rf"(?<![\d.,])\b1 (?:judged )?(?:{NOUNS})e?s\b",
    rf"\b(?:0|[2-9]|\d\d+) (?:judged )?(?:{NOUNS})\b",
)  # fmt: skip
"""What no sentence has."""


def check_language(numbers: dict[str, Any]) -> None:
    found = list(texts(numbers["findings"]))
    for one in (numbers, *numbers["others"]):
        found += [claim["why"] for plane in one["planes"] for claim in plane["claims"]]
    for sentence in found:
        for wrong in WRONG:
            assert not re.search(wrong, sentence), (wrong, sentence)
        assert sentence.count("(") == sentence.count(")"), sentence


def check_held(campaigns: Sequence[Altered], numbers: dict[str, Any]) -> None:
    findings, leads = numbers["findings"], leading(campaigns)
    if not leads:
        assert findings["held"] == standings.NONE_AT_ITS_DEFAULT == what_came_out(numbers)
        assert findings["abstract_ru"] == [russian.NONE_AT_ITS_DEFAULT]
        assert all(one.endswith(": not answered.") for one in findings["claims"])
        return
    for place, campaign in leads.items():
        tested: dict[str, list[str]] = defaultdict(list)
        for one in campaign.judged:
            of_nine = one.scenario in carrying(campaign, "C0")
            if place_of(one) == place and campaign.default(one) and of_nine:
                tested[one.scenario].append(one.verdict)
        held = sum(set(verdicts) == {"supported"} for verdicts in tested.values())
        if tested:
            assert f"{held} of {len(tested)} on {in_words(place)}" in findings["held"]
            told = f"— {held} из {len(tested)} (n"
            assert any(told in one for one in findings["abstract_ru"])
    assert findings["held"].count(" plane of ") == len(leads)


def check_claims(campaigns: Sequence[Altered], numbers: dict[str, Any]) -> None:
    for place, campaign in leading(campaigns).items():
        for claim, sentence in zip(("C1", "C2"), numbers["findings"]["claims"][1:], strict=True):
            told = sentence.rstrip(".").split("): ", 1)[1].split("; ")
            words = [part.split(" on ")[0] for part in told if in_words(place) in part]
            assert words == [answer(campaign, place, claim)], (claim, sentence)


def check_told(campaigns: Sequence[Altered], numbers: dict[str, Any]) -> None:
    sums: dict[str, list[str]] = defaultdict(list)
    for place, campaign in leading(campaigns).items():
        for client in ("monitored", "plain"):
            own = [
                one
                for one in campaign.judged
                if place_of(one) == place and one.scenario in carrying(campaign, "C2")
                and (one.outage, one.watch, one.remedy) == ("first", "usual", "none")
                and one.failure in ("kill", "delete") and one.client == client
                and one.measures.notified_unknown is None
            ]  # fmt: skip
            if own:
                told = sum(one.measures.notified_s is not None for one in own)
                sums[client].append(f"{told} of {len(own)} on {in_words(place)}")
    found = numbers["findings"]["told"]["by_client"]
    assert len(found) == len(sums)
    for client, parts in sums.items():
        (sentence,) = [one for one in found if f"a client {WITH_MONITOR[client]} was" in one]
        assert all(part in sentence for part in parts)
        assert sentence.count(" of ") - sentence.count("plane of") == len(parts)


def check_noticed(campaigns: Sequence[Altered], numbers: dict[str, Any]) -> None:
    own = [
        one
        for campaign in campaigns
        for one in campaign.judged
        if one.scenario in carrying(campaign, "C1")
        and (one.outage, one.remedy) == ("first", "none")
    ]
    noticed = numbers["findings"]["noticed"]
    assert sum(row["n"] for row in noticed["rows"]) == len(own)
    assert len(noticed["by_damage"]) == len({one.system for one in own})


def check_remedy(campaigns: Sequence[Altered], numbers: dict[str, Any]) -> None:
    pairs, untried = 0, False
    for campaign in campaigns:
        cells = cells_of(campaign)
        for cell, (one, *_) in cells.items():
            bare = cell.replace("-heal", "")
            if one.remedy == "heal" and not one.control and bare in cells:
                pairs += 1
                ours = campaign.scenarios[one.scenario]["source"] == "ours"
                untried = untried or ours or one.plane != "kernel"
    remedy = numbers["findings"]["remedy"]
    assert sum(row["pairs"] for row in remedy["rows"]) == pairs
    assert bool(remedy["untried"]) == untried


def check_counts(campaigns: Sequence[Altered], numbers: dict[str, Any]) -> None:
    findings = numbers["findings"]
    total = sum(len(one.judgements) for one in campaigns)
    judged = sum(len(one.judged) for one in campaigns)
    assert findings["attempts"].startswith(f"{total} attempt")
    assert f" {judged} judged (" in findings["attempts"]
    controls = [one for one in campaigns[0].judged if one.control and one.remedy == "none"]
    if controls:
        failed = sum(one.verdict == "unsupported" for one in controls)
        assert re.match(rf"Of {len(controls)} controls? without", findings["own"]["controls"])
        assert f" a remedy {failed} " in findings["own"]["controls"]
    else:
        assert findings["own"]["controls"].startswith("No control without a remedy was judged")
    sizes = [len(own) for one in campaigns for own in cells_of(one).values()]
    few = findings["limits"]["few"]
    assert bool(few) == bool(sizes)
    assert not sizes or f"in a cell is {min(sizes)}:" in few
    met = Counter(cell for one in campaigns for cell in cells_of(one))
    several = sum(n > 1 for n in met.values())
    repeated = findings["choices"]["repeated"]
    assert repeated.startswith(f"Of {several} cell") or not several
    assert several or repeated == "No cell was judged in several campaigns over the same watch."


@settings(max_examples=10)
@given(CAMPAIGNS)
def test_each_sentence_says_what_the_judgements_say(campaigns: tuple[Altered, ...]) -> None:
    with tempfile.TemporaryDirectory() as root:
        numbers = write_build(Path(root) / "results", campaigns)
    for check in (
        check_held, check_claims, check_told, check_noticed, check_remedy, check_counts,
    ):  # fmt: skip
        check(campaigns, numbers)
    check_language(numbers)
    assert TODAY not in numbers["findings"]["held"], "systems have titles"
