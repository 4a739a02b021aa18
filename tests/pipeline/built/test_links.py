# SPDX-License-Identifier: Apache-2.0
"""Every link of the paper and of the HTML report that leads into the results leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest
from linked_pages import LEADS_TO, dead_links, ids_of, read_page, target_of

from nsm_resilience.report.site_links import EVIDENCE, in_results, page_of, page_of_cell
from tests.builders.projects import Project

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def results(built: Project) -> Path:
    return built.folder / "results"


def check(results: Path, address: str) -> None:
    """Follow one relative link, to the anchor that its fragment names."""
    parts = urlsplit(address)
    path = results / unquote(parts.path)
    assert path.exists(), address
    assert path.resolve().is_relative_to(results.resolve()), address
    if not parts.fragment:
        return
    assert path.suffix == ".html" and parts.fragment in ids_of(path), address


def relative(addresses: set[str]) -> set[str]:
    """Those without a scheme; none may be of this machine."""
    for address in addresses:
        assert not address.startswith(("/", "file:")), address
    return {a for a in addresses if not urlsplit(a).scheme and not a.startswith("#")}


def of_pdf(path: Path) -> Iterator[tuple[int, str | None]]:
    """Page and address of each link; None for a link within the document."""

    import pypdf

    for number, page in enumerate(pypdf.PdfReader(path).pages, start=1):
        for annotation in page.get("/Annots") or []:
            action = annotation.get_object().get("/A")
            uri = action.get_object().get("/URI") if action is not None else None
            yield number, None if uri is None else str(uri)


DOCUMENTS = ("report.pdf", "supplement.pdf")


def test_links_of_paper_and_supplement_lead_into_the_results(results: Path) -> None:
    addresses = {a for name in DOCUMENTS for _, a in of_pdf(results / name) if a is not None}
    found = relative(addresses)
    for address in found:
        check(results, address)
    heads = {address.split("/")[0] for address in found}
    assert heads == {"tables", "notebooks", "source", "site", *DOCUMENTS} <= LEADS_TO
    assert {f"tables/{p.name}" for p in (results / "tables").glob("*.csv")} <= found
    assert len({a for a in found if a.startswith("site/campaigns/")}) > 5


@pytest.mark.parametrize(("name", "least"), [("report.pdf", 10), ("supplement.pdf", 50)])
def test_links_within_a_document_have_a_place(results: Path, name: str, least: int) -> None:
    import pypdf

    reader = pypdf.PdfReader(results / name)
    pages = {page.indirect_reference.idnum for page in reader.pages if page.indirect_reference}
    names = set(reader.named_destinations)
    checked = 0
    for page in reader.pages:
        for annotation in page.get("/Annots") or []:
            entry = annotation.get_object()
            action = entry.get("/A")
            if action is not None and "/URI" in action.get_object():
                continue
            target = entry.get("/Dest") or action.get_object()["/D"]
            target = target.get_object() if hasattr(target, "get_object") else target
            if isinstance(target, str | bytes):
                assert str(target) in names
            else:
                assert target[0].idnum in pages
            checked += 1
    assert checked > least


def test_links_of_the_start_page_lead_into_the_results(results: Path) -> None:
    from docutils.core import publish_parts

    page = (results / "start.rst").read_text(encoding="utf-8")
    body = str(publish_parts(page, writer="html")["html_body"])
    found = relative(set(re.findall(r'href="([^"]+)"', body)))
    for address in found:
        check(results, address)
    trials = pd.read_parquet(results / "tables" / "trials.parquet")
    judged = trials[trials["verdict"].isin(["supported", "unsupported"])]
    for trial, attempt in judged[["trial", "attempt"]].to_numpy():
        # one trial a cell in the small campaign: each is the typical one
        assert in_results(page_of("small", trial, attempt), EVIDENCE) in found
        assert in_results(page_of_cell("small", trial.partition("/")[0])) in found
    report = (results / "report.html").read_text(encoding="utf-8")
    missing = [address for address in found if address.replace("&", "&amp;") not in report]
    assert missing == []


def test_every_link_of_the_site_leads_into_the_results(results: Path) -> None:
    pages = sorted((results / "site").rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        assert list(dead_links(page, results)) == [], page
        read = read_page(page)
        for address in (*read.links, *read.loaded):
            if not address.startswith(("data:", "https://")):
                path, _ = target_of(page, address)
                head = path.relative_to(results.resolve()).parts[0]
                assert head in LEADS_TO | {"unpacked"}, (page, address)


def test_each_figure_of_the_html_report_leads_to_its_notebook_and_tables(results: Path) -> None:
    report = (results / "report.html").read_text(encoding="utf-8")
    found = relative(set(re.findall(r'href=\\?"([^"\\]+)\\?"', report)))
    for name in ("result-table", "outages", "consequences", "contrasts", "timelines", "testbed"):
        assert f"site/notebooks/{name}.html" in found
    assert "site/tables/trials.html" in found
    for address in found:
        if address.startswith(("site/", "tables", "notebooks", "report.")):
            check(results, address)
