# SPDX-License-Identifier: Apache-2.0
"""The project's own notebooks, run over a constructed campaign."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from nsm_resilience.report.notebook import run_notebook
from tests.builders.reports import Built

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"


@pytest.mark.parametrize("kind", ["mixed", "untested"])
@pytest.mark.parametrize(
    "stem", ["result-table", "outages", "consequences", "contrasts", "timelines", "testbed"]
)
def test_a_notebook_writes_its_figures_and_names_its_sources(
    stem: str, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    built: Built = request.getfixturevalue(kind)
    out = tmp_path / f"{stem}.ipynb"
    run_notebook(
        NOTEBOOKS / f"{stem}.py",
        out,
        {
            "tables": built.campaign.tables_dir,
            "figures": tmp_path / "figures",
        },
        cwd=NOTEBOOKS.parent,
    )
    notebook = nbformat.read(out, as_version=4)
    assert notebook.metadata.papermill.input_path == f"notebooks/{stem}.py"
    last = notebook.cells[-1].outputs[0].text
    shown = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/svg+xml" in output.get("data", {})
    ]
    described = built.numbers["figures"].values()
    own = [about["name"] for about in described if about["notebook"] == f"notebooks/{stem}.py"]
    assert len(shown) == len(own) > 0
    for name in own:
        assert (tmp_path / "figures" / f"{name}.svg").is_file()
        assert f"{name}.svg\n tables\n" in last
