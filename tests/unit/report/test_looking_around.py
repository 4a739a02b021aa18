# SPDX-License-Identifier: Apache-2.0
"""Who looks around with the notebooks changes no result and no input of the workflow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nsm_resilience.report.notebook import (
    copy_notebooks,
    declared_parameters,
    read_percent_notebook,
)
from tests.builders.campaigns import construct

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
ALL = sorted(NOTEBOOKS.glob("*.py"))


@pytest.mark.parametrize("notebook", ALL, ids=lambda path: path.stem)
def test_by_default_a_notebook_keeps_no_figure_and_names_no_campaign(notebook: Path) -> None:
    defaults = declared_parameters(read_percent_notebook(notebook), notebook)
    assert (defaults["figures"], defaults["campaign"]) == ("", "")


def test_copies_have_a_kernel_and_those_that_are_there_are_kept(tmp_path: Path) -> None:
    import nbformat

    made = copy_notebooks(NOTEBOOKS, tmp_path / "explore")
    assert {path.stem for path in made} == {path.stem for path in ALL}
    for path in made:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
    mine = made[0]
    mine.write_text(json.dumps({"mine": True}), encoding="utf-8")
    made[1].unlink()
    assert copy_notebooks(NOTEBOOKS, tmp_path / "explore") == [made[1]]
    assert json.loads(mine.read_text(encoding="utf-8")) == {"mine": True}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where results lie, and the folders that a notebook is run from."""
    root = tmp_path_factory.mktemp("clone")
    built = construct(root, "supported", only=("S1", "S2"), records=False)
    assert built.tables_dir == root / "results" / "tables"
    (root / "results" / "explore").mkdir()
    return root


@pytest.mark.parametrize("folder", [".", "results/explore"])
def test_a_notebook_runs_in_plain_python_from_each_folder_and_leaves_the_results_alone(
    folder: str, clone: Path
) -> None:
    """From the folder of the notebooks: `site/test_exploring_notebooks.py`."""

    def files() -> dict[Path, int]:
        return {p: p.stat().st_mtime_ns for p in clone.rglob("*") if p.is_file()}

    before = files()
    subprocess.run(
        [sys.executable, str(NOTEBOOKS / "result-table.py")],
        cwd=clone / folder, check=True, capture_output=True,
    )  # fmt: skip
    assert files() == before
