# SPDX-License-Identifier: Apache-2.0
"""Wherever pages end, the template's documents can be set by the standards of the paper."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nsm_resilience.report.paper import compiled
from tests.builders.reports import PAPER

HEAD = """
#import "template.typ": template
#show: template.with(title: "T", subtitle: [S], author: "A", keywords: ("k",),
  date: datetime(year: 2026, month: 1, day: 1))
= Begin
"""
FLOAT = """
#figure(placement: top, scope: "parent", rect(height: {}mm, width: 100%), alt: "x", caption: [C])
"""
LENGTHS = (9, 30, 25, 60, 30, 20)


@pytest.mark.parametrize("mark", ["- {}.", "/ {}:", "+ {}."])
def test_a_list_may_break_anywhere_before_a_page_that_begins_with_floats(
    mark: str, tmp_path: Path
) -> None:
    """Before, 17 of 100 lengths of the text before it failed (Typst 0.15.2)."""
    shutil.copy(PAPER / "template.typ", tmp_path)
    main = tmp_path / "main.typ"
    items = "\n".join(f"{mark.format('A')} #lorem({length})" for length in LENGTHS)
    floats = "".join(FLOAT.format(height) for height in (100, 130, 130))
    for before in range(700, 900, 15):
        text = f"#lorem({before})\n{floats}\n#lorem(60)\n\n= A heading\n\n{items}\n\n= End\n"
        main.write_text(f"{HEAD}{text}#lorem(300)", encoding="utf-8")
        assert compiled(main, {}, tmp_path, timestamp=0).startswith(b"%PDF")


def test_the_numbers_of_a_list_go_on(tmp_path: Path) -> None:
    import json

    import typst

    shutil.copy(PAPER / "template.typ", tmp_path)
    main = tmp_path / "main.typ"
    main.write_text(HEAD + "+ one\n+ two\n+ three\n", encoding="utf-8")
    found = json.loads(typst.query(main, "enum", root=tmp_path))
    single = [one for one in found if len(one["children"]) == 1]
    assert [one["start"] for one in single] == [1, 2, 3]
