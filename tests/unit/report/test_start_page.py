# SPDX-License-Identifier: Apache-2.0
"""The first page of the HTML report, as docutils renders it."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest
from docutils.core import publish_parts

from nsm_resilience.analysis.figures.cells import cell_id
from nsm_resilience.analysis.figures.typical import typical_of_cell
from nsm_resilience.report.cell_rows import cell_rows
from nsm_resilience.report.start_page import (
    escaped,
    list_table,
    start_page,
    words_line,
    write_start_page,
)
from nsm_resilience.report.words import meaning_of
from nsm_resilience.tables.cell import CELL, DEFAULTS
from tests.builders.campaigns import Constructed
from tests.builders.reports import Built


@pytest.fixture(scope="module")
def built(mixed: Built) -> Constructed:
    return mixed.campaign


@pytest.fixture(scope="module")
def body(built: Constructed) -> str:
    out = built.root / "results" / "start.rst"
    write_start_page(built.tables_dir, [built.campaign], out)
    return html(out.read_text(encoding="utf-8"))


def table_of(body: str) -> str:
    caption = "<caption>Scenarios of campaign constructed</caption>"
    return body.split(caption, 1)[1].split("</table>", 1)[0]


def html(page: str) -> str:
    return str(publish_parts(page, writer="html")["html_body"])


def test_the_page_is_valid_and_has_a_row_for_every_cell_of_the_study(
    built: Constructed, body: str
) -> None:
    assert "system-message" not in body
    scenarios = built.tables["scenarios"]
    assert len(re.findall("<tr>", table_of(body))) == 1 + int((scenarios["attempts"] > 0).sum())
    for row in scenarios.to_dict("records"):
        assert f'/cells/{cell_id(row)}.html"' in body


def test_verdicts_stand_on_the_page_as_they_stand_in_the_table(
    built: Constructed, body: str
) -> None:
    for row in built.tables["scenarios"].to_dict("records"):
        assert f">{row['k']}/{row['n']}</a></td>" in body
        assert f">{row['verdict']}</a></td>" in body


def test_a_count_leads_to_the_cell_and_a_verdict_to_what_decided_a_trial(
    built: Constructed, body: str
) -> None:
    table = table_of(body)
    site = "site/campaigns/constructed"
    for row in built.tables["scenarios"].to_dict("records"):
        if row["n"]:
            cell, counts = f"{site}/cells/{cell_id(row)}.html", f"{row['k']}/{row['n']}"
            assert f'href="{cell}">{counts}</a>' in table
    links = set(re.findall(r'href="([^"]+)"', table))
    for _, own in built.tables["trials"].groupby(list(CELL), sort=False):
        chosen = typical_of_cell(own)
        if chosen is not None:
            trial = f"{site}/trials/{chosen['trial']}.html"
            assert {trial, f"{trial}#evidence"} <= links
    assert not [one for one in links if one.endswith((".csv", ".jsonl", ".parquet"))]


def test_what_a_campaign_lacks_is_not_on_the_page(built: Constructed, body: str) -> None:
    claims = built.tables["claims"]
    tested = claims[claims["agreement"] != "not tested"]
    assert 0 < len(tested) < len(claims), "one plane was run"
    assert body.count("<dt>") == len(tested)
    assert "not tested" not in body
    assert "vpp" not in body


def test_the_words_of_sources_and_of_factors_in_which_cells_differ_are_explained(
    built: Constructed, body: str
) -> None:
    """Factors were named by hand, so that a way to fail, or a remedy, was not explained."""
    scenarios, shown = built.tables["scenarios"], " ".join(body.split())
    differing = [name for name in CELL[1:] if scenarios[name].nunique() > 1]
    assert "failure" in differing and "remedy" not in differing
    for column in ("source", "plane", *differing):
        for word in set(scenarios[column]):
            assert f"<em>{word}</em>: {meaning_of(column, word)}" in shown
    assert meaning_of("remedy", "none") not in shown
    assert 'href="site/words.html"' in body


def test_a_level_that_a_label_shows_is_explained_though_all_cells_have_it() -> None:
    row = {"source": "stated", **DEFAULTS, "plane": "vpp", "remedy": "heal"}
    (text, _) = words_line([row], PurePosixPath("site"))
    assert meaning_of("remedy", "heal") in text
    assert meaning_of("client", "monitored") not in text


def test_a_name_that_means_something_to_docutils_is_a_name(built: Constructed) -> None:
    described = {"campaign": "mine_", "created": ""}
    rows = cell_rows(built.tables, built.study, {})
    page = start_page(rows, built.tables["claims"], described, PurePosixPath("site"))
    assert "<caption>Scenarios of campaign mine_</caption>" in html(page)
    assert "system-message" not in html(page)


def test_claims_stand_on_the_page_with_the_cells_that_decided(
    built: Constructed, body: str
) -> None:
    claims = built.tables["claims"]
    for row in claims[claims["agreement"] != "not tested"].to_dict("records"):
        assert f"<dt>{row['claim']}, {row['plane']} plane: {row['agreement']}</dt>" in body
        assert f"<em>{row['text']}</em> {row['why']}" in body
        anchor = f"claim-{row['claim']}-{row['plane']}"
        assert f'href="site/campaigns/constructed/index.html#{anchor}"' in body


def test_text_that_means_something_to_docutils_is_shown_as_it_is() -> None:
    cells = ["a*b*", "`x`", "link_", "|y|", "back\\slash", "two\nlines", "- item"]
    body = html("\n".join(list_table("odd", ["what"], [[escaped(cell)] for cell in cells])))
    assert "system-message" not in body
    for shown in ("a*b*", "`x`", "link_", "|y|", "back\\slash", "two lines"):
        assert f"<td>{shown}</td>" in body


def test_the_report_includes_the_page_and_names_only_settings_that_exist() -> None:
    from nsm_resilience.workflow import Settings

    folder = Path(__file__).parents[3] / "workflow" / "report"
    text = (folder / "start.rst").read_text(encoding="utf-8")
    assert ".. include:: results/start.rst" in text
    assert set(re.findall(r'config\["(\w+)"\]', text)) <= set(Settings.model_fields)
