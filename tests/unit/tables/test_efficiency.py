# SPDX-License-Identifier: Apache-2.0
"""Every second of a lane's time is in one part, and the parts are told apart by whom they serve."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from nsm_resilience.record.events import Phase
from nsm_resilience.tables.efficiency import KINDS, PAUSE_S, AttemptTime, efficiency_rows
from nsm_resilience.tables.schemas import EFFICIENCY

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
PHASES = (("clean", 5.0), ("install", 20.0), ("watch", 70.0), ("wipe", 5.0))


def attempt(after_s: float, lane: str = "lane-1", complete: bool = True) -> AttemptTime:
    return AttemptTime(lane, BEGIN + timedelta(seconds=after_s), complete, PHASES)


def shares(*attempts: AttemptTime) -> dict[str, float]:
    table = EFFICIENCY.frame(efficiency_rows("c", attempts))
    return dict(zip(table["part"], table["share"].fillna(0), strict=True))


def test_every_phase_is_for_someone() -> None:
    assert set(get_args(Phase)) <= set(KINDS)


def test_the_shares_add_up_over_all_lanes_and_the_time_between_attempts() -> None:
    found = shares(attempt(0), attempt(120), attempt(0, "lane-2"))
    assert sum(found.values()) == pytest.approx(1)
    # three attempts of 100 s, and 20 s between those of lane 1
    assert found["between attempts"] == pytest.approx(20 / 320)
    assert found["watch"] == pytest.approx(210 / 320)


def test_a_long_pause_is_shown_and_is_no_lane_time() -> None:
    rows = efficiency_rows("c", [attempt(0), attempt(100 + PAUSE_S + 1)])
    by_part = {row["part"]: row for row in rows}
    assert by_part["pause"]["total_s"] == PAUSE_S + 1
    assert by_part["pause"]["share"] is None
    assert by_part["between attempts"]["n"] == 0
    assert sum(row["share"] or 0 for row in rows) == pytest.approx(1)


def test_an_attempt_that_came_to_nothing_is_ours_whole() -> None:
    found = shares(attempt(0, complete=False), attempt(100))
    assert found["incomplete attempts"] == pytest.approx(0.5)
    assert found["watch"] == pytest.approx(0.35)


def test_a_campaign_without_attempts_has_no_rows() -> None:
    assert efficiency_rows("c", []) == []
