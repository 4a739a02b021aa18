# SPDX-License-Identifier: Apache-2.0
"""The HTML report on a narrow screen: its start page can be read, and its menu covers nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import TELEPHONE, headless
from tests.builders.projects import Project

pytestmark = [pytest.mark.pipeline, pytest.mark.browser]


def test_the_start_page_fits_a_telephone(
    built: Project, chromium: tuple[str, str], tmp_path: Path
) -> None:
    with headless(chromium, tmp_path) as browser, browser.as_telephone():
        browser.open(built.folder / "results" / "report.html")
        # Snakemake's script draws the page
        left, right, top, menu = browser.driver.execute_async_script(
            """const done = arguments[0];
            const look = () => {
              const text = document.querySelector('.prose p');
              if (!text) { setTimeout(look, 50); return; }
              const box = text.getBoundingClientRect();
              const menu = document.querySelector('#app nav').getBoundingClientRect();
              done([box.left, box.right, box.top, menu.bottom]);
            };
            look();"""
        )
        assert 0 <= left < right <= TELEPHONE
        assert top >= menu
        assert browser.run("return document.documentElement.scrollWidth") <= TELEPHONE
