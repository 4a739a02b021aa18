# SPDX-License-Identifier: Apache-2.0
"""A study whose words the paper cannot show is refused before its first trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsm_resilience.report.paper import check_texts, undisplayable
from nsm_resilience.study.load import ConfigError, load_study

QUICK = Path(__file__).parents[3] / "config" / "quick.yaml"


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("nsmd fails", []), ("узел клиента", []), ("nœud — „ß“ ≥ 5 µs", []), ("e\u0301", []),
        ("שלום עולם", []), ("مرحبا بالعالم", []), ("Ελλάδα", []),
        ("節点の障害", ["節", "点", "障", "害"]), ("nsmd 😀 fails 😀", ["😀"]),
        ("ไทย", ["ไ", "ท", "ย"]),
    ],
)  # fmt: skip
def test_characters_without_a_font_are_told(text: str, lacking: list[str]) -> None:
    assert undisplayable(["plain", text]) == ({text: lacking} if lacking else {})


@pytest.mark.parametrize("key", ["title", "where"])
def test_a_study_with_such_a_text_is_refused_with_the_place(key: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    text = QUICK.read_text(encoding="utf-8")
    old = {"title": "title: nsmd fails", "where": "where: client's node"}[key]
    file.write_text(text.replace(old, f"{key}: 節点 fails", 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"S2: {key}: .* no font for 節 \(U\+7BC0\), 点"):
        check_texts(load_study(file), file)
    check_texts(load_study(QUICK), QUICK)
