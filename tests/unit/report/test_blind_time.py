# SPDX-License-Identifier: Apache-2.0
"""For how long new clients were refused, as the report writes it."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from nsm_resilience.report.cell_rows import _blind


@pytest.mark.parametrize(
    ("median", "least", "words"),
    [
        (203.0, [60.4, 60.4], "60.4 to 203"),
        (2.5, [2.5, 2.5], "2.50"),
        (0.0, [0.0, 0.0], "0"),
        (math.inf, [180.1, 180.3], "> 180"),  # nobody was taken: longer than the last was asked
    ],
)
def test_a_blind_time_is_a_value_an_interval_or_longer_than_what_was_asked(
    median: float, least: list[float], words: str
) -> None:
    row = {"blind_median_s": median, "blind_n": 2}
    assert _blind(row, pd.DataFrame({"blind_at_least_s": least})) == words


def test_where_nobody_asked_in_the_watch_nothing_is_said() -> None:
    row = {"blind_median_s": math.nan, "blind_n": 0}
    assert _blind(row, pd.DataFrame({"blind_at_least_s": []})) == ""
