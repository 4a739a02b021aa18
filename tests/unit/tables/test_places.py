# SPDX-License-Identifier: Apache-2.0
"""Rows of a table are found again in its CSV file under the numbers that are given."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from nsm_resilience.tables.row_numbers import in_words, rows_of, spans

TABLE = pd.DataFrame({"cell": ["a", "b", "b", "a", "b"]})


def test_the_header_is_row_one_as_in_a_spreadsheet(tmp_path: Path) -> None:
    TABLE.to_csv(tmp_path / "t.csv", index=False)
    lines = (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()
    found = rows_of(TABLE[TABLE["cell"] == "b"])
    assert found == [(3, 4), (6, 6)]
    for first, last in found:
        assert all(line == "b" for line in lines[first - 1 : last])


@pytest.mark.parametrize(
    ("numbers", "words"), [([], ""), ([7], "7"), ([2, 3, 4, 9], "2–4, 9"), ([2, 4, 5], "2, 4–5")]
)
def test_neighbours_are_joined(numbers: list[int], words: str) -> None:
    assert in_words(spans(numbers)) == words
