# SPDX-License-Identifier: Apache-2.0
"""The pages of the site, by their text: what they say, where they lead, that they are complete."""

from __future__ import annotations

import html
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from site_campaign import Built

from nsm_resilience.judge.campaign import read_judgements
from nsm_resilience.site.build import SiteError
from nsm_resilience.site.links import page_of


class Page(HTMLParser):
    """Addresses, ids, headings and text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.text = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag in ("link", "script", "img"):
            self.loaded.append(given.get("href") or given.get("src") or "")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data: str) -> None:
        self.text += data


def page(built: Built, trial: str, attempt: int = 1) -> Page:
    return Page(built.site / page_of("shown", trial, attempt))


def judged_cells(built: Built) -> set[str]:
    trials = built.table("trials")
    own = trials[trials["verdict"].isin(["supported", "unsupported"])]
    return {trial.partition("/")[0] for trial in own["trial"]}


def pages(built: Built) -> list[Path]:
    return sorted(built.site.rglob("*.html"))


def test_every_attempt_has_its_page_and_the_index_leads_there(built: Built) -> None:
    trials = built.table("trials")
    wanted = {
        page_of("shown", t, a).as_posix()
        for t, a in zip(trials["trial"], trials["attempt"], strict=True)
    }
    there = {path.relative_to(built.site).as_posix() for path in pages(built)}
    assert there == wanted | {"index.html", "campaigns/shown/index.html"}
    links = {f"campaigns/shown/{address}" for address in Page(built.index).links}
    assert wanted <= links
    front = Page(built.site / "index.html")
    assert "campaigns/shown/index.html" in front.links
    assert all(f"campaigns/shown/index.html#cell-{c}" in front.links for c in judged_cells(built))


def test_all_that_is_loaded_lies_in_the_folder(built: Built) -> None:
    for path in pages(built):
        for address in Page(path).loaded:
            if not address.startswith("data:"):
                assert not urlsplit(address).scheme and not address.startswith("/")
                target = (path.parent / address).resolve()
                assert target.is_relative_to(built.site.resolve()) and target.is_file()


def test_links_lead_to_files_and_anchors_that_exist(built: Built) -> None:
    ids = {path.resolve(): set(Page(path).ids) for path in pages(built)}
    checked = 0
    for path in pages(built):
        for address in Page(path).links:
            parts = urlsplit(address)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            if target.is_relative_to(built.site.resolve()) or "/records" in str(target):
                assert target.exists(), (path, address)
            if parts.fragment and not parts.fragment.startswith("cell="):
                assert parts.fragment in ids[target], (path, address)
            checked += 1
    assert checked > 200


def test_ids_are_unique_and_headings_leave_out_no_level(built: Built) -> None:
    for path in pages(built):
        found = Page(path)
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
    assert "This attempt is void and counts in no number." in void.text
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
        assert "Synthetic campaign." in Page(path).text


def test_both_planes_have_a_table_with_every_cell(built: Built) -> None:
    source = Page(built.index).source
    for plane, own in built.table("scenarios").groupby("plane"):
        part = source.split(f'<h2 id="plane-{plane}">', 1)[1].split("</section>", 1)[0]
        assert part.count('<tr id="cell-') == len(own)
        for row in own[own["n"] > 0].to_dict("records"):
            assert f">{row['k']}/{row['n']}</td>" in part


def test_the_same_campaign_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    again = tmp_path / "results" / "site"
    moved = Built(tmp_path / "results", tmp_path / "results" / "unpacked" / "shown", built.real)
    shutil.copytree(built.results, tmp_path / "results", ignore=shutil.ignore_patterns("site"))
    moved.build(again)
    moved.build(again)  # one that is there is replaced
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
