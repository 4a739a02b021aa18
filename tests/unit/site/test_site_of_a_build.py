# SPDX-License-Identifier: Apache-2.0
"""A site of two campaigns that are called like folders of the site, with a notebook."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from linked_pages import Page, dead_links, read_page, target_of

from nsm_resilience.judge.campaign import judge_campaign
from nsm_resilience.report.site_links import (
    FRONT,
    index_of,
    page_of,
    page_of_cell,
    page_of_notebook,
)
from nsm_resilience.site.build import build_site
from nsm_resilience.site.notebook_page import notebook_page
from nsm_resilience.site.pages import between_pages
from nsm_resilience.tables.build import build_tables
from tests.builders.records import build, describe
from tests.builders.studies import make_study

KERNEL, VPP = "S2-kernel-monitored-kill", "S2-vpp-monitored-kill"
NAMES = ("tables", "notebooks")
SVG = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><g id="figure_1"/></svg>'


def cell(kind: str, source: str, outputs: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    found: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source.splitlines(True)}
    return found | ({"outputs": list(outputs)} if kind == "code" else {})


def shown(**data: str) -> dict[str, Any]:
    kinds = {"svg": "image/svg+xml", "png": "image/png", "html": "text/html", "text": "text/plain"}
    named = {kinds[name]: value.splitlines(True) for name, value in data.items()}
    return {"output_type": "execute_result", "data": named}


CELLS = (
    cell("markdown", "# What *broke*\n\nA table:\n\n| a |\n|---|\n| <b>1</b> |\n"),
    cell("code", "draw(1 < 2)\n", [shown(svg=SVG, text='A "plot" of <two>.')]),
    cell("code", "draw(2)", [shown(svg=SVG, text="again"), shown(text="plain & simple")]),
    cell("code", "rows", [shown(html="<table class='dataframe'><tr><td>7</td></tr></table>")]),
    cell("code", "", [{"output_type": "stream", "name": "stdout", "text": ["\x1b[31mred\x1b[0m"]}]),
    cell("code", "photo", [shown(png=base64.b64encode(b"\x89PNG").decode(), text="a photo")]),
    cell("markdown", "# Another\n\n## Deeper\n"),
)


def describe_as(folder: Path) -> None:
    """Describe the records that are there, under the folder's name."""
    describe(folder)
    path = folder / "campaign.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    found |= {"campaign": folder.name, "created": "2026-11-23T18:00:00Z"}
    path.write_text(json.dumps(found), encoding="utf-8")


def write_notebook(path: Path, cells: Sequence[dict[str, Any]] = CELLS, version: int = 4) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"nbformat": version, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}
    path.write_text(json.dumps(content), encoding="utf-8")


@dataclass(frozen=True)
class Two:
    results: Path

    @property
    def site(self) -> Path:
        return self.results / "site"

    def page(self, at: object) -> Page:
        return read_page(self.site / str(at))

    def leads(self, source: object, to: object, anchor: str = "") -> bool:
        path = self.site / str(source)
        wanted = ((self.site / str(to)).resolve(), anchor)
        return wanted in {target_of(path, address) for address in read_page(path).links}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    results = tmp_path_factory.mktemp("two") / "results"
    folders = [results / "unpacked" / name for name in NAMES]
    for folder, plane in zip(folders, ("kernel", "vpp"), strict=True):
        study = make_study(folder)
        build(folder, "S2", study=study, factors={"plane": plane})
        describe_as(folder)
        judge_campaign(folder, results / "verdicts" / f"{folder.name}.jsonl")
    build_tables(folders, results / "verdicts", results / "tables")
    write_notebook(results / "notebooks" / "broke.ipynb")
    written = build_site(results / "tables", folders, results / "verdicts", results / "site")
    assert written == 2
    return Two(results)


def test_every_campaign_has_its_pages_whatever_it_is_called(two: Two) -> None:
    for name, own in zip(NAMES, (KERNEL, VPP), strict=True):
        for page in (index_of(name), page_of_cell(name, own), page_of(name, f"{own}/01", 1)):
            assert (two.site / page).is_file()
        assert two.leads(FRONT, index_of(name))
        assert two.leads(FRONT, page_of_cell(name, own))
        assert two.leads(FRONT, page_of(name, f"{own}/01", 1), "evidence")


BESIDE = ("report.pdf", "supplement.pdf", "report.html")
"""What a whole build has beside the site, and this one has not."""


def test_no_link_of_any_page_is_dead(two: Two) -> None:
    pages = sorted(two.site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        dead = [one for one in dead_links(page, two.results) if not one[0].endswith(BESIDE)]
        assert dead == [], page


def test_the_same_cell_stands_in_one_line_and_its_pages_lead_to_each_other(two: Two) -> None:
    front = two.page(FRONT)
    line = next(one for one in front.source.split("<tr>") if ">S2</th>" in one)
    assert line.count("1/1</a>") == 2
    first, second = page_of_cell("tables", KERNEL), page_of_cell("notebooks", VPP)
    assert two.leads(first, second)
    assert two.leads(second, first)


def test_a_plane_that_a_campaign_lacks_is_not_on_its_page(two: Two) -> None:
    for name, plane, other in (("tables", "kernel", "vpp"), ("notebooks", "vpp", "kernel")):
        read = two.page(index_of(name))
        assert f'id="plane-{plane}"' in read.source
        assert f"{other} plane" not in read.words
        assert f"-{other}-" not in read.source.partition('id="lacking"')[0]
        assert "not tested" not in read.words.partition("What the words mean")[0]


def test_an_attempt_says_how_to_explain_it_where_a_scenario_is_in_several_campaigns(
    two: Two,
) -> None:
    words = two.page(page_of("notebooks", f"{VPP}/01", 1)).words
    assert f"nsm-resilience explain {VPP}/01 --campaign notebooks" in words


def test_a_notebook_is_a_page_with_its_text_and_outputs(two: Two) -> None:
    place = page_of_notebook("broke")
    read = two.page(place)
    assert two.leads(FRONT, place)
    assert read.headings == [1, 2, 2]
    assert read.text.count("What *broke*") == 2, "as title and as heading"
    assert "<b>1</b>" in read.words, "HTML in a text is shown, not obeyed"
    assert "draw(1 < 2)" in read.text
    assert "plain & simple" in read.text
    assert "red" in read.text and "\x1b" not in read.source
    assert "<table class='dataframe'>" in read.source
    assert 'alt="A &#34;plot&#34; of &lt;two&gt;."' in read.source or (
        'alt="A &quot;plot&quot; of &lt;two&gt;."' in read.source
    )
    for name in ("broke-1.svg", "broke-2.svg", "broke-3.png"):
        assert name in read.loaded
        assert (two.site / place).with_name(name).stat().st_size > 3
    assert "figure_1" not in read.source, "two pictures in one page would have the same ids"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"nbformat": 3, "cells": []}'])
def test_what_is_no_notebook_is_named_with_what_makes_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "odd.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd\.ipynb is no notebook .*`snakemake --force"):
        notebook_page(path)


def test_an_address_between_pages_is_quoted_and_has_its_anchor() -> None:
    source = page_of("a b", "S2-x/01", 1)
    assert between_pages(source, FRONT) == "../../../../index.html"
    assert between_pages(FRONT, source, "evidence-2") == (
        "campaigns/a%20b/trials/S2-x/01.html#evidence-2"
    )


@pytest.mark.parametrize("void", ["", "a node was lost"])
def test_a_campaign_without_a_judged_trial_has_its_pages_too(tmp_path: Path, void: str) -> None:
    results = tmp_path / "results"
    folder = results / "unpacked" / "begun"
    study = make_study(folder)
    if void:
        build(folder, "S2", study=study, void=void)
    describe_as(folder)
    judge_campaign(folder, results / "verdicts" / "begun.jsonl")
    build_tables([folder], results / "verdicts", results / "tables")
    written = build_site(results / "tables", [folder], results / "verdicts", results / "site")
    assert written == bool(void)
    for page in (results / "site").rglob("*.html"):
        dead = [one for one in dead_links(page, results) if not one[0].endswith(BESIDE)]
        assert dead == [], page
    two = Two(results)
    assert "No trial of any campaign was judged." in two.page(FRONT).words
    cells = [page_of_cell("begun", one.id) for one, _ in study.cells()]
    assert all(two.leads(index_of("begun"), cell) for cell in cells)
    assert ("No trial of this campaign was run." in two.page(index_of("begun")).words) != bool(void)
