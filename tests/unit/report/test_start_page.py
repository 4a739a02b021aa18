# SPDX-License-Identifier: Apache-2.0
"""The first page of the HTML report, as docutils renders it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from constructed_campaign import Constructed, construct
from docutils.core import publish_parts

from nsm_resilience.analysis.figures.typical import typical_trials
from nsm_resilience.report.start_page import escaped, list_table, write_start_page


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Constructed:
    return construct(tmp_path_factory.mktemp("page"), "mixed", records=True)


def page_of(built: Constructed) -> str:
    out = built.root / "results" / "start.rst"
    write_start_page(built.tables_dir, [built.campaign], out)
    return out.read_text(encoding="utf-8")


def html(page: str) -> str:
    return str(publish_parts(page, writer="html")["html_body"])


def test_the_page_is_valid_and_has_a_row_for_every_cell_of_the_study(built: Constructed) -> None:
    body = html(page_of(built))
    assert "system-message" not in body
    table = body.split("<caption>The nine scenarios</caption>", 1)[1].split("</table>", 1)[0]
    assert len(re.findall("<tr>", table)) == 1 + len(built.tables["scenarios"])


def test_verdicts_stand_on_the_page_as_they_stand_in_the_table(built: Constructed) -> None:
    body = html(page_of(built))
    for row in built.tables["scenarios"].to_dict("records"):
        assert f">{row['k']}/{row['n']}</a></td>" in body
        assert f">{row['verdict']}</a></td>" in body


def test_every_cell_leads_to_its_row_and_a_verdict_to_a_record(built: Constructed) -> None:
    body = html(page_of(built))
    table = body.split("<caption>The nine scenarios</caption>", 1)[1].split("</table>", 1)[0]
    cells = re.findall(r"<td>(.*?)</td>", table)
    assert cells
    assert all(cell.startswith("<a ") for cell in cells)
    frame = built.tables["scenarios"]
    for number in range(2, 2 + len(frame)):
        assert f'href="tables/scenarios.csv#row={number}"' in table
    links = set(re.findall(r'href="(unpacked/[^"#]+)', table))
    for row in typical_trials(built.tables["trials"]).to_dict("records"):
        record = f"unpacked/constructed/{row['record']}/events.jsonl"
        assert record in links
        assert (built.root / "results" / record).is_file()


def test_evidence_names_rows_trial_and_lines_of_each_cell(built: Constructed) -> None:
    body = html(page_of(built))
    table = body.split("<caption>Evidence", 1)[1].split("</table>", 1)[0]
    assert len(re.findall("<tr>", table)) == 1 + int((built.tables["scenarios"]["n"] > 0).sum())
    assert "events.jsonl#line=1,2" in table
    assert "tables/outages.csv#row=" in table


def test_the_three_claims_are_on_the_page(built: Constructed) -> None:
    body = html(page_of(built))
    for row in built.tables["claims"].to_dict("records"):
        assert f"<dt>{row['claim']}, {row['plane']} plane: {row['agreement']}</dt>" in body
        assert f"<em>{row['text']}</em> {row['why']}" in body
    assert 'href="tables/claims.csv#row=2"' in body


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
