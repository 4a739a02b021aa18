# SPDX-License-Identifier: Apache-2.0
"""The project's own notebooks, run over a campaign of which no trial was run.

Over data they are run by the build of the pipeline's tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.notebooks import run_here
from tests.builders.reports import Built


@pytest.mark.parametrize(
    "stem", ["result-table", "outages", "consequences", "contrasts", "timelines", "testbed"]
)
def test_a_notebook_writes_its_figures_and_names_its_sources(
    stem: str, untested: Built, tmp_path: Path
) -> None:
    given = {"tables": untested.campaign.tables_dir, "figures": tmp_path / "figures"}
    cells = run_here(stem, given)
    last = cells[-1].printed
    shown = [data for cell in cells for data in cell.shown if "image/svg+xml" in data]
    described = untested.numbers["figures"].values()
    own = {about["name"] for about in described if about["notebook"] == f"notebooks/{stem}.py"}
    written = {path.stem for path in (tmp_path / "figures").glob("*.svg")}
    assert len(shown) == len(written) and set() < own <= written
    for name in written:
        assert f"{name}.svg\n tables\n" in last
