# SPDX-License-Identifier: Apache-2.0
"""A figure that is added as CONTRIBUTING says is built; what is forgotten is said at once."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from tests.builders.contributing import check_row
from tests.builders.projects import Project
from tests.builders.sources import Sources

pytestmark = pytest.mark.pipeline

NOTEBOOK = "notebooks/outages.py"
IMPORT = "from nsm_resilience.analysis.figures.losses import describe_losses"
CELL = """
# %%
losses = describe_losses(trials)
given.save(draw_losses(trials), losses)
"""


def add_to_notebook(sources: Sources) -> None:
    sources.add("analysis/figures/losses.py")
    sources.insert(
        NOTEBOOK, "from nsm_resilience.analysis.inputs import Inputs\n", f"{IMPORT}, draw_losses\n"
    )
    sources.insert(NOTEBOOK, "watch_s), survival)\n", CELL)
    sources.insert(NOTEBOOK, "print(survival.sources(tables))\n", "print(losses.sources(tables))\n")
    sources.insert(
        "workflow/rules/common.smk", '{"outages": "outages of the path", ', '"losses": "losses", '
    )


def add_to_paper(sources: Sources) -> None:
    numbers = "report/numbers.py"
    sources.insert(numbers, "import describe_contrasts\n", f"{IMPORT}\n")
    sources.insert(numbers, " describe_survival(trials),\n", "        describe_losses(trials),\n")
    sources.insert(
        "paper/supplement.typ", "\n#outages-in-numbers\n",
        '\n#picture-figure("losses", [Echoes lost by trial.])\n',
    )  # fmt: skip


def test_an_added_figure_is_in_notebook_site_and_paper(
    built: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = replace(built, folder=tmp_path / "project")
    shutil.copytree(built.folder, made.folder)
    sources = Sources.copy(tmp_path / "copy", made.folder)
    monkeypatch.setenv("PYTHONPATH", str(sources.folder))
    add_to_notebook(sources)
    first = made.snakemake("--dry-run", "results/figures/losses.svg")
    assert first.returncode == 1
    assert "write workflow/report/losses.rst" in first.stdout
    assert "Traceback" not in first.stdout

    sources.add("workflow/report/losses.rst")
    check_row("a new figure", sources)
    sources.touched.clear()
    add_to_paper(sources)
    check_row("a figure in the paper", sources)
    # trials are not judged again for it
    done = made.snakemake(
        "--rerun-triggers", "mtime", "--forcerun", "numbers",
        "--", "results/supplement.pdf", "results/site",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]
    results = made.folder / "results"
    numbers = json.loads((results / "numbers.json").read_text(encoding="utf-8"))
    about = numbers["figures"]["losses"]
    assert about["drawn"] and set(about["trials"]) <= set(built.trials)
    assert about["alt"] in (results / "figures" / "losses.svg").read_text(encoding="utf-8")
    page = (results / "site" / "notebooks" / "outages.html").read_text(encoding="utf-8")
    assert about["alt"] in page and "losses.svg" in page
    pages = pypdf.PdfReader(results / "supplement.pdf").pages
    text = "".join(page.extract_text() for page in pages)
    assert "Echoes lost by trial." in " ".join(text.split())
