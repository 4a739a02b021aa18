# SPDX-License-Identifier: Apache-2.0
"""Each sentence of the findings, against its own definition, for any data (issue 18, point 3)."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nsm_resilience.report.findings import account, choices, limits, notice, remedies
from nsm_resilience.report.findings.russian import abstract_ru, held_ru, told_ru
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
from nsm_resilience.tables.cell import CELL, DEFAULTS
from nsm_resilience.tables.scenarios import verdict_of

WORDS = st.sampled_from(["supported", "unsupported", ""])


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


def ids_in(text: str) -> list[str]:
    return re.findall(r"\bS\d\b", text)


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
            assert re.fullmatch("место: оценённых испытаний .* видом отказа нет[.]", text)
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
        assert "основным видом отказа и клиентом" in only


TOLD_BY = ("nsm-monitor: stream to NSM broke", "Kubernetes: pod failed", "")


@st.composite
def noticed(draw: st.DrawFn) -> dict[str, Any]:
    n = draw(st.integers(1, 9))
    k, shown, told = (draw(st.integers(0, n)) for _ in range(3))
    shown_known, told_known = draw(st.integers(shown, n)), draw(st.integers(told, n))
    return {
        "n": n, "k": k, "kn": f"{k}/{n}", "shown": shown, "shown_known": shown_known,
        "shown_kn": f"{shown}/{shown_known}", "told": told, "told_known": told_known,
        "told_by": draw(st.sampled_from(TOLD_BY)), "decides": draw(st.booleans()),
        "blind": draw(st.sampled_from(["", "0", "> 180"])),
        "client": draw(st.sampled_from(["monitored", "plain"])),
        "system": draw(st.sampled_from(["NSM v0.2.0 (2019)", "NSM b"])),
        "failure": draw(st.sampled_from(["replace", "mode", "wipe"])),
        "place": draw(st.sampled_from(["A, VPP", "B, VPP"])),
        "campaign": draw(st.sampled_from(["x", "y"])),
    }  # fmt: skip


@given(st.lists(noticed(), max_size=6))
def test_each_kind_of_damage_is_named_once_with_the_share_of_cells_that_is_true(
    rows: list[dict[str, Any]],
) -> None:
    sentences = notice.by_damage(rows)
    assert len(sentences) == len({row["system"] for row in rows})
    for system, failure in {(row["system"], row["failure"]) for row in rows}:
        own = [row for row in rows if (row["system"], row["failure"]) == (system, failure)]
        (told,) = [sentence for sentence in sentences if f"on {system}," in sentence]
        (part,) = [p for p in told.split("; ") if notice.DAMAGE.get(failure, failure) in p]
        hidden = [row["k"] == 0 == row["shown"] for row in own]
        if any(row["k"] == 0 == row["shown"] and row["shown_known"] < row["n"] for row in own):
            assert "not known to be true" in part
        else:
            share = "in all cells" if all(hidden) else "in no cell"
            if len(set(hidden)) > 1:
                share = "in some cells and not in others"
            assert f"true {share} with" in part


def test_a_supported_trial_refutes_that_damage_goes_unnoticed_whatever_else_is_known() -> None:
    row = {"n": 2, "k": 1, "shown": 0, "shown_known": 1}
    assert notice.hidden(row) is False
    assert notice.hidden({**row, "k": 0}) is None
    assert notice.hidden({**row, "k": 0, "shown": 1}) is False
    assert notice.hidden({**row, "k": 0, "shown_known": 2}) is True


def test_of_one_place_with_several_cells_the_cells_are_counted() -> None:
    row = {"system": "NSM", "place": "NSM, VPP", "failure": "replace", "n": 1, "shown_known": 1}
    both = [{**row, "k": 0, "shown": 0}, {**row, "k": 1, "shown": 1}]
    assert notice.by_damage(both) == [
        "Damage by damage on NSM, the claim is true in some cells and not in others with sockets "
        "replaced by a file (first outage, no remedy, 1 trial each)."
    ]


@given(st.lists(noticed(), max_size=6))
def test_the_monitor_is_said_to_infer_it_only_where_it_told_a_client(
    rows: list[dict[str, Any]],
) -> None:
    by_it = [
        row
        for row in rows
        if row["system"] == "NSM v0.2.0 (2019)" and row["told"] and row["told_by"] == TOLD_BY[0]
    ]
    assert bool(notice.inferred(rows)) == bool(by_it)


@given(st.lists(noticed(), max_size=6))
def test_only_the_campaigns_of_the_headline_say_who_was_told_in_both_languages(
    rows: list[dict[str, Any]],
) -> None:
    column = {"name": "A, VPP", "campaign": "x", "plane": "vpp"}
    text = " ".join(notice.told_by_client(rows, [column]))
    own = [
        row for row in rows if (row["place"], row["campaign"]) == ("A, VPP", "x") and row["decides"]
    ]
    known = [row for row in own if row["told_known"]]
    told = re.findall(r"(\d+) of (\d+) on the VPP plane of A", text)
    pairs = [(int(a), int(b)) for a, b in told]
    assert sum(told for told, _ in pairs) == sum(row["told"] for row in own)
    assert sum(known for _, known in pairs) == sum(row["told_known"] for row in own)
    assert len(pairs) == len({row["client"] for row in known})
    assert "0 of 0" not in text
    russian = " ".join(told_ru(rows, [column]))
    assert re.findall(r"(\d+) из (\d+)", russian) == [(str(a), str(b)) for a, b in pairs]


CELLS = {**DEFAULTS, "plane": "vpp", "control": False}


@st.composite
def compared_cells(draw: st.DrawFn) -> dict[str, Any]:
    rows = []
    for number in range(draw(st.integers(0, 5))):
        claimed = draw(WORDS)
        for remedy in ("none", *draw(st.lists(st.sampled_from(["observe", "heal"]), unique=True))):
            n = draw(st.integers(0, 5))
            median = draw(st.one_of(st.none(), st.floats(0, 100)))
            rows.append(
                {**CELLS, "scenario": f"S{number}", "failure": "kill", "remedy": remedy, "n": n,
                 "k": draw(st.integers(0, n)), "claimed": claimed, "cell": f"S{number}-{remedy}",
                 "median": "> 120" if median is None else f"{median:g}", "median_s": median}
            )  # fmt: skip
    return {"campaign": {"name": "c"}, "planes": [{"rows": rows}], "further": []}


@given(compared_cells(), st.sampled_from(["vpp", "kernel"]))
def test_a_remedy_is_compared_with_the_same_cells_without_it(
    campaign: dict[str, Any], plane: str
) -> None:
    rows = [{**row, "plane": plane} for row in campaign["planes"][0]["rows"]]
    campaign["planes"][0]["rows"] = rows
    bare = {row["scenario"]: row for row in rows if row["remedy"] == "none" and row["n"]}
    told = remedies.compared([campaign])
    for line in told:
        remedy = {"watchdog observes": "observe", "watchdog heals": "heal"}[line["remedy"]]
        pairs = [
            (bare[row["scenario"]], row)
            for row in rows
            if row["remedy"] == remedy and row["n"] and row["scenario"] in bare
            and bool(row["claimed"]) == (line["group"] == "of the nine")
        ]  # fmt: skip
        assert line["pairs"] == len(pairs) > 0
        assert line["scenarios"] == len({row["scenario"] for _, row in pairs})
        assert line["trials"] == sum(row["n"] for pair in pairs for row in pair)
        assert line["before"] == sum(b["k"] == b["n"] for b, _ in pairs)
        assert line["after"] == sum(r["k"] == r["n"] for _, r in pairs)
        assert line["fell"] == sum(r["k"] * b["n"] < b["k"] * r["n"] for b, r in pairs)
        assert line["rose"] + line["fell"] <= line["pairs"]
        for one in line["longer"]:
            assert one["before"] != "> 120"
        grown = [float(one["after"].replace("> 120", "inf")) - float(one["before"])
                 for one in line["longer"]]  # fmt: skip
        assert grown == sorted(grown, reverse=True) and all(more > 0 for more in grown)
    known = [not line["untried"] for line in told]
    assert known == sorted(known)  # those that nobody knew lead
    developed_on = plane == remedies.DEVELOPED_ON
    assert sum(known) == sum(r["group"] == "of the nine" and developed_on for r in told)
    short = remedies.untried(told)
    assert short.count("where our watchdog") == known.count(False)
    assert bool(short) == (False in known)
    assert not ids_in(short)


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
    one = "Of the scenarios here its abstract states 1 (“a fails”); reconstructed by us: 2."
    assert told == one
    none = "Of the scenarios here its abstract states none; reconstructed by us: 1."
    assert sources({"rows": [other]}) == none
    # one in which nothing is broken is no failure that a part survives
    calm = {**row, "title": "none fails", "control": True}
    assert sources({"rows": [row, calm, other]}) == (
        "Of the scenarios here its abstract states 2 (“a fails” and “none fails”; in 1 of them "
        "nothing is broken); reconstructed by us: 1."
    )


def test_a_claim_is_still_so_or_changed_where_a_later_system_answers_it() -> None:
    answer = {"claim": "C1", "word": "changed", "why": "It was shown."}
    columns = [{"name": "NSM a, VPP", "answers": []}, {"name": "NSM b, VPP", "answers": [answer]}]
    told = ["C1 on the VPP plane of NSM b, against what the paper says: changed. It was shown."]
    assert still_or_changed("C1", columns) == told
    assert still_or_changed("C2", columns) == []


def watched(name: str, *watches: str, lanes: int = 1) -> dict[str, Any]:
    """A campaign with one judged cell for each of these watches."""
    rows = [
        {**CELLS, "scenario": "S8", "failure": "replace", "remedy": "none", "watch": watch, "n": 2,
         "kn": f"{at}/2", "cell": f"S8-{watch}"}
        for at, watch in enumerate(watches)
    ]  # fmt: skip
    return {
        "campaign": {"name": name, "full_watch_s": "360", "lanes": lanes},
        "planes": [], "further": rows, "disturbances": {"left_out": 1, "unknown": 1},
    }  # fmt: skip


def test_longer_watches_are_told_beside_the_same_cells_of_the_same_campaign() -> None:
    both = watched("c", "usual", "full")
    assert choices.longer_watches([both]) == (
        "The same cells watched for longer: S8-usual (c): supported in 0/2, and over 360 s in 1/2."
    )
    none = "No cell was watched for the usual time and for longer in one campaign."
    assert choices.longer_watches([watched("c", "full"), watched("d", "usual")]) == none


def test_lanes_are_said_to_disturb_each_other_only_where_there_are_some() -> None:
    assert choices.company([watched("c")]) == "All trials ran one at a time."
    assert choices.company([watched("c", lanes=0)]) == "No record names a lane."
    text = choices.company([watched("c", lanes=3)])
    assert text.endswith("of 1 attempt; 1 attempt that rests on one was judged unknown.")
    assert choices.lanes([]) == ""


def test_what_lanes_change_is_told_with_the_measures_in_which_they_do() -> None:
    words = {"better": 0, "worse": 1, "equal": 0, "open": 2}
    clear = [{"measure": "time to install", "word": "worse"}]
    kind = {"id": "company", "n": 3, "across": 2, "words": words, "clear": clear}
    assert choices.lanes([kind]) == (
        "The same cells alone and then side by side: 3 comparisons, 1 worse and 2 open (side by "
        "side: time to install worse in 1)."
    )
    assert choices.lanes([{**kind, "id": "plane"}]) == ""


def test_other_campaigns_on_a_plane_are_named_with_what_they_found_otherwise() -> None:
    line = {"scenario": "S2", "client": "monitored", "k": 1, "n": 3, "verdict": "flaky",
            "lead": "supported"}  # fmt: skip
    same = {**line, "scenario": "S9", "client": "plain", "k": 0, "n": 1, "verdict": "supported"}
    other = {"campaign": "b", "name": "NSM, VPP", "lead": "a", "lines": [line, same]}
    assert again({"again": [other]}) == (
        "The same lines in other campaigns: “b” (NSM, VPP: 2 lines, 1 to 3 trials each). "
        "Verdicts that differ there: S2 in “b” (1 of 3)."
    )
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
    assert none.startswith("No control was judged")
    one = account.controls({"n": 1, "alarms": 1, "interval": "0.21–1.00", "stopped": 0})
    assert one.startswith("Of 1 control without a fault 1 was judged unsupported")


def test_cells_whose_verdict_is_another_in_another_campaign_are_named() -> None:
    row = {**dict.fromkeys(CELL, "usual"), "cell": "S2-x", "n": 5, "kn": "0/5", "verdict": "no"}
    one = {"campaign": {"name": "a"}, "planes": [], "further": [row]}

    def with_second(**other: object) -> list[dict[str, object]]:
        return [one, {**one, "campaign": {"name": "b"}, "further": [{**row, **other}]}]

    assert choices.repeated([one]) == "No cell was judged in several campaigns."
    assert choices.repeated(with_second(n=0)) == "No cell was judged in several campaigns."
    assert choices.repeated(with_second(watch="full")) == "No cell was judged in several campaigns."
    alike = choices.repeated(with_second())
    assert alike == "Of 1 cell judged in several campaigns, none has another verdict there."
    assert choices.repeated(with_second(kn="5/5", verdict="yes")) == (
        "Of 1 cell judged in several campaigns, 1 has another verdict there: S2-x (a: 0/5, b: 5/5)."
    )
