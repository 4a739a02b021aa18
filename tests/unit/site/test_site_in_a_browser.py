# SPDX-License-Identifier: Apache-2.0
"""The site in a real headless browser, opened from files: what a reader sees and can do."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from nsm_resilience.analysis import style
from nsm_resilience.record.reader import read_record
from nsm_resilience.report.site_links import page_of, page_of_cell
from nsm_resilience.site.timeline import BINS
from tests.browser import TELEPHONE, Browser, headless
from tests.builders.sites import Built

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(
    chromium: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    with headless(chromium, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


Attempt = tuple[str, int]


def open_trial(browser: Browser, built: Built, attempt: Attempt, anchor: str = "") -> None:
    browser.open(built.site / page_of("shown", *attempt), anchor)


def rows_of(table: pd.DataFrame, attempt: Attempt) -> pd.DataFrame:
    return table[(table["trial"] == attempt[0]) & (table["attempt"] == attempt[1])]


def test_interruptions_are_drawn_where_the_table_has_them(browser: Browser, built: Built) -> None:
    outages = built.table("outages")
    for trial in (
        built.real["comes-and-goes"],
        built.real["control"],
        ("S2-vpp-monitored-kill/01", 1),
    ):
        open_trial(browser, built, trial)
        own = rows_of(outages, trial)
        watch_s = built.judgement(*trial).measures.watch_s
        drawn = browser.run(
            """const field = document.querySelector('.replies .field').getBoundingClientRect();
            const figure = document.querySelector('.nsm-timeline').dataset;
            const [begin, end] = [Number(figure.begin), Number(figure.end)];
            const time = (x) => begin + (x - field.left) / field.width * (end - begin);
            return [...document.querySelectorAll('.replies rect.no-reply')].map((r) => {
              const box = r.getBoundingClientRect();
              return [time(box.left), time(box.right)];
            });"""
        )
        wanted = [(r["begin_s"], r["end_s"] if r["end_s"] == r["end_s"] else watch_s)
                  for r in own.to_dict("records")]  # fmt: skip
        assert len(drawn) == len(wanted)
        for (left, right), (begin, end) in zip(drawn, wanted, strict=True):
            assert math.isclose(left, begin, abs_tol=0.02)
            assert math.isclose(right, end, abs_tol=0.02)
    assert len(rows_of(outages, built.real["comes-and-goes"])) == 10


def test_there_is_a_dot_for_every_stretch_of_time_with_a_reply(
    browser: Browser, built: Built
) -> None:
    trial = built.real["comes-and-goes"]
    judgement = built.judgement(*trial)
    open_trial(browser, built, trial)
    record = read_record(built.campaign / judgement.record)
    zero = next(e.data["t_fault_ns"] for e in record.events if e.kind == "fault_instant")
    echoes = record.table("path")
    t_s = (echoes["sent_ns"] - zero) / 1e9
    watch_s = (record.all_of("watch_end")[-1].t_ns - zero) / 1e9
    numbers = pd.cut(t_s, [-10 + n * (watch_s + 10) / BINS for n in range(BINS + 1)], right=False)
    answered = echoes.groupby(numbers, observed=True)["rtt_ns"].count()
    path = browser.run("return document.querySelector('.replies path.dots').getAttribute('d')")
    assert len(re.findall("h0", path)) == int((answered > 0).sum()) > 100
    box = browser.run(
        "const b = document.querySelector('.replies path.dots').getBoundingClientRect();"
        "return [b.width, b.height];"
    )
    assert min(box) > 20


def test_component_lanes_show_what_the_table_of_components_has(
    browser: Browser, built: Built
) -> None:
    trial = built.real["comes-and-goes"]
    own = rows_of(built.table("components"), trial)
    open_trial(browser, built, trial)
    names = [e.text for e in browser.all(".lane.component .name")]
    processes = own[own["what"] == "process"]
    assert set(names) == {
        f"{c}, {n}" for c, n in zip(processes["component"], processes["node"], strict=True)
    }
    for (node, component), changes in processes.groupby(["node", "component"]):
        lane = names.index(f"{component}, {node}")
        bars = browser.run(
            "return document.querySelectorAll('.lane.component')[arguments[0]]"
            ".querySelectorAll('rect:not(.unready)').length", lane,
        )  # fmt: skip
        assert bars == len(changes), (node, component)


def test_the_line_of_the_record_is_on_the_page_and_its_anchor_leads_there(
    browser: Browser, built: Built
) -> None:
    trial = built.real["everything-killed"]
    judgement = built.judgement(*trial)
    number, item = next(
        (n, e) for n, e in enumerate(judgement.evidence, start=1) if e.what == "notification"
    )
    open_trial(browser, built, trial, f"#evidence-{number}")
    entry = browser.all(f"#evidence-{number}")[0]
    text = (built.campaign / judgement.record / item.file).read_text(encoding="utf-8")
    assert item.line is not None
    assert text.split("\n")[item.line - 1].strip() == entry.find_element("css selector", "pre").text
    top = browser.run("return arguments[0].getBoundingClientRect().top", entry)
    assert -5 <= top < 1000
    assert browser.run("return document.querySelector(':target') === arguments[0]", entry)


def test_zoom_and_reading_line_work_by_keyboard(browser: Browser, built: Built) -> None:
    trial = built.real["comes-and-goes"]
    open_trial(browser, built, trial)
    boxes = "return [...document.querySelectorAll('svg.x')].map((s) => s.getAttribute('viewBox'))"
    whole = browser.run(boxes)
    assert len(set(whole)) == 1
    browser.press(".chart", *["\ue014"] * 4)  # the right arrow: a few per cent after the fault
    readout = browser.all(".readout")[0].text
    assert re.match(r"\d+\.\d\d s: no reply, (\d+) of \1 lost$", readout), readout
    assert "gone" not in browser.all(".lane.component .value")[0].text
    browser.press(".chart", "+")
    closer = browser.run(boxes)
    assert len(set(closer)) == 1
    assert math.isclose(float(closer[0].split()[2]), float(whole[0].split()[2]) / 2, rel_tol=1e-6)
    browser.press(".chart", "0")
    assert float(browser.run(boxes)[0].split()[2]) == float(whole[0].split()[2])
    labels = [float(e.text) for e in browser.all(".tick")]
    assert labels == sorted(labels) and 0.0 in labels and len(labels) > 4


def test_dragging_over_the_chart_shows_that_stretch(browser: Browser, built: Built) -> None:
    from selenium.webdriver import ActionChains

    open_trial(browser, built, built.real["control"])
    field = browser.all(".replies .field")[0]
    width = field.size["width"]
    chain = ActionChains(browser.driver).move_to_element(field).click_and_hold()
    chain.move_by_offset(width // 4, 0).release().perform()
    begin, _, length, _ = map(
        float, browser.run("return document.querySelector('svg.x').getAttribute('viewBox')").split()
    )
    figure = browser.run("return {...document.querySelector('.nsm-timeline').dataset}")
    left, right = float(figure["begin"]), float(figure["end"])
    assert math.isclose(begin, (left + right) / 2, abs_tol=1)
    assert math.isclose(length, (right - left) / 4, abs_tol=1)


def test_the_list_is_filtered_and_sorted(browser: Browser, built: Built) -> None:
    browser.open(built.index)
    trials = built.table("trials")
    rows = "#attempts tbody tr:not([hidden])"
    assert len(browser.all(rows)) == len(trials)
    browser.press("form.filters select[name=plane]", "vpp")
    assert len(browser.all(rows)) == int((trials["plane"] == "vpp").sum())
    browser.press("form.filters input[name=text]", "nothing is called so")
    assert browser.all(rows) == []
    assert browser.all("form.filters output")[0].text == f"0 of {len(trials)} attempts"
    browser.all("form.filters button[type=reset]")[0].click()
    browser.run("return new Promise((done) => setTimeout(done, 50))")
    assert len(browser.all(rows)) == len(trials)
    lost = next(b for b in browser.all("#attempts thead button") if b.text == "echoes lost")
    for wanted in (sorted, lambda values: sorted(values, reverse=True)):
        lost.click()
        values = [float(e.get_attribute("data-v")) for e in browser.all(f"{rows} td:nth-child(5)")]
        assert values == wanted(values)
    assert len(set(values)) > 2


def test_the_list_of_a_cell_is_sorted_too(browser: Browser, built: Built) -> None:
    cell = "S2-vpp-monitored-kill"
    browser.open(built.site / page_of_cell("shown", cell))
    trials = built.table("trials")
    rows = browser.all("#attempts tbody tr")
    assert len(rows) == int(trials["trial"].str.startswith(f"{cell}/").sum()) > 1
    first = rows[0].text
    heading = next(b for b in browser.all("#attempts thead button") if b.text == "trial")
    heading.click()
    heading.click()
    assert browser.all("#attempts tbody tr")[-1].text == first
    assert browser.complaints() == []


@pytest.fixture
def narrow(browser: Browser) -> Iterator[Browser]:
    with browser.as_telephone():
        yield browser


def test_every_page_loads_asks_for_nothing_outside_and_fits_a_telephone_with_no_label_cut(
    narrow: Browser, built: Built
) -> None:
    """Of cells that were not run, which are all alike, one is looked at."""
    run = {trial.partition("/")[0] for trial in built.table("trials")["trial"]}
    pages = sorted(built.site.rglob("*.html"))
    alike = [path for path in pages if path.parent.name == "cells" and path.stem not in run]
    assert alike
    for path in pages:
        if path in alike[1:]:
            continue
        narrow.open(path)
        assert narrow.complaints() == []
        asked = [url for url in narrow.asked_for() if not url.startswith("data:")]
        assert path.as_uri() in asked
        assert [url for url in asked if not url.startswith(built.site.as_uri())] == []
        wide = narrow.run("return document.documentElement.scrollWidth")
        assert wide <= TELEPHONE, path
        # what is cut: text that is wider than its box, and cannot be scrolled into view
        cut = narrow.run(
            """return [...document.querySelectorAll('.name, h1, h2, h3, th, td, dt, dd, li, nav a')]
              .filter((e) => e.clientWidth && e.scrollWidth > e.clientWidth + 1
                && ['hidden', 'clip'].includes(getComputedStyle(e).overflowX))
              .map((e) => e.textContent.slice(0, 60));"""
        )
        assert cut == [], path
        outside = narrow.run(
            """return [...document.querySelectorAll('.nsm-timeline .name, .nsm-timeline .decade')]
              .filter((e) => { const b = e.getBoundingClientRect();
                               return b.width && (b.left < 0 || b.right > arguments[0]); })
              .map((e) => e.textContent);""",
            TELEPHONE,
        )
        assert outside == [], path


NARROW = "'DejaVu Serif Condensed', serif"


@style.styled
def labelled() -> Figure:
    figure = style.new_figure(style.COLUMN_MM, 30)
    labels = ["V3 vppagent-forwarder, client\u2019s node", "S9 all components, both nodes"]
    figure.subplots().set_yticks([0, 1], labels=labels)
    return figure


def test_labels_of_a_figure_are_inside_of_it_where_the_papers_font_is_not(
    browser: Browser, tmp_path: Path
) -> None:
    """Labels were up to 59 points outside where the browser had to take DejaVu Serif."""
    saved = style.save_figure(labelled(), tmp_path / "a.svg", title="t", alt="words")
    narrow = saved.path.read_text(encoding="utf-8").replace(style._NAMED_FONTS, NARROW)
    assert NARROW in narrow
    (tmp_path / "shown.svg").write_text(narrow, encoding="utf-8")
    browser.open(tmp_path / "shown.svg")
    outside = browser.run(
        """const all = document.documentElement.getBoundingClientRect();
        return [...document.querySelectorAll('text')].filter((e) => {
          const own = e.getBoundingClientRect();
          return own.left < all.left - 1 || own.right > all.right + 1;
        }).map((e) => e.textContent);"""
    )
    assert outside == []


def test_without_a_script_the_timeline_is_still_drawn(browser: Browser, built: Built) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        open_trial(browser, built, built.real["comes-and-goes"])
        assert len(browser.all(".replies rect.no-reply")) == 10
        assert not browser.all(".tools")[0].is_displayed()
        assert len(browser.all(".tick")) > 4
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
