# SPDX-License-Identifier: Apache-2.0
"""A figure that is added as CONTRIBUTING says is made; what is forgotten is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.projects import Project, recorded_project
from tests.builders.small_campaign import Small

pytestmark = pytest.mark.pipeline

OUTPUT = """
        mine=report(
            "results/figures/mine.svg",
            caption="../report/mine.rst",
            category="Figures",
            labels={"figure": "mine"},
        ),
    log:
        "results/logs/outages.log",
"""


@pytest.fixture
def extended(small: Small, tmp_path: Path) -> Project:
    """A project whose notebook of outages saves one more figure."""
    made = recorded_project(small, tmp_path / "project")
    rules = made.folder / "workflow" / "rules" / "notebooks.smk"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace('\n    log:\n        "results/logs/outages.log",\n', OUTPUT, 1))
    return made


def test_each_forgotten_place_of_a_figure_is_named_and_with_all_it_is_planned(
    extended: Project,
) -> None:
    target = ("--dry-run", "results/figures/mine.svg")
    first = extended.snakemake(*target)
    assert first.returncode == 1
    assert "write `mine` into FIGURES in workflow/rules/common.smk" in first.stdout
    assert "write workflow/report/mine.rst" in first.stdout
    assert "Traceback" not in first.stdout

    common = extended.folder / "workflow" / "rules" / "common.smk"
    common.write_text(
        common.read_text().replace('    "survival",\n', '    "survival",\n    "mine",\n')
    )
    (extended.folder / "workflow" / "report" / "mine.rst").write_text("Mine.\n")
    planned = extended.snakemake(*target)
    assert planned.returncode == 0, planned.stdout
    assert "rule outages:" in planned.stdout
