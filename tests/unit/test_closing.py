# SPDX-License-Identifier: Apache-2.0
"""What is said at the end of a build, and at the begin of a campaign on another plane."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsm_resilience.closing import closing_words, other_planes
from nsm_resilience.study.load import load_study
from nsm_resilience.study.schedule import make_schedule

CONFIG = Path(__file__).parents[2] / "config"


def test_a_build_ends_with_the_paths_to_open_and_what_the_paper_lacks(tmp_path: Path) -> None:
    for name in ("report.pdf", "report.html", "site/index.html", "logs/paper.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("results/report.pdf\n", encoding="utf-8")
    said = closing_words(tmp_path)
    for name in ("report.pdf", "report.html", "site/index.html"):
        assert f"  {tmp_path / name} " in said
    assert "Warning" not in said
    (tmp_path / "logs" / "paper.log").write_text("Warning: it lacks\nmuch\n", encoding="utf-8")
    assert closing_words(tmp_path).endswith("\nWarning: it lacks\nmuch")
    (tmp_path / "logs" / "supplement.log").write_text("Warning: a glyph\n", encoding="utf-8")
    assert closing_words(tmp_path).endswith("\nWarning: it lacks\nmuch\n\nWarning: a glyph")


def test_a_build_of_one_table_names_nothing_that_is_not_there(tmp_path: Path) -> None:
    assert closing_words(tmp_path) == ""


@pytest.mark.parametrize(("study", "lines"), [("study.yaml", 1), ("study-vpp.yaml", 0)])
def test_a_campaign_beside_the_plane_of_the_claims_says_so(study: str, lines: int) -> None:
    trials = make_schedule(load_study(CONFIG / study))
    assert len(list(other_planes(trial.cell for trial in trials))) == lines
