# SPDX-License-Identifier: Apache-2.0
"""Which times of judged trials there are, and which of them were not seen to end."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from nsm_resilience.analysis.measures import BY_NAME
from nsm_resilience.statistics.times import Times

INF = math.inf
NAN = math.nan


def judged(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"watch_s": [120.0, 120.0, NAN], **columns})


def test_times_without_a_flag_or_without_an_end_are_refused() -> None:
    with pytest.raises(ValueError, match="2 times and 1 flags"):
        Times((1.0, 2.0), (True,))
    with pytest.raises(ValueError, match="observed=False"):
        Times((INF,), (True,))


def test_an_outage_is_censored_where_the_table_says_so() -> None:
    rows = judged(outage_s=[2.5, 119.0, NAN], outage_censored=[False, True, None])
    assert BY_NAME["outage_s"].sample(rows).times == Times((2.5, 119.0), (True, False))


def test_what_was_not_shown_is_censored_at_the_end_of_the_watch() -> None:
    rows = judged(detected_s=[NAN, 3.0, NAN], detected_unknown=[None, None, None])
    assert BY_NAME["detected_s"].sample(rows).times == Times((120.0, 3.0), (False, True))


def test_what_is_not_known_is_no_time_at_all() -> None:
    rows = judged(notified_s=[NAN, 3.0, NAN], notified_unknown=["the clock was set", None, None])
    assert BY_NAME["notified_s"].sample(rows).times == Times((3.0,), (True,))
