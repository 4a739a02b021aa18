# SPDX-License-Identifier: Apache-2.0
"""A figure that is added as CONTRIBUTING says is made; what is forgotten is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.projects import recorded_project
from tests.builders.small_campaign import Small

pytestmark = pytest.mark.pipeline


def test_a_figure_without_a_caption_is_named_and_with_one_it_is_planned(
    small: Small, tmp_path: Path
) -> None:
    made = recorded_project(small, tmp_path / "project")
    common = made.folder / "workflow" / "rules" / "common.smk"
    text, entry = common.read_text(encoding="utf-8"), '{"outages": "outages of the path", '
    assert entry in text
    common.write_text(text.replace(entry, entry + '"mine": "mine", '), encoding="utf-8")
    target = ("--dry-run", "results/figures/mine.svg")
    first = made.snakemake(*target)
    assert first.returncode == 1
    assert "write workflow/report/mine.rst" in first.stdout
    assert "Traceback" not in first.stdout

    (made.folder / "workflow" / "report" / "mine.rst").write_text("Mine.\n")
    planned = made.snakemake(*target)
    assert planned.returncode == 0, planned.stdout
    assert "rule outages:" in planned.stdout
