# SPDX-License-Identifier: Apache-2.0
"""Sentences of the findings over cells, each against its own definition: noticed, compared."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nsm_resilience.report.findings import choices, notice, remedies
from nsm_resilience.report.findings.russian import told_ru
from nsm_resilience.tables.cell import CELL, DEFAULTS
from tests.builders.findings import ids_in

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
            assert "not known in some cells with" in part
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
        source = draw(st.sampled_from(["stated", "reconstructed", "ours"]))
        for remedy in ("none", *draw(st.lists(st.sampled_from(["observe", "heal"]), unique=True))):
            n = draw(st.integers(0, 5))
            median = draw(st.one_of(st.none(), st.floats(0, 100)))
            rows.append(
                {**CELLS, "scenario": f"S{number}", "failure": "kill", "remedy": remedy, "n": n,
                 "k": draw(st.integers(0, n)), "source": source, "cell": f"S{number}-{remedy}",
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
            and (row["source"] == "ours") == (line["group"] == "beyond the nine")
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
        "The same cells alone and side by side: 3 comparisons, 1 worse and 2 open (side by "
        "side: time to install worse in 1)."
    )
    assert choices.lanes([{**kind, "id": "plane"}]) == ""


def test_cells_whose_verdict_is_another_in_another_campaign_are_named() -> None:
    row = {**dict.fromkeys(CELL, "usual"), "cell": "S2-x", "n": 5, "kn": "0/5", "verdict": "no"}
    about = {"name": "a", "windows": {"watch_s": "120"}, "full_watch_s": "360"}
    one = {"campaign": about, "planes": [], "further": [row]}

    def with_second(watch_s: str = "120", **other: object) -> list[dict[str, object]]:
        second = {**about, "name": "b", "windows": {"watch_s": watch_s}}
        return [one, {**one, "campaign": second, "further": [{**row, **other}]}]

    none = "No cell was judged in several campaigns over the same watch."
    assert choices.repeated([one]) == none
    assert choices.repeated(with_second(n=0)) == none
    assert choices.repeated(with_second(watch="full")) == none
    assert choices.repeated(with_second("30")) == none
    same = "judged in several campaigns over the same watch"
    alike = choices.repeated(with_second())
    assert alike == f"Of 1 cell {same}, none has another verdict there."
    assert choices.repeated(with_second(kn="5/5", verdict="yes")) == (
        f"Of 1 cell {same}, 1 has another verdict there: S2-x (a: 0/5, b: 5/5)."
    )
