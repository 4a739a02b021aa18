# SPDX-License-Identifier: Apache-2.0
"""The paper compiles and tells the truth for campaigns with other verdicts."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import pypdf
import pytest
import typst

from nsm_resilience.report.findings.notice import rows_of
from nsm_resilience.report.numbers import write_numbers
from nsm_resilience.report.paper import STANDARDS, build_paper
from nsm_resilience.systems.known import FIRST, SYSTEMS
from nsm_resilience.tables.attempts import MEANINGS
from tests.builders.reports import Built, words


def compile_(built: Built, again: str = "") -> list[Path]:
    """Set the paper and its supplement, once for all tests that look at them."""
    found = []
    for main in (built.main, built.supplement):
        out = built.root / "results" / f"{main.stem}{again}.pdf"
        if not out.exists():
            assert build_paper(main, out, built.numbers_path, built.root) == ""
        found.append(out)
    return found


@functools.cache
def compiler_of(main: Path, numbers: str = "numbers.json") -> typst.Compiler:
    return typst.Compiler(
        main,
        root=main.parents[1],
        ignore_system_fonts=True,
        sys_inputs={"numbers": f"/results/{numbers}", "figures": "/results/figures"},
    )


@functools.cache
def answer(main: Path, selector: str) -> str:
    return compiler_of(main).query(selector)


def asked(built: Built, selector: str, *mains: Path) -> list[Any]:
    """What the compiled documents answer to a query, or those of them that are named."""
    documents = mains or (built.main, built.supplement)
    return [one for main in documents for one in json.loads(answer(main, selector))]


def asked_of(built: Built, selector: str, **changed: Any) -> list[Any]:
    """What the paper of other numbers answers to a query."""
    path = built.root / "results" / "changed-numbers.json"
    path.write_text(json.dumps({**built.numbers, **changed}), encoding="utf-8")
    given = {"numbers": f"/results/{path.name}", "figures": "/results/figures"}
    found = typst.query(built.main, selector, root=built.root, sys_inputs=given)
    return list(json.loads(found))


def prose(built: Built, *mains: Path) -> str:
    """The text of all paragraphs and list items as one line."""
    found = [words(node) for kind in ("par", "list") for node in asked(built, kind, *mains)]
    return re.sub(r"\s+", " ", " ".join(found))


def test_the_paper_compiles_twice_to_the_same_bytes(mixed: Built) -> None:
    for first, second in zip(compile_(mixed), compile_(mixed, "-again"), strict=True):
        assert first.read_bytes() == second.read_bytes()
        assert first.read_bytes().startswith(b"%PDF-1.7")
    assert STANDARDS == ("a-2a", "ua-1")


@pytest.mark.parametrize("kind", ["untested", "supported", "mixed"])
def test_the_paper_has_at_most_ten_pages(kind: str, request: pytest.FixtureRequest) -> None:
    paper, _ = compile_(request.getfixturevalue(kind))
    assert len(pypdf.PdfReader(paper).pages) <= 10


def test_the_paper_compiles_on_the_other_plane_and_with_few_trials(vpp: Built, both: Built) -> None:
    compile_(vpp)
    compile_(both)
    assert "on the kernel plane of NSM v0.2.0 (2019)" in prose(both, both.main)
    assert "on the VPP plane of NSM v0.2.0 (2019)" in prose(both, both.main)


def test_without_trials_no_finding_is_stated(untested: Built) -> None:
    text = prose(untested)
    assert "No scenario of the nine has a judged trial" in text
    assert "There is no judged trial to conclude from" in text
    assert "None of the claims is answered" in text
    for word in ("\u2019s verdict (", "reproduced on", "supported in all ", "number of trials."):
        assert word not in text


def test_a_watchdog_without_a_judged_trial_does_not_cost_the_supplement(untested: Built) -> None:
    """It referred to a table of outages that there is not."""
    arm = {
        "plane": "VPP", "remedy": "watchdog heals", "attempts": 1, "faults": 0, "found": 0,
        "found_median": "", "acts": 0, "acts_failed": 0, "controls": 0, "controls_alarmed": 0,
        "controls_interval": "", "alarmed": 0, "cut": 0, "cut_known": 0, "cut_in": [],
    }  # fmt: skip
    numbers = untested.root / "results" / "numbers-with-a-watchdog.json"
    content = {**untested.numbers, "watchdog": {"rules": [], "arms": [arm]}}
    numbers.write_text(json.dumps(content), encoding="utf-8")
    for main in (untested.main, untested.supplement):
        out = numbers.with_name(f"{main.stem}-with-a-watchdog.pdf")
        assert build_paper(main, out, numbers, untested.root) == ""


def with_remedy_only(built: Built, claim: str) -> dict[str, Any]:
    """The findings where the scenarios of a claim have judged trials with a remedy alone."""
    carrying = {s.id for s in built.campaign.study.scenarios if claim in s.claims}
    planes = [
        {**plane, "rows": [{**r, "remedy": "heal"} if r["scenario"] in carrying else r
                           for r in plane["rows"]]}
        for plane in built.numbers["planes"]
    ]  # fmt: skip
    further = [r for r in built.numbers["further"] if r["scenario"] not in carrying]
    rows = rows_of([{**built.numbers, "planes": planes, "further": further}], [carrying])
    key = {"C1": "noticed", "C2": "told"}[claim]
    found = built.numbers["findings"]
    return {**found, key: {**found[key], "rows": rows}}


@pytest.mark.parametrize(("claim", "label"), [("C1", "tab-noticed"), ("C2", "tab-told")])
def test_what_a_table_is_said_to_have_is_what_was_looked_for(
    mixed: Built, claim: str, label: str
) -> None:
    """Arms with a remedy are no rows of it: neither the text nor the caption counts them in."""
    looked_for = f"a scenario of claim {claim} (first outage, no remedy)"
    text = prose(mixed, mixed.main)
    assert f"has every cell with judged trials of {looked_for}." in text
    (table,) = asked(mixed, f"<{label}>", mixed.main)
    assert looked_for in words(table["caption"])
    without = asked_of(mixed, "par", findings=with_remedy_only(mixed, claim))
    assert f"No trial of {looked_for} was judged." in " ".join(map(words, without))


def test_the_paper_prints_the_findings_as_they_are(mixed: Built, supported: Built) -> None:
    for built in (mixed, supported):
        text = prose(built, built.main)
        found = built.numbers["findings"]
        told = [found["held"], *found["claims"], found["again"], found["remedy"]["untried"]]
        told += [*found["noticed"]["by_damage"], *found["told"]["by_client"]]
        told += [*found["choices"].values(), *found["limits"].values()]
        for sentence in told:
            assert re.sub(r"\s+", " ", sentence) in text, sentence


def test_the_first_page_says_what_this_is_and_has_no_code_without_its_words(mixed: Built) -> None:
    paper, _ = compile_(mixed)
    (abstract,) = (t for t in [prose(mixed, mixed.main)] if "reconstruction" in t)
    found = mixed.numbers["findings"]
    begin = re.sub(r"\s+", " ", f"on kind clusters. {found['limits']['setting']} Each fault")
    assert begin in abstract
    told = [found["held"], *found["told"]["by_client"], found["remedy"]["untried"]]
    for sentence in (*told, *found["noticed"]["by_damage"], *found["abstract_ru"]):
        assert not re.search(r"\b[SKVN]\d\b", sentence)
    first = pypdf.PdfReader(paper).pages[0].extract_text()
    assert "Table 1" in first
    for row in mixed.numbers["headline"]["rows"]:
        assert row["scenario"] in first


def test_the_caption_of_outages_names_the_constants_of_the_systems_that_are_shown(
    mixed: Built,
) -> None:
    (figure,) = asked(mixed, "<fig-outages>", mixed.main)
    text = words(figure["caption"])
    assert {one["what"] for one in mixed.numbers["constants"]} == set(SYSTEMS[FIRST].constants_s)
    for one in mixed.numbers["constants"]:
        assert one["what"] in text and one["s"] in text
    for constants in ([], [{"s": "125", "what": "a part that does not serve is restarted"}]):
        (figure,) = asked_of(mixed, "<fig-outages>", constants=constants)
        text = words(figure["caption"])
        assert ("Dashed" in text) == bool(constants)
        assert ("is restarted" in text) == bool(constants)
        assert "longest heal" not in text


def test_hours_without_a_fault_are_told_where_there_are_such(mixed: Built) -> None:
    (row, *_) = mixed.numbers["without_fault"]
    hour = {**row, "campaign": "calm", "longest": 60, "minutes": "60", "gaps": 2}
    quiet = {**hour, "alarms": "", "alarms_per_h": ""}
    watched = {**hour, "alarms": "1", "alarms_per_h": "1 (0.03–5.6)"}
    short = {**hour, "longest": 59}
    for rows, told in (([short], 0), ([short, quiet], 1), ([quiet, watched], 2)):
        lists = asked_of(mixed, "list", without_fault=rows)
        items = [words(one) for one in lists if len(one["children"]) == 1]
        own = [item for item in items if "Interruptions of the path: 2" in item]
        assert len(own) == told
        assert sum("False alarms: 1, an hour 1 (0.03–5.6)" in item for item in own) == (told == 2)


def test_contrasts_are_told_with_the_number_of_comparisons(mixed: Built) -> None:
    text = prose(mixed)
    for kind in mixed.numbers["contrasts"]["kinds"]:
        assert f"{kind['n']}" in text
        assert kind["name"][1:] in text
    clear = [row for kind in mixed.numbers["contrasts"]["kinds"] for row in kind["clear"]]
    assert bool(asked(mixed, "<tab-contrasts>")) == bool(clear)


def test_a_campaign_in_which_nothing_differs_in_one_thing_says_so(single: Built) -> None:
    assert "nothing is compared" in prose(single)
    assert not asked(single, "<fig-contrasts>")
    assert not asked(single, "<tab-contrasts>")
    compile_(single)


def test_the_coverage_counts_what_was_run(mixed: Built, untested: Built) -> None:
    rows = len(mixed.numbers["coverage"]["rows"])
    assert f"Scenarios with judged trials here (no remedy): 9 of {rows}." in prose(mixed)
    text = prose(untested)
    assert f"Scenarios with judged trials here (no remedy): 0 of {rows}." in text
    assert "of these with judged trials here: 0." in text


def test_voids_are_told_when_there_are_some_and_denied_when_there_are_none(
    mixed: Built, supported: Built
) -> None:
    def campaigns(built: Built) -> str:
        (table,) = asked(built, "<tab-campaigns>")
        return words(table) + words(table["caption"])

    assert "2 void" in campaigns(mixed) and MEANINGS["void"] in campaigns(mixed)
    assert "void" not in campaigns(supported)
    assert asked(mixed, "<tab-voids>")
    assert not asked(supported, "<tab-voids>")


def test_the_source_of_the_data_is_said_prominently(mixed: Built, supported: Built) -> None:
    assert "Synthetic data." in prose(mixed)
    assert "nothing in this document says anything about Network Service Mesh" in prose(mixed)
    text = prose(supported)
    assert "Recorded data." in text
    assert "ynthetic" not in text


def test_every_figure_has_words_for_those_who_do_not_see_it(mixed: Built) -> None:
    pictures = asked(mixed, "image")
    assert len(pictures) == sum(f["drawn"] for f in mixed.numbers["figures"].values()) - 1
    for picture in pictures:
        assert len(picture["alt"]) > 80


def test_every_figure_and_table_says_where_it_is_from(mixed: Built) -> None:
    own = ("<tab-sources>", "<tab-tests>")  # what they show is where something is from
    shown = [f for f in asked(mixed, "figure") if f.get("label") not in own]
    lines = [item["value"] for item in asked(mixed, "<provenance>")]
    assert len(lines) == len(shown) > 10
    for line in lines:
        assert line["tables"]
        assert all((mixed.campaign.tables_dir / f"{t}.csv").is_file() for t in line["tables"])


def test_a_table_counts_the_trials_that_stand_in_it(mixed: Built) -> None:
    counted = {
        item["value"]["name"]: item["value"]["trials"] for item in asked(mixed, "<provenance>")
    }
    rows = [row for plane in mixed.numbers["planes"] for row in plane["rows"]]
    further = mixed.numbers["further"]
    assert counted["nine"] == sum(row["n"] for row in rows) > 0
    assert counted["further"] == sum(row["n"] for row in further) > 0
    assert counted["rows"] == mixed.numbers["counts"]["judged"]


def test_links_into_the_results_are_relative_and_lead_somewhere(mixed: Built) -> None:
    targets = [link["dest"] for link in asked(mixed, "link") if isinstance(link["dest"], str)]
    relative = {t for t in targets if "://" not in t}
    assert not [t for t in relative if t.startswith("/")]
    notebooks = {t for t in relative if t.startswith("notebooks/")}
    stems = ("result-table", "outages", "consequences", "timelines", "testbed")
    assert notebooks == {f"notebooks/{stem}.ipynb" for stem in stems}
    typical = {row["typical"]["page"] for plane in mixed.numbers["planes"] for row in plane["rows"]}
    assert typical <= relative
    assert not [t for t in targets if "blob" in t]


def test_without_a_repository_sources_are_those_in_the_results(mixed: Built) -> None:
    targets = {str(link["dest"]) for link in asked(mixed, "link")}
    for name in ("result-table", "outages", "timelines"):
        assert f"source/notebooks/{name}.py" in targets


def test_every_cell_of_the_table_of_the_nine_leads_to_its_page(
    mixed: Built, untested: Built
) -> None:
    for built in (mixed, untested):
        targets = [str(link["dest"]) for link in asked(built, "link", built.supplement)]
        for row in built.numbers["planes"][0]["rows"]:
            assert targets.count(row["page"]) >= 6, row["cell"]
        assert asked(built, "<tab-rows>")


def test_a_count_of_the_paper_leads_to_the_trials_behind_it(mixed: Built) -> None:
    targets = [str(link["dest"]) for link in asked(mixed, "link", mixed.main)]
    for row in mixed.numbers["headline"]["rows"]:
        for cell in filter(None, row["cells"]):
            assert cell["page"] in targets
    for name in ("noticed", "told"):
        for row in mixed.numbers["findings"][name]["rows"]:
            assert row["page"] in targets


def test_rows_that_the_paper_names_are_those_of_the_cell(mixed: Built) -> None:
    for row in mixed.numbers["planes"][0]["rows"]:
        places = {place["table"]: place["rows"] for place in row["rows"]}
        table = mixed.campaign.tables["trials"]
        first, _, last = places["trials"].split(", ")[-1].partition("–")
        for number in range(int(first), int(last or first) + 1):
            assert table.iloc[number - 2]["trial"].startswith(f"{row['cell']}/")


def test_with_a_repository_the_notebooks_link_to_the_commit(mixed: Built) -> None:
    path = mixed.root / "results" / "of-a-repository.json"
    own = mixed.campaign
    write_numbers(own.tables_dir, [own.campaign], path, "https://example.org/nsm-resilience")
    targets = {
        str(link["dest"])
        for main in (mixed.main, mixed.supplement)
        for link in json.loads(compiler_of(main, path.name).query("link"))
    }
    (commit,) = mixed.numbers["campaign"]["commits"]
    assert f"https://example.org/nsm-resilience/blob/{commit}/notebooks/outages.py" in targets


def test_no_code_of_the_source_leaks_into_the_text(
    mixed: Built, supported: Built, untested: Built
) -> None:
    for built in (mixed, supported, untested):
        text = prose(built)
        for leak in ("else if", "else [", "==", "#", "none of none"):
            assert leak not in text, leak
