# SPDX-License-Identifier: Apache-2.0
"""A second campaign in the numbers, in the paper, in the notebook and on the terminal."""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from built_report import PAPER, Built, set_paper
from constructed_campaign import Constructed, construct
from rich.console import Console
from typer.testing import CliRunner

from nsm_resilience.analysis import style
from nsm_resilience.analysis.comparison import Side, compare_campaigns
from nsm_resilience.analysis.figures.comparison import describe_comparison
from nsm_resilience.cli import app
from nsm_resilience.report.comparison import write_comparison
from nsm_resilience.report.notebook import run_notebook
from nsm_resilience.report.numbers import NumbersError, Second, descriptions, write_numbers
from nsm_resilience.report.side_by_side import print_comparison
from nsm_resilience.report.sides import SideError, read_sides, sides_of_tables

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"


@dataclass
class Two:
    """Two constructed campaigns, and the numbers of the paper with both."""

    first: Constructed
    second: Constructed
    numbers: dict[str, Any]

    @property
    def results(self) -> Path:
        return self.first.root / "results"

    @property
    def sides(self) -> tuple[Side, Side]:
        return sides_of_tables(self.first.tables_dir, self.second.tables_dir)


def two(root: Path, first: str, second: str, **how: Any) -> Two:
    """Build both below one root; `how` is how the second is constructed."""
    campaigns = (
        construct(root, first, most_trials=6),
        construct(root / "results" / "other", second, most_trials=6, **how),
    )
    scratch = root / "scratch"
    sides = read_sides(
        campaigns[0].campaign, campaigns[1].campaign, scratch,
        campaigns[0].tables_dir, campaigns[1].tables_dir,
    )  # fmt: skip
    write_comparison(compare_campaigns(*sides), campaigns[0].tables_dir)
    numbers = write_numbers(
        campaigns[0].tables_dir,
        campaigns[0].campaign,
        root / "results" / "numbers.json",
        second=Second(campaigns[1].tables_dir, campaigns[1].campaign),
    )
    return Two(*campaigns, numbers)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Two:
    return two(tmp_path_factory.mktemp("changed"), "mixed", "supported", planes=("vpp",))


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Two:
    return two(tmp_path_factory.mktemp("alike"), "mixed", "mixed")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Two:
    return two(tmp_path_factory.mktemp("empty"), "supported", "untested")


def prose(built: Two) -> str:
    """Set the paper with stand-ins for figures; return its text."""
    root = built.first.root
    if not (root / "paper").exists():
        shutil.copytree(PAPER, root / "paper")
        figures = [
            *descriptions(built.first.tables, built.first.campaign),
            describe_comparison(*built.sides),
        ]
        for about in figures:
            figure = style.new_figure(style.COLUMN_MM, 30)
            path = root / "results" / "figures" / f"{about.name}.svg"
            style.save_figure(figure, path, title=about.title, alt=about.alt)
    return set_paper(root, "par", "list")


def test_without_a_second_campaign_nothing_is_said_of_one(mixed: Built) -> None:
    assert mixed.numbers["comparison"] is None
    assert "comparison" not in mixed.numbers["figures"]


def test_the_numbers_hold_the_second_campaigns_nine_and_claims(changed: Two) -> None:
    second = changed.numbers["comparison"]["second"]
    kernel, vpp = second["planes"]
    assert not kernel["tested"] and vpp["tested"]
    assert [r["scenario"] for r in vpp["rows"]][:9] == [f"S{n}" for n in range(1, 10)]
    assert [c["claim"] for c in vpp["claims"]] == ["C0", "C1", "C2"]
    record = (changed.results / vpp["rows"][1]["typical"]["record"]).resolve()
    assert (record / "events.jsonl").is_file()


def test_rows_are_in_words_and_variants_are_told_apart(changed: Two) -> None:
    rows = changed.numbers["comparison"]["rows"]
    s2 = [row for row in rows if row["scenario"] == "S2"]
    assert [row["variant"] for row in s2] == ["monitored", "plain"]
    assert (s2[0]["first"]["kn"], s2[0]["second"]["kn"], s2[0]["difference"]) == (
        "0/6", "6/6", "+1.00",
    )  # fmt: skip
    assert s2[0]["times"]["outage"]["first"] == "> 120"
    assert "S2 (monitored)" in changed.numbers["comparison"]["apart"]["outage"]


def test_a_missing_comparison_is_named_with_its_command(changed: Two, tmp_path: Path) -> None:
    with pytest.raises(
        NumbersError, match=r"comparison\.parquet is missing; run `nsm-resilience c"
    ):
        write_numbers(
            changed.second.tables_dir, changed.second.campaign, tmp_path / "n.json",
            second=Second(changed.first.tables_dir, changed.first.campaign),
        )  # fmt: skip


def test_the_paper_tells_changes_and_the_second_plane(changed: Two) -> None:
    text = prose(changed)
    changes = changed.numbers["comparison"]["changes"]
    assert changes["changed"] > 1
    assert f"{changes['same']} have the same verdict in both and {changes['changed']} have" in text
    assert "unsupported in the first (0/6), supported in the second (6/6)" in text
    assert "the forwarding plane (kernel in the first, VPP in the second)" in text
    assert "On the VPP plane all nine scenarios were run" in text
    assert "Further apart than chance explains" in text
    assert "The second campaign has trials on it" in text
    assert "what lies between clusters cannot be separated" in text


def test_the_paper_denies_changes_where_there_are_none(alike: Two) -> None:
    text = prose(alike)
    assert "have the same verdict in both." in text
    assert "In no cell are the times of the two campaigns further apart" in text
    assert "Cells are matched by scenario and by the level of every factor" in text
    for wrong in ("They are:", "Further apart than chance", "differ throughout"):
        assert wrong not in text


def test_a_second_campaign_without_trials_has_no_verdict_in_the_paper(empty: Two) -> None:
    text = prose(empty)
    assert "The second campaign has no judged trial" in text
    assert "so no verdict can be compared" in text
    assert "Further apart" not in text


def test_the_notebook_draws_the_figure(changed: Two, tmp_path: Path) -> None:
    out = tmp_path / "compare.ipynb"
    parameters = {
        "tables": changed.first.tables_dir, "campaign_dir": changed.first.campaign,
        "second_tables": changed.second.tables_dir,
        "second_campaign_dir": changed.second.campaign, "figures": tmp_path / "figures",
    }  # fmt: skip
    run_notebook(NOTEBOOKS / "compare.py", out, parameters, cwd=NOTEBOOKS.parent)
    assert (tmp_path / "figures" / "comparison.svg").is_file()
    printed = nbformat.read(out, as_version=4).cells[-1].outputs[0].text
    assert printed.startswith("comparison.svg\n tables\n")


def test_the_terminal_shows_lines_and_a_file_shows_none(changed: Two) -> None:
    comparison = compare_campaigns(*changed.sides)
    texts = {}
    for terminal in (True, False):
        out = io.StringIO()
        print_comparison(comparison, Console(file=out, force_terminal=terminal, width=160))
        texts[terminal] = out.getvalue()
    assert "CHANGED" in texts[True] and "─" in texts[True]
    assert "CHANGED" in texts[False]
    assert "─" not in texts[False] and "\x1b" not in texts[False]
    assert "They differ in plane throughout (kernel, vpp)" in texts[False]


def test_the_command_compares_folders_of_tables_and_writes_what_it_found(
    changed: Two, tmp_path: Path
) -> None:
    arguments = ["compare", str(changed.first.tables_dir), str(changed.second.tables_dir)]
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "CHANGED" in done.output
    for name in ("comparison", "comparison_times"):
        written = (tmp_path / f"{name}.csv").read_bytes()
        assert written == (changed.first.tables_dir / f"{name}.csv").read_bytes()


def test_what_is_no_campaign_is_refused_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(SideError, match=r"is no campaign; give a recorded one"):
        read_sides(tmp_path, tmp_path, tmp_path / "scratch")


def test_the_environment_is_read_from_the_records(changed: Two, tmp_path: Path) -> None:
    sides = read_sides(
        changed.first.campaign, changed.second.campaign, tmp_path,
        changed.first.tables_dir, changed.second.tables_dir,
    )  # fmt: skip
    facts = sides[0].facts
    assert facts["kind"] == "0.30.0" and facts["Kubernetes"] == "v1.34.4"
    assert facts["image nsmd"] == f"v0.2.0 {'ab' * 32}"
    assert facts["window watch, s"] == "120"
    assert set(sides[0].clusters.values()) == {"c0"}
