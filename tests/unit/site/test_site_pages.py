# SPDX-License-Identifier: Apache-2.0
"""The pages of the site, by their text: what they say, where they lead, that they are complete."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import pytest
from linked_pages import LEADS_TO, Page, dead_links, read_page, target_of

from nsm_resilience.analysis.figures.cells import cell_id
from nsm_resilience.judge.campaign import read_judgements
from nsm_resilience.judge.verdict import Verdict
from nsm_resilience.report.findings.standings import rests_on
from nsm_resilience.report.site_links import (
    EVIDENCE,
    ROWS_SHOWN,
    index_of,
    page_of,
    page_of_cell,
    page_of_table,
)
from nsm_resilience.report.words import HEADINGS, MEANINGS, meaning_of
from nsm_resilience.site.attempt_pages import SiteError
from nsm_resilience.study.scenario import Source
from nsm_resilience.tables.cell import CELL, FACTOR_LEVELS
from nsm_resilience.tables.schemas import (
    CLAIM_AGREEMENTS,
    SCENARIO_AGREEMENTS,
    SCENARIO_VERDICTS,
)
from tests.builders.sites import Built


def page(built: Built, trial: str, attempt: int = 1) -> Page:
    return read_page(built.site / page_of("shown", trial, attempt))


def judged_cells(built: Built) -> set[str]:
    trials = built.table("trials")
    own = trials[trials["verdict"].isin(["supported", "unsupported"])]
    return {trial.partition("/")[0] for trial in own["trial"]}


def pages(built: Built) -> list[Path]:
    return sorted(built.site.rglob("*.html"))


def cells_of(built: Built) -> dict[str, dict[str, object]]:
    """Rows of the table of scenarios by the id of their cell."""
    rows = built.table("scenarios").to_dict("records")
    return {cell_id(row): row for row in rows}


def led_to(path: Path) -> set[tuple[Path, str]]:
    """Files and ids that the links of a page lead to."""
    return {target_of(path, address) for address in read_page(path).links}


def at(built: Built, page: object, anchor: str = "") -> tuple[Path, str]:
    return (built.site / str(page)).resolve(), anchor


def test_every_attempt_cell_and_table_has_its_page(built: Built) -> None:
    trials = built.table("trials")
    attempts = {page_of("shown", t, a) for t, a in trials[["trial", "attempt"]].to_numpy()}
    cells = {page_of_cell("shown", cell) for cell in cells_of(built)}
    tables = {page_of_table(path.stem) for path in (built.results / "tables").glob("*.csv")}
    there = {path.relative_to(built.site).as_posix() for path in pages(built)}
    wanted = {page.as_posix() for page in attempts | cells | tables}
    assert there == wanted | {"index.html", "words.html", "campaigns/shown/index.html"}
    assert {at(built, page) for page in attempts | cells} <= led_to(built.index)
    front = led_to(built.site / "index.html")
    assert at(built, index_of("shown")) in front
    assert {at(built, page_of_cell("shown", cell)) for cell in judged_cells(built)} <= front
    assert {at(built, page) for page in tables} <= front


def test_the_counts_of_a_cell_lead_to_its_trials_and_a_verdict_to_its_evidence(
    built: Built,
) -> None:
    trials = built.table("trials")
    index = read_page(built.index).source
    for cell, row in cells_of(built).items():
        own = trials[trials["trial"].str.startswith(f"{cell}/")]
        wanted = [page_of("shown", t, a) for t, a in own[["trial", "attempt"]].to_numpy()]
        path = built.site / page_of_cell("shown", cell)
        found = led_to(path)
        assert {at(built, page) for page in wanted} <= found
        assert {at(built, page, EVIDENCE) for page in wanted} <= found
        read = read_page(path)
        assert len(own) == read.source.count('<td class="trial">')
        if row["n"]:
            counts = f"{row['k']}/{row['n']}"
            assert f'href="cells/{cell}.html" aria-label="{cell}: {counts}">{counts}</a>' in index
            assert counts in read.words
            assert str(row["verdict"]) in read.words
        for trial, attempt in own[["trial", "attempt"]].to_numpy():
            leads_back = led_to(built.site / page_of("shown", trial, attempt))
            assert {at(built, page_of_cell("shown", cell)), at(built, index_of("shown"))} <= (
                leads_back
            )


def test_all_that_is_loaded_lies_in_the_folder(built: Built) -> None:
    for path in pages(built):
        for address in read_page(path).loaded:
            if not address.startswith("data:"):
                assert not urlsplit(address).scheme and not address.startswith("/")
                target = (path.parent / address).resolve()
                assert target.is_relative_to(built.site.resolve()) and target.is_file()


def test_links_lead_to_files_and_anchors_that_exist(built: Built) -> None:
    records = built.campaign / "records"
    for path in pages(built):
        assert list(dead_links(path, built.site)) == [], path
        assert list(dead_links(path, records)) == [], path
        assert list(dead_links(path, built.results / "tables")) == [], path


def test_links_out_of_the_site_lead_to_what_is_kept_with_it(built: Built) -> None:
    """The workflows of a runner keep this: `tests/unit/test_seen_by_others.py`."""
    found = {
        target_of(path, address)[0].relative_to(built.results.resolve()).parts[0]
        for path in pages(built)
        for address in read_page(path).links
        if not address.startswith(("data:", "http://", "https://"))
    }
    assert {"site", "report.pdf", "verdicts", "unpacked"} <= found <= LEADS_TO | {"unpacked"}


def test_ids_are_unique_and_headings_leave_out_no_level(built: Built) -> None:
    for path in pages(built):
        found = read_page(path)
        assert len(found.ids) == len(set(found.ids)), path
        assert found.headings[0] == 1 and found.headings.count(1) == 1
        for before, after in zip(found.headings, found.headings[1:], strict=False):
            assert after <= before + 1, path


def test_each_entry_of_the_evidence_stands_with_the_line_it_rests_on(built: Built) -> None:
    quoted = 0
    for judgement in read_judgements(built.verdicts):
        source = page(built, judgement.trial, judgement.attempt).source
        for number, item in enumerate(judgement.evidence, start=1):
            entry = source.split(f'<li id="evidence-{number}">', 1)[1].split("</li>", 1)[0]
            assert item.text in html.unescape(entry)
            assert item.file in entry
            if item.line is not None:
                path = built.campaign / judgement.record / item.file
                if not path.exists():
                    assert "not in this copy" in entry
                    continue
                line = path.read_text(encoding="utf-8").split("\n")[item.line - 1].rstrip()
                assert line[:3000] in html.unescape(entry)
                quoted += 1
    assert quoted > 40


def test_an_attempt_that_says_nothing_of_the_system_says_so(built: Built) -> None:
    void = page(built, "S2-vpp-monitored-kill/02")
    assert "This attempt is void and counts in no n." in void.text
    assert "<b>lost</b> & gone" in void.text, "text of a record is shown, not obeyed"
    assert "2 (supported)" in void.text
    assert "This attempt is cut" in page(built, "S6-vpp-monitored-kill/01").text
    unreadable = page(built, "S7-vpp-monitored-kill/02")
    assert "The record cannot be read (events.jsonl, line 1)." in unreadable.text
    assert "This trial counts in no n: the fault could not be proved" in " ".join(
        page(built, "S7-vpp-monitored-kill/01").text.split()
    )
    real = page(built, *built.real["void"])
    assert "there is no time axis" in real.text
    assert 'class="nsm-timeline"' not in real.source


def test_a_control_and_a_synthetic_campaign_are_called_so(built: Built) -> None:
    assert "A control: no fault is injected." in page(built, *built.real["control"]).text
    for path in pages(built):
        assert "Synthetic campaign." in read_page(path).text


def test_cells_that_were_run_have_a_line_and_what_is_lacking_comes_last(built: Built) -> None:
    read = read_page(built.index)
    head, _, last = read.source.partition('id="lacking"')
    trials = built.table("trials")
    run = {trial.partition("/")[0] for trial in trials["trial"]}
    for cell in cells_of(built):
        assert (f'<tr id="cell-{cell}"' in head) == (cell in run)
        assert (f"{cell}</a>" in last) == (cell not in run)
    assert read.words.index("supported") < read.words.index("not tested")
    assert "Claims that it does not answer" in last
    claims = built.table("claims")
    for row in claims.to_dict("records"):
        anchor = f'id="claim-{row["claim"]}-{row["plane"]}"'
        assert (anchor in head) == (row["agreement"] != "not tested")


def test_the_list_of_trials_is_filtered_by_every_factor_in_which_they_differ(built: Built) -> None:
    """Factors were named by hand, and a remedy or another system had no filter."""
    trials, read = built.table("trials"), read_page(built.index)
    filters = re.findall(r'<select name="(\w+)">', read.source)
    assert filters == [*(name for name in CELL if trials[name].nunique() > 1), "outcome"]
    for name in CELL:
        for level, own in trials.groupby(name):
            assert read.source.count(f' data-{name}="{level}"') == len(own)


def test_a_claim_says_on_how_many_trials_it_rests(built: Built) -> None:
    """An answer of one trial a cell read as one of ten (issue 18, point 3)."""
    words = read_page(built.index).words
    sizes = {cell_id(row): int(row["n"]) for row in built.table("scenarios").to_dict("records")}
    claims = built.table("claims")
    tested = claims[claims["agreement"] != "not tested"].to_dict("records")
    assert tested
    for row in tested:
        rests = rests_on(row["claim"], [sizes[cell] for cell in row["scenarios"].split(", ")])
        assert f"{row['claim']}: {row['agreement']}, {rests}" in words


LEVELS: dict[str, Sequence[str]] = {
    **FACTOR_LEVELS,
    "source": get_args(Source),
    "trial": (*get_args(Verdict), "void", "cut", "unreadable"),
    "cell": SCENARIO_VERDICTS,
    "agreement": (*SCENARIO_AGREEMENTS, *CLAIM_AGREEMENTS),
}


@pytest.mark.parametrize("column", HEADINGS)
def test_every_word_of_the_tables_has_a_meaning(column: str) -> None:
    lacking = [word for word in LEVELS[column] if not meaning_of(column, word)]
    assert lacking == [], f"write what they mean in report/words.py, MEANINGS[{column!r}]"
    assert set(MEANINGS[column]) == set(LEVELS[column])


def test_words_are_explained_where_they_are_met(built: Built) -> None:
    trial, attempt = built.real["control"]
    cell = trial.partition("/")[0]
    client = str(cells_of(built)[cell]["client"])
    source = str(cells_of(built)[cell]["source"])
    for path in (
        built.site / page_of("shown", trial, attempt),
        built.site / page_of_cell("shown", cell),
        built.index,
        built.site / "words.html",
    ):
        words = read_page(path).words
        assert f"{client}: {meaning_of('client', client)}" in words, path
        assert f"{source}: {meaning_of('source', source)}" in words, path


def test_a_table_has_its_first_rows_what_they_mean_and_the_whole_to_take(built: Built) -> None:
    for path in sorted((built.results / "tables").glob("*.csv")):
        page = built.site / page_of_table(path.stem)
        read, table = read_page(page), built.table(path.stem)
        rows = [f"row-{number}" for number in range(2, 2 + min(len(table), ROWS_SHOWN))]
        assert [one for one in read.ids if one.startswith("row-")] == rows
        assert f"{len(table)} row" in read.words
        assert (f"Here are the first {ROWS_SHOWN}." in read.words) == (len(table) > ROWS_SHOWN)
        downloads = {target for target, _ in led_to(page)}
        assert {path.resolve(), path.with_suffix(".parquet").resolve()} <= downloads
    assert len(built.table("components")) > ROWS_SHOWN, "one of them is cut"


def test_the_same_campaign_gives_the_same_bytes_by_one_process_or_several(
    built: Built, tmp_path: Path
) -> None:
    again = tmp_path / "results" / "site"
    moved = Built(tmp_path / "results", tmp_path / "results" / "unpacked" / "shown", built.real)
    shutil.copytree(built.results, tmp_path / "results", ignore=shutil.ignore_patterns("site"))
    moved.build(again)
    moved.build(again, jobs=2)  # one that is there is replaced
    files = {path.relative_to(again): path.read_bytes() for path in again.rglob("*.*")}
    assert files == {
        path.relative_to(built.site): path.read_bytes() for path in built.site.rglob("*.*")
    }
    assert [path.name for path in again.parent.iterdir() if path.name.startswith(".")] == []


def test_a_folder_of_somebody_else_is_left_alone(built: Built, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SiteError, match="give another folder"):
        built.build(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_what_is_missing_is_named_with_the_command_that_makes_it(
    built: Built, tmp_path: Path
) -> None:
    lacking = Built(tmp_path, built.campaign, {})
    with pytest.raises(SiteError, match=r"run `snakemake .*trials\.parquet` first"):
        lacking.build(tmp_path / "site")
