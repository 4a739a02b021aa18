# SPDX-License-Identifier: Apache-2.0
"""Each sentence of the findings, against its own definition, for any data (issue 18, point 3).

Those over cells are in test_findings_of_cells.py.
"""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nsm_resilience.report.findings import account, limits
from nsm_resilience.report.findings.russian import abstract_ru, held_ru
from nsm_resilience.report.findings.standings import (
    ANSWERS,
    CLAIMS,
    Sums,
    again,
    answered,
    attempts,
    held,
    place,
    sources,
    still_or_changed,
)
from nsm_resilience.report.numbers import controls
from nsm_resilience.tables.scenarios import verdict_of
from tests.builders.findings import WORDS, ids_in


@st.composite
def found(draw: st.DrawFn) -> dict[str, Any] | None:
    """A cell of the headline; None where nothing was run."""
    n = draw(st.integers(0, 12))
    k = draw(st.integers(0, n))
    absent = draw(st.sampled_from(["", "there is none"])) if n == 0 else ""
    if n == 0 and not absent:
        return None
    return {"n": n, "k": k, "verdict": verdict_of(k, n), "absent": absent}


@st.composite
def headlines(draw: st.DrawFn) -> dict[str, Any]:
    """A headline of some systems and planes, with lines of a plain client among the others."""
    names = ["NSM a, VPP", "NSM a, kernel", "NSM b, VPP"][: draw(st.integers(0, 3))]
    rows = [
        {
            "scenario": f"S{number}", "title": f"part {number} fails", "where": "node",
            "claimed": draw(WORDS), "source": draw(st.sampled_from(["stated", "reconstructed"])),
            "client": draw(st.sampled_from(["monitored", "monitored", "plain"])),
            "cells": [draw(found()) for _ in names],
        }
        for number in range(draw(st.integers(0, 9)))
    ]  # fmt: skip
    columns = [{"name": name, "plane": "vpp", "claims": {}, "sizes": {}} for name in names]
    return {"columns": columns, "rows": rows, "again": []}


def own_cells(headline: dict[str, Any], at: int) -> list[tuple[str, dict[str, Any] | None]]:
    """Claim and cell of the lines of a column that are scenarios of their own."""
    return [
        (row["claimed"], row["cells"][at])
        for row in headline["rows"]
        if row["client"] == "monitored"
    ]


def agreeing(cells: list[tuple[str, dict[str, Any]]]) -> tuple[int, int]:
    compared = [(claimed, cell) for claimed, cell in cells if claimed]
    same = [c for claimed, c in compared if c["k"] == (c["n"] if claimed == "supported" else 0)]
    return len(same), len(compared)


def sizes_of(sizes: list[int]) -> str:
    least, most = min(sizes), max(sizes)
    span = str(most) if least == most else f"{least} to {most}"
    return f"{span} {'trial' if most == 1 else 'trials'} each"


@given(headlines())
def test_in_short_no_code_is_named_and_no_scenario_vanishes(headline: dict[str, Any]) -> None:
    text = held(headline)
    assert not ids_in(text)
    assert text.count(".") == 1 and text.endswith(".")
    if not headline["columns"]:
        assert text == "No scenario of the paper has a judged trial at its default."
        return
    parts = text.removesuffix(".").removeprefix("Scenarios supported in all their trials: ")
    for at, (column, part) in enumerate(
        zip(headline["columns"], parts.split("; "), strict=True)
    ):  # fmt: skip
        own = own_cells(headline, at)
        tested = [(claimed, cell) for claimed, cell in own if cell and cell["n"]]
        if not tested:
            assert part == f"none judged at its default on {place(column)}"
            continue
        many = sum(cell["k"] == cell["n"] for _, cell in tested)
        assert part.startswith(f"{many} of {len(tested)} on {place(column)}")
        same, compared = agreeing(tested)
        told = f", {same} of {compared} with the paper\u2019s verdict ("
        assert (told in part) == (compared > 0)
        assert sizes_of([cell["n"] for _, cell in tested]) in part
        apart = [int(n) for n in re.findall(r", (\d+) not ", part)]
        assert sum(apart) + len(tested) == len(own)
        absent = sum(bool(cell and cell["absent"]) for _, cell in own)
        assert (f"{absent} not applicable" in part) == (absent > 0)


@given(headlines())
def test_the_russian_sentence_has_the_same_counts(headline: dict[str, Any]) -> None:
    for at in range(len(headline["columns"])):
        text = held_ru("место", Sums.of(headline, at))
        own = own_cells(headline, at)
        tested = [(claimed, cell) for claimed, cell in own if cell and cell["n"]]
        if not tested:
            assert text == "место: оценённых испытаний в основных условиях нет."
            continue
        many = sum(cell["k"] == cell["n"] for _, cell in tested)
        assert f"во всех испытаниях — {many} из {len(tested)} (" in text
        same, compared = agreeing(tested)
        assert (f"как в статье — {same} из {compared}" in text) == (compared > 0)
        assert ("как в статье" in text) == (compared > 0)
        assert not ids_in(text)
        more = [int(n) for n in re.findall(r"(?:версии|испытаний) — (\d+)", text)]
        assert sum(more) + len(tested) == len(own)


COLUMNS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["NSM a, VPP", "NSM b, kernel", "NSM c, VPP"]),
            "plane": st.sampled_from(["vpp", "kernel"]),
            "campaign": st.just("c"),
            "claims": st.dictionaries(
                st.sampled_from(list(CLAIMS)), st.sampled_from(list(ANSWERS))
            ),
            "sizes": st.dictionaries(
                st.sampled_from(list(CLAIMS)), st.lists(st.integers(1, 9), max_size=4)
            ),
        }
    ),
    max_size=3,
    unique_by=lambda column: column["name"],
)  # fmt: skip


@given(COLUMNS, st.sampled_from(list(CLAIMS)))
def test_a_claim_is_answered_once_for_each_place(columns: list[dict[str, Any]], claim: str) -> None:
    text = answered(claim, columns)
    told = text.rstrip(".").split("): ", 1)[1].split("; ")
    parts = dict(part.split(" on ", 1) for part in told if " on " in part)
    for column in columns:
        word = ANSWERS.get(column["claims"].get(claim))
        assert [w for w, places in parts.items() if place(column) in places] == (
            [word] if word else []
        )
        sizes = column["sizes"].get(claim, [])
        if word and sizes and claim != "C0":
            n = sum(sizes)
            assert f"{place(column)} over {n} trial{'' if n == 1 else 's'}" in text
        if word and sizes and claim == "C0":
            assert f"{place(column)} over {min(sizes)}" in text
            assert re.search(rf"\b{max(sizes)} trials? each", text)
    if not parts:
        assert text.endswith(": not answered.")


@given(COLUMNS)
def test_in_russian_a_claim_agrees_with_its_verb(columns: list[dict[str, Any]]) -> None:
    told = abstract_ru({"columns": columns, "rows": []}, [])
    assert not any(re.search("воспроизведен[аы]|провере[нм][аы]", sentence) for sentence in told)
    if columns:
        assert "клиент не узнаёт (C2): " in told[-1]
    else:
        (only,) = told  # other trials may well be judged
        assert "испытания в основных условиях" in only


@given(st.lists(st.lists(st.integers(0, 99), min_size=4, max_size=4), min_size=1, max_size=4))
def test_attempts_sum_up_and_none_vanishes(numbers: list[list[int]]) -> None:
    campaigns = [
        {
            "counts": {
                "supported": a, "unsupported": b, "judged": a + b, "attempts": a + b + c + d,
                "apart": [{"word": w, "n": n} for w, n in (("unknown", c), ("void", d)) if n],
            }
        }
        for a, b, c, d in numbers
    ]  # fmt: skip
    text = attempts(campaigns)
    total, judged = (
        int(x.replace(",", "")) for x in re.findall(r"([\d,]+) (?:attempt|judged)", text)
    )
    apart = sum(int(n) for n in re.findall(r"([\d]+) (?:unknown|void)", text))
    assert ("in no verdict" in text) == (apart > 0)
    assert total == sum(map(sum, numbers)) == judged + apart


def test_the_sources_name_what_the_abstract_states() -> None:
    row = {"client": "monitored", "title": "a fails", "source": "stated", "control": False}
    other = {**row, "title": "b fails", "source": "reconstructed"}
    told = sources({"rows": [row, other, other]})
    one = "Of its scenarios here the abstract states 1 (“a fails”); reconstructed by us: 2."
    assert told == one
    none = "Of its scenarios here the abstract states none; reconstructed by us: 1."
    assert sources({"rows": [other]}) == none
    # one in which nothing is broken is no failure that a part survives
    calm = {**row, "title": "none fails", "control": True}
    assert sources({"rows": [row, calm, other]}) == (
        "Of its scenarios here the abstract states 2 (“a fails” and “none fails”; in 1 of them "
        "nothing is broken); reconstructed by us: 1."
    )


def test_a_claim_is_still_so_or_changed_where_a_later_system_answers_it() -> None:
    answer = {"claim": "C1", "word": "changed", "why": "It was shown."}
    columns = [{"name": "NSM a, VPP", "answers": []}, {"name": "NSM b, VPP", "answers": [answer]}]
    told = ["C1 on the VPP plane of NSM b, against what the paper says: changed. It was shown."]
    assert still_or_changed("C1", columns) == told
    assert still_or_changed("C2", columns) == []


def test_other_campaigns_on_a_plane_are_named_with_what_they_found_otherwise() -> None:
    line = {"scenario": "S2", "client": "monitored", "k": 1, "n": 3, "verdict": "flaky",
            "lead": "supported"}  # fmt: skip
    same = {**line, "scenario": "S9", "client": "plain", "k": 0, "n": 1, "verdict": "supported"}
    other = {"campaign": "b", "name": "NSM, VPP", "watch_s": "", "lead": "a", "lines": [line, same]}
    assert again({"again": [other]}) == (
        "The same lines in other campaigns: “b” (NSM, VPP: 2 lines, 1 to 3 trials each). "
        "Verdicts that differ there: S2 in “b” (1 of 3)."
    )
    assert "1 to 3 trials each, watched for 30 s)" in again({"again": [{**other, "watch_s": "30"}]})
    assert again({"again": [{**other, "lines": [same]}]}).endswith("differ there: none.")
    assert again({"again": [{**other, "lines": []}]}) == again({"again": []}) == ""


def test_the_machine_is_named_as_far_as_it_is_known() -> None:
    one = {"nodes": ["a"], "one_kernel": True, "machine": [], "lanes": 1}
    assert limits.machine([{"campaign": one}]) == "one machine"
    assert limits.machine([{"campaign": {**one, "nodes": []}}]) == ""
    told = "Trials ran on clusters of one machine each, one at a time."
    assert limits.setting([{"campaign": one}]) == told
    apart = {**one, "one_kernel": False, "lanes": 0}
    assert limits.setting([{"campaign": apart}]) == ""
    assert limits.few([{"planes": [], "further": [{"n": 0}]}]) == ""


COUNT = st.integers(0, 999)


@given(
    st.fixed_dictionaries({word: COUNT for word in ("alive", "recovered", "dead", "late", "gone")})
)
def test_each_path_of_a_judged_trial_is_in_one_part(found: dict[str, int]) -> None:
    judged = sum(found.values())
    numbers = {
        "paths": {**found, "shortest": "0.5", "longest": "9"}, "counts": {"judged": judged},
    }  # fmt: skip
    text = account.paths(numbers)
    whole, parts = text.split(", at the end of the watch: ")
    assert int(re.findall(r"[\d,]+", whole)[0].replace(",", "")) == judged
    inner = re.sub(r"\((?:an outage|outages) of .*? s\)", "", parts)
    assert sum(int(n) for n in re.findall(r"\d+", inner)) == judged
    assert (" of 0.5 to 9 s)" in text) == (found["recovered"] > 0)


def test_outages_that_are_as_long_are_told_by_one_time() -> None:
    found = {"alive": 0, "recovered": 1, "dead": 0, "late": 0, "gone": 0}
    for n, told in ((1, "an outage of 7.50 s"), (2, "outages of 7.50 s")):
        times = {"recovered": n, "shortest": "7.50", "longest": "7.50"}
        text = account.paths({"paths": {**found, **times}, "counts": {"judged": n}})
        assert f"{n} stopped and came back ({told})" in text


def test_what_is_not_there_is_said_in_the_right_number() -> None:
    assert account.late({"echoes": 0, "late_sends": 0}) == ""
    assert account.late({"echoes": 1, "late_sends": 1}).endswith("1 of 1 echo (100.00 %).")
    none = account.controls({"n": 0, "alarms": 0, "interval": "", "stopped": 0})
    assert none.startswith("No control without a remedy was judged")
    one = account.controls({"n": 1, "alarms": 1, "interval": "0.21–1.00", "stopped": 0})
    assert one.startswith("Of 1 control without a remedy 1 was judged unsupported")


def test_a_control_with_a_remedy_alone_is_not_denied() -> None:
    """It was said that no control was judged, where the watchdog ran in all of them."""
    row = {"control": True, "remedy": "heal", "n": 3, "k": 3, "stopped": 0}
    found = account.controls(controls([row, {**row, "control": False, "remedy": "none"}]))
    assert found.startswith("No control without a remedy was judged")
