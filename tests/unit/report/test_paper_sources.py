# SPDX-License-Identifier: Apache-2.0
"""Sources of the paper: no result is typed into them, and what is wrong in one is said."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from nsm_resilience.report.paper import PaperError, build_paper
from tests.builders.reports import PAPER, Built


def test_no_number_is_typed_into_the_prose() -> None:
    """Digits in the source's text are names (S1, NSM versions, PDF units), never results."""
    allowed = re.compile(
        r"@[\w-]+|\b(?:S|C)\d\b|nsmd-k8s|//.*|\"[^\"\n]*\"|\d*\.?\d+(?:mm|pt|em|fr|deg|%)|rgb\([^)]*\)"
    )
    code = re.compile(r"#(?:let|if|for|show|set|import|figure)\b|\.\w+\(|[=<>(),:{}]\s*-?\d")
    offenders = []
    for name in (
        "main.typ", "supplement.typ", "words.typ", "campaigns.typ", "coverage.typ", "questions.typ",
    ):  # fmt: skip
        for number, line in enumerate((PAPER / name).read_text("utf-8").splitlines(), start=1):
            rest = allowed.sub("", line)
            if re.search(r"\d", rest) and not code.search(rest):
                offenders.append(f"{name}:{number}: {line.strip()}")
    assert offenders == []


def test_no_semicolon_ends_an_expression_where_it_was_meant_as_a_sign() -> None:
    """Typst takes it as the end of the code before it, and two clauses run into one."""
    swallowed = re.compile(r"#[a-z][\w.-]*(?:\([^()]*\))?;")
    found = [
        (path.name, swallowed.findall(path.read_text("utf-8"))) for path in PAPER.glob("*.typ")
    ]
    assert found
    assert [one for one in found if one[1]] == []


def test_no_verdict_word_is_typed_for_a_scenario() -> None:
    for name in ("main.typ", "supplement.typ", "questions.typ"):
        source = (PAPER / name).read_text("utf-8")
        assert not re.search(r"\bS\d\b", source)
        assert not re.search(r"\b\d+\s*(?:of|/)\s*\d+\b", source)


def test_a_missing_figure_is_named_with_its_notebook(mixed: Built, tmp_path: Path) -> None:
    numbers = shutil.copy(mixed.numbers_path, tmp_path)
    with pytest.raises(PaperError, match=r"outages\.svg, drawn by notebooks/outages\.py"):
        build_paper(mixed.main, tmp_path / "out.pdf", Path(numbers), mixed.root)
    assert not (tmp_path / "out.pdf").exists()


def test_missing_numbers_are_an_error(mixed: Built, tmp_path: Path) -> None:
    with pytest.raises(PaperError, match="run `snakemake` first"):
        build_paper(mixed.main, tmp_path / "out.pdf", tmp_path / "numbers.json", mixed.root)


def small(root: Path, text: str) -> tuple[Path, Path]:
    numbers = root / "numbers.json"
    described = {
        "links": {"figures": "figures"},
        "figures": {},
        "campaign": {"created": {"unix": 0}},
    }
    numbers.write_text(json.dumps(described), encoding="utf-8")
    main = root / "main.typ"
    head = '#set document(title: "T", date: datetime(year: 2026, month: 1, day: 1))\n'
    main.write_text(head + text, encoding="utf-8")
    return main, numbers


def test_a_glyph_that_no_font_has_is_named(tmp_path: Path) -> None:
    main, numbers = small(tmp_path, "漢 is not in the fonts.")
    lacking = build_paper(main, tmp_path / "out.pdf", numbers, tmp_path)
    assert "no font of the paper has a glyph for 漢 (U+6F22)" in lacking
    assert "out.pdf was set, but it " in lacking
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")


def test_a_warning_is_an_error(tmp_path: Path) -> None:
    main, numbers = small(tmp_path, '#set text(font: "No Such Font")\nwords')
    with pytest.raises(PaperError, match="unknown font family"):
        build_paper(main, tmp_path / "out.pdf", numbers, tmp_path)


def test_a_figure_without_words_costs_the_standard_and_not_the_paper(tmp_path: Path) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    (tmp_path / "a.svg").write_text(svg, encoding="utf-8")
    main, numbers = small(tmp_path, '#image("a.svg")')
    lacking = build_paper(main, tmp_path / "out.pdf", numbers, tmp_path)
    assert "it follows neither PDF/UA-1 nor PDF/A-2a, but PDF/A-2b" in lacking
    assert "missing alt" in lacking
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")


def test_an_error_of_our_own_beside_one_of_a_standard_is_an_error(tmp_path: Path) -> None:
    main, numbers = small(tmp_path, "漢 #undeclared")
    with pytest.raises(PaperError, match="unknown variable"):
        build_paper(main, tmp_path / "out.pdf", numbers, tmp_path)
    assert not (tmp_path / "out.pdf").exists()


def test_a_dead_reference_is_an_error_with_its_place(tmp_path: Path) -> None:
    main, numbers = small(tmp_path, "See @nowhere.")
    with pytest.raises(PaperError, match=r"(?s)label `<nowhere>` does not exist.*main\.typ:2"):
        build_paper(main, tmp_path / "out.pdf", numbers, tmp_path)


def test_the_format_does_not_come_from_the_name(tmp_path: Path) -> None:
    main, numbers = small(tmp_path, "= Words")
    out = tmp_path / "paper.out"
    build_paper(main, out, numbers, tmp_path)
    assert out.read_bytes().startswith(b"%PDF")


def test_a_source_outside_of_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    main, numbers = small(tmp_path, "words")
    with pytest.raises(PaperError, match="lies outside of"):
        build_paper(main, tmp_path / "out.pdf", numbers, tmp_path / "in")


def test_results_may_lie_on_another_disk_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "far").mkdir()
    (tmp_path / "in" / "results").symlink_to(tmp_path / "far")
    main, numbers = small(tmp_path / "in", "#json(sys.inputs.numbers).keys().len()")
    moved = tmp_path / "in" / "results" / numbers.name
    numbers.rename(moved)
    assert build_paper(main, tmp_path / "out.pdf", moved, tmp_path / "in") == ""
