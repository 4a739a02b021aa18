# SPDX-License-Identifier: Apache-2.0
"""Each sentence of the findings, against its own definition, for any data (issue 18, point 3)."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nsm_resilience.report.findings import account, choices, limits, notice, quiet, remedies
from nsm_resilience.report.findings.russian import abstract_ru, found_ru, told_ru
from nsm_resilience.report.findings.standings import (
    ANSWERS,
    CLAIMS,
    Standing,
    again,
    answered,
    attempts,
    found,
    held,
    place,
    sources,
    standings,
    still_or_changed,
)
from nsm_resilience.tables.attempts import MEANINGS

WORDS = st.sampled_from(["supported", "unsupported", ""])


@st.composite
def standing(draw: st.DrawFn, number: int) -> Standing:
    n = draw(st.integers(0, 12))
    k = draw(st.integers(0, n))
    absent = draw(st.sampled_from(["", "there is none"])) if n == 0 else ""
    return Standing(f"S{number}", f"part {number} fails", "node", draw(WORDS), k, n, absent)


SOME = st.integers(0, 9).flatmap(lambda size: st.tuples(*(standing(n) for n in range(size))))


def ids_in(text: str) -> list[str]:
    return re.findall(r"\bS\d\b", text)


@given(SOME)
def test_what_was_found_counts_and_names_every_scenario_once(some: tuple[Standing, ...]) -> None:
    text = found("the plane", some)
    tested = [one for one in some if one.n]
    held = [one for one in tested if one.k == one.n]
    if not tested:
        assert text == "On the plane no scenario has a judged trial."
        return
    noun = "scenario" if len(tested) == 1 else "scenarios"
    verb, whose = ("was", "its") if len(held) == 1 else ("were", "their")
    counts = f"{len(held)} of {len(tested)} {noun} {verb} supported in all {whose} trials"
    assert text.startswith(f"On the plane {counts}")
    assert sorted(ids_in(text)) == sorted(one.scenario for one in some)
    parts = text.removesuffix(".").split("; ")
    assert ids_in(parts[0]) == [one.scenario for one in held]
    named = {part.split(": ")[0]: ids_in(part) for part in parts[1:] if ": " in part}
    absent = [one.scenario for one in some if one.absent]
    assert named.get("does not exist there", []) == absent
    missing = [one.scenario for one in some if not one.n and not one.absent]
    assert named.get("no judged trial", []) == missing
    for one in tested:
        assert (f"{one.scenario} ({one.k} of {one.n})" in text) == (one not in held)
    assert agreement_of(text) == agreeing(tested)
    assert sizes_of(tested) in text


def agreeing(tested: list[Standing]) -> tuple[int, int]:
    compared = [one for one in tested if one.claimed]
    same = [one for one in compared if one.k == (one.n if one.claimed == "supported" else 0)]
    return len(same), len(compared)


def agreement_of(text: str) -> tuple[int, int]:
    counts = re.findall(r"agree with the paper: (\d+) of (\d+)", text) or [("0", "0")]
    return int(counts[0][0]), int(counts[0][1])


@given(st.lists(SOME, max_size=3))
def test_in_short_no_code_is_named_and_no_scenario_vanishes(
    places: list[tuple[Standing, ...]],
) -> None:
    text = held([(f"place {at}", some) for at, some in enumerate(places)])
    assert not ids_in(text)
    assert text.count(".") == 1 and text.endswith(".")
    if not places:
        assert text == "No scenario of the paper has a judged trial."
        return
    told = text.removesuffix(".").split("monitor: ")[1].split("; ")
    for at, (some, part) in enumerate(zip(places, told, strict=True)):
        tested = [one for one in some if one.n]
        if not tested:
            assert part == f"on place {at} none has a judged trial"
            continue
        counts = f"on place {at} {sum(one.k == one.n for one in tested)} of {len(tested)}"
        same, compared = agreeing(tested)
        agreement = f", with the paper\u2019s verdict {same} of {compared}" if compared else ""
        assert part.startswith(f"{counts}{agreement} ({sizes_of(tested)}")
        apart = [int(n) for n in re.findall(r", (\d+) not ", part)]
        assert sum(apart) + len(tested) == len(some)
        assert ("not applicable" in part) == any(one.absent for one in some)
        assert ("not judged" in part) == any(not one.n and not one.absent for one in some)


def sizes_of(tested: list[Standing]) -> str:
    least, most = min(one.n for one in tested), max(one.n for one in tested)
    span = str(most) if least == most else f"{least} to {most}"
    return f"{span} {'trial' if most == 1 else 'trials'} each"


@given(SOME)
def test_the_russian_sentence_has_the_same_counts(some: tuple[Standing, ...]) -> None:
    text = found_ru("место", some)
    tested = [one for one in some if one.n]
    if not tested:
        assert text == "место: оценённых испытаний нет."
        return
    held = [one for one in tested if one.k == one.n]
    assert f"во всех испытаниях — {len(held)} из {len(tested)} (" in text
    assert f"как в статье — {agreeing(tested)[0]} из {agreeing(tested)[1]}" in text
    assert not ids_in(text)
    more = [int(n) for n in re.findall(r"(?:версии|испытаний) — (\d+)", text)]
    assert sum(more) + len(tested) == len(some)


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
        assert told == ["Оценённых испытаний нет, поэтому вердиктов нет."]


TOLD_BY = ("nsm-monitor: stream to NSM broke", "Kubernetes: pod failed", "")


@st.composite
def noticed(draw: st.DrawFn) -> dict[str, Any]:
    n = draw(st.integers(1, 9))
    k, shown, told = (draw(st.integers(0, n)) for _ in range(3))
    shown_known, told_known = draw(st.integers(shown, n)), draw(st.integers(told, n))
    return {
        "n": n, "k": k, "kn": f"{k}/{n}", "shown": shown, "shown_known": shown_known,
        "shown_kn": f"{shown}/{shown_known}", "told": told, "told_known": told_known,
        "shown_known_kn": f"{shown_known}/{n}", "told_by": draw(st.sampled_from(TOLD_BY)),
        "blind": draw(st.sampled_from(["", "0", "> 180"])),
        "client": draw(st.sampled_from(["monitored", "plain"])),
        "system": draw(st.sampled_from(["NSM v0.2.0 (2019)", "NSM b"])),
        "failure": draw(st.sampled_from(["replace", "mode", "wipe"])),
        "place": draw(st.sampled_from(["A, VPP", "B, VPP"])),
        "campaign": draw(st.sampled_from(["x", "y"])),
    }  # fmt: skip


@given(st.lists(noticed(), max_size=6))
def test_each_kind_of_damage_is_in_the_sentence_that_is_true_of_it(
    rows: list[dict[str, Any]],
) -> None:
    rows = [{**row, "level": f"damage{number}."} for number, row in enumerate(rows)]
    sentences = notice.unnoticed(rows)
    for row in rows:
        (own,) = [sentence for sentence in sentences if row["level"] in sentence]
        hidden = row["k"] == 0 and row["shown"] == 0 and row["shown_known"] == row["n"]
        assert own.startswith("Nothing was shown and no trial was supported") == hidden
        assert own.startswith("Something was shown") == (row["shown"] > 0)
        if own.startswith("Nothing was shown, and so many trials were supported"):
            assert row["k"] > 0 == row["shown"] and row["shown_known"] == row["n"]
        if own.startswith("Nothing was shown, but"):
            assert row["shown_known"] < row["n"]


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
        if any(row["shown"] == 0 and row["shown_known"] < row["n"] for row in own):
            assert "not known to be true" in part
        else:
            share = "wherever" if all(hidden) else "in some places" if any(hidden) else "nowhere"
            assert f"true {share} " in part


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
def test_blind_times_are_told_where_clients_asked_and_nowhere_else(
    rows: list[dict[str, Any]],
) -> None:
    rows = [{**row, "level": f"damage{number}."} for number, row in enumerate(rows)]
    text = notice.blind_times(rows)
    for row in rows:
        assert (f"{row['level']} {row['blind']} s" in text) == bool(row["blind"])
    assert bool(text) == any(row["blind"] for row in rows)


@given(st.lists(noticed(), max_size=6))
def test_who_was_told_sums_up_to_all_trials(rows: list[dict[str, Any]]) -> None:
    text = " ".join(notice.told_by_client(rows)).replace("an unknown number in", "0 of 0 in")
    pairs = [(int(a), int(b)) for a, b in re.findall(r"(\d+) of (\d+) in ", text)]
    assert sum(told for told, _ in pairs) == sum(row["told"] for row in rows)
    assert sum(known for _, known in pairs) == sum(row["told_known"] for row in rows)
    assert text.count("in which a monitored client was told") == any(
        r["client"] == "monitored" for r in rows
    )


@given(st.lists(noticed(), max_size=6))
def test_in_short_only_the_campaigns_of_the_headline_say_who_was_told(
    rows: list[dict[str, Any]],
) -> None:
    column = {"name": "A, VPP", "campaign": "x", "plane": "vpp"}
    text = " ".join(notice.told_in_short(rows, [column]))
    own = [row for row in rows if (row["place"], row["campaign"]) == ("A, VPP", "x")]
    told = re.findall(r"(\d+) of (\d+) on the VPP plane of A", text)
    pairs = [(int(a), int(b)) for a, b in told]
    assert sum(told for told, _ in pairs) == sum(row["told"] for row in own)
    assert sum(known for _, known in pairs) == sum(row["told_known"] for row in own)
    assert "0 of 0" not in text
    russian = " ".join(told_ru(rows, [column]))
    assert re.findall(r"(\d+) из (\d+)", russian) == [(str(a), str(b)) for a, b in pairs]


CELLS = {
    "system": "nsm-v0.2.0", "plane": "vpp", "client": "monitored", "outage": "first",
    "watch": "usual", "control": False,
}  # fmt: skip


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
    assert len(remedies.helped(told)) == len(told)
    known = ["known while its rules were made" in s for s in remedies.helped(told)]
    assert known == sorted(known)  # those that nobody knew lead
    developed_on = plane == remedies.DEVELOPED_ON
    assert sum(known) == sum(r["group"] == "of the nine" and developed_on for r in told)
    short = remedies.untried(told)
    assert len(short) == (False in known)
    for sentence in short:
        assert sentence.count("(our watchdog ") == known.count(False)
        assert not ids_in(sentence)


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
    row = {"client": "monitored", "title": "a fails", "source": "stated"}
    other = {**row, "title": "b fails", "source": "reconstructed"}
    told = sources({"rows": [row, other, other]})
    one = "Of the scenarios here its abstract states 1 (“a fails”); reconstructed by us: 2."
    assert told == one
    none = "Of the scenarios here its abstract states none; reconstructed by us: 1."
    assert sources({"rows": [other]}) == none


def test_a_claim_is_still_so_or_changed_where_a_later_system_answers_it() -> None:
    answer = {"claim": "C1", "word": "changed", "why": "It was shown."}
    columns = [{"name": "NSM a, VPP", "answers": []}, {"name": "NSM b, VPP", "answers": [answer]}]
    told = ["C1 on the VPP plane of NSM b, against what the paper says: changed. It was shown."]
    assert still_or_changed("C1", columns) == told
    assert still_or_changed("C2", columns) == []


def test_a_plain_clients_line_is_no_scenario_of_its_own() -> None:
    row = {"scenario": "S9", "title": "t", "where": "w", "claimed": "unsupported", "cells": [None]}
    rows = [{**row, "client": "monitored"}, {**row, "client": "plain"}]
    assert len(standings({"columns": [{}], "rows": rows}, 0)) == 1


def watched(name: str, *watches: str, judged: int = 1, lanes: int = 1) -> dict[str, Any]:
    """A campaign with one judged cell for each of these watches."""
    rows = [
        {**CELLS, "scenario": "S8", "failure": "replace", "remedy": "none", "watch": watch, "n": 2,
         "kn": f"{at}/2"}
        for at, watch in enumerate(watches)
    ]  # fmt: skip
    return {
        "campaign": {"name": name, "windows": {"watch_s": "120"}, "full_watch_s": "360",
                     "lanes": lanes},
        "paths": {"dead": 1}, "counts": {"judged": judged}, "planes": [], "further": rows,
        "disturbances": {"left_out": 1, "unknown": 1},
    }  # fmt: skip


def test_windows_are_told_of_campaigns_with_judged_trials_and_of_watches_that_were_run() -> None:
    both = watched("c", "usual", "full")
    told = "Not back to stay were the paths of 1 of 1 judged trial of “c” (a watch of "
    assert choices.windows([both, watched("d", judged=0)]) == f"{told}120 s or 360 s)."
    assert "(a watch of 120 s)" in choices.windows([watched("c", "usual")])
    assert choices.windows([watched("d", judged=0)]) == ""
    assert choices.longer_watches([both]) == (
        "The same cells watched for longer: S8 replace (c, VPP): supported in 0/2, and over 360 s "
        "in 1/2."
    )
    assert choices.longer_watches([watched("c", "full"), watched("d", "usual")]) == ""


def test_lanes_are_said_to_disturb_each_other_only_where_there_are_some() -> None:
    assert choices.company([watched("c")]) == "All trials ran one at a time."
    assert choices.company([watched("c", lanes=0)]) == "No record names a lane."
    text = choices.company([watched("c", lanes=3)])
    assert text.endswith("of 1 attempt; 1 attempt that rests on one was judged unknown.")
    assert choices.lanes([]) == ""


def test_comparisons_between_campaigns_are_told_from_those_within_one() -> None:
    words = {"better": 0, "worse": 1, "equal": 0, "open": 2}
    kind = {"id": "plane", "n": 3, "across": 2, "words": words, "clear": [{}]}
    assert choices.planes([kind]) == (
        "Of 3 comparisons of cells with all factors alike but the forwarding plane, 2 of them "
        "between two campaigns, 1 differs beyond chance."
    )
    assert choices.planes([]) == ""
    clear = [{"measure": "time to install", "word": "worse"}]
    assert choices.lanes([{**kind, "id": "company", "clear": clear}]) == (
        "The same cells alone and then side by side: 3 comparisons, 1 worse and 2 open (side by "
        "side: time to install worse in 1)."
    )


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


def test_the_cost_of_a_remedy_is_told_for_each_arm_also_without_a_control() -> None:
    arm = {"remedy": "watchdog heals", "plane": "VPP", "acts": 1, "attempts": 1, "alarmed": 0,
           "controls": 0, "controls_alarmed": 0, "controls_interval": "", "cut": 0,
           "cut_known": 1}  # fmt: skip
    campaign = {"campaign": {"name": "c"}, "watchdog": {"arms": [arm]}}
    assert remedies.cost([campaign]) == [
        "Watchdog heals (c, VPP): 1 act in 1 attempt; a false alarm in 0 of them, in no control, "
        "for none was run; a path that answered was cut in 0 of the 1 in which that is known."
    ]
    unknown = {"campaign": {"name": "c"}, "watchdog": {"arms": [{**arm, "cut_known": 0}]}}
    assert remedies.cost([unknown])[0].endswith("a path that answered was cut is known of none.")


def test_the_machine_is_named_as_far_as_it_is_known() -> None:
    one = {"nodes": ["a"], "one_kernel": True, "machine": [], "lanes": 1}
    assert limits.machine([{"campaign": one}]) == "one machine"
    assert limits.machine([{"campaign": {**one, "nodes": []}}]) == ""
    told = "Trials ran on clusters of one machine each, one at a time."
    assert limits.setting([{"campaign": one}]) == told
    apart = {**one, "one_kernel": False, "lanes": 0}
    assert limits.setting([{"campaign": apart}]) == ""
    assert limits.few([{"campaign": {"name": "a"}, "trials_per_cell": {"least": 0}}]) == ""


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
    inner = re.sub(r"\(outages of .*? s\)", "", parts)
    assert sum(int(n) for n in re.findall(r"\d+", inner)) == judged
    assert ("outages of" in text) == (found["recovered"] > 0)


@given(st.dictionaries(st.sampled_from(list(MEANINGS)), st.integers(1, 99)), COUNT)
def test_every_part_that_counts_in_no_verdict_is_named(parts: dict[str, int], judged: int) -> None:
    apart = [{"part": part, "word": part.replace("_", " "), "n": n} for part, n in parts.items()]
    numbers = {
        "counts": {"apart": apart, "judged": judged, "attempts": judged + sum(parts.values())},
        "campaign": {"scheduled": 9},
    }
    text = account.attempts_made(numbers)
    for part, n in parts.items():
        assert f"{n} {part.replace('_', ' ')} ({MEANINGS[part]})" in text
    assert ("in no verdict" in text) == bool(parts)


def test_what_is_not_there_is_said_in_the_right_number() -> None:
    sizes = {"cells": 0, "least": 0, "most": 0}
    assert account.cells(sizes) == "No cell has a judged trial."
    one = account.cells({"cells": 1, "least": 2, "most": 2})
    assert one == "Judged trials of a cell, of 1 cell run: 2."
    assert account.late({"echoes": 0, "late_sends": 0}) == ""
    assert account.late({"echoes": 1, "late_sends": 1}).endswith("1 of 1 echo (100.00 %).")
    none = account.controls({"n": 0, "alarms": 0, "interval": "", "interrupted": 0})
    assert none.startswith("No control was judged")
    one = account.controls({"n": 1, "alarms": 1, "interval": "0.21–1.00", "interrupted": 0})
    assert one.startswith("Of 1 control without a fault 1 was judged unsupported")


def test_a_row_that_differs_tells_every_outcome_of_its_path() -> None:
    path = {"alive": 1, "recovered": 0, "late": 1, "dead": 2, "gone": 1}
    row = {
        "scenario": "S2", "title": "a fails", "where": "node", "variant": "",
        "claimed": "supported", "agreement": "differs", "k": 0, "n": 5,
        "interval": "0.00–0.43", "path": path,
        "new_answered": 1, "new_asked": 5, "blind_known": 0, "blind": "",
    }  # fmt: skip
    (text,) = account.differences([row, {**row, "agreement": "agrees"}])
    assert "supported were 0 of 5 trials (interval 0.00–0.43)" in text
    for word in ("stopped in 1", "too late in 1", "to stay in 2", "client or endpoint in 1"):
        assert word in text


@given(
    st.lists(
        st.fixed_dictionaries({
            "longest": st.integers(1, 120), "minutes": st.integers(1, 400).map(str),
            "gaps": st.integers(0, 3), "down": st.just("1.5"),
            "alarms": st.sampled_from(["", "0", "1", "12"]),
            "alarms_per_h": st.just("0 (0–3.7)"),
            "used": st.just("58.2"), "unknown": st.integers(0, 2), "attempts": st.just(2),
            "busiest": st.sampled_from(["", "nsmd-k8s 91"]),
            "plane": st.sampled_from(["VPP", "kernel"]), "remedy": st.just("no remedy"),
            "campaign": st.just("c"),
        }),
        max_size=5,
    )
)  # fmt: skip
def test_hours_without_a_fault_are_told_where_there_are_such(rows: list[dict[str, Any]]) -> None:
    sentences = quiet.quiet(rows)
    hours = [row for row in rows if row["longest"] >= 60]
    assert len(sentences) == len(hours)
    for row, text in zip(hours, sentences, strict=True):
        minutes, gaps = int(row["minutes"]), row["gaps"]
        assert f"{minutes:,} minute{'' if minutes == 1 else 's'} without a fault" in text
        assert f"{gaps} interruption{'' if gaps == 1 else 's'} of the path" in text
        assert ("(1.5 s)" in text) == (gaps > 0)
        assert ("watchdog" in text) == (row["alarms"] != "")
        if row["alarms"]:
            alarms = int(row["alarms"])
            assert f"{alarms} false alarm{'' if alarms == 1 else 's'} of the watchdog" in text
        assert ("nsmd-k8s, used 91 % of a processor" in text) == (row["busiest"] != "")
        assert (f"{row['unknown']} of 2 trials unknown" in text) == (row["unknown"] > 0)
        assert ("58.2 s of processor time" in text) == (row["busiest"] != "")
