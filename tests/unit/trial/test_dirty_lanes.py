# SPDX-License-Identifier: Apache-2.0
"""A lane that will not come clean is never used as it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.mesh import lane_cleaning
from nsm_resilience.mesh.lane_cleaning import heal_lanes
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.testbed.api import ApiUnavailable
from nsm_resilience.testbed.base import Lane, TestbedError
from nsm_resilience.testbed.config import Images, KindTestbed
from nsm_resilience.testbed.lanes import take_lane
from nsm_resilience.testbed.unusable_lanes import (
    lost_lanes,
    past_of,
    put_back,
    take_out,
    unusable,
)
from nsm_resilience.trial import conduct as conducting
from nsm_resilience.trial.attempts import attempts_of
from nsm_resilience.trial.conduct import VOID, conduct
from nsm_resilience.trial.meta import AttemptPlan
from tests.unit.trial.conftest import META, TRIAL

LANES = [Lane(1, "a", "b"), Lane(2, "c", "d"), Lane(3, "e", "f")]


@pytest.fixture
def locks(campaign: Path) -> Path:
    return campaign.parent / ".locks" / "c1"


@pytest.fixture
def run(campaign: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Conduct the trial; `why` says of a lane why it cannot be cleaned, None when it can."""

    def conduct_with(dirty: set[str], why: Callable[[Lane], str | None]) -> int:
        def attempt(plan: AttemptPlan) -> str | None:
            meta = {**META, "attempt": plan.attempt, "lane": plan.lane.name}
            writer = RecordWriter(plan.folder, meta)
            reason = "clean: files are left" if plan.lane.name in dirty else None
            if reason:
                writer.event("void", data={"reason": reason})
            writer.close()
            return reason

        monkeypatch.setattr(conducting, "run_attempt", attempt)
        monkeypatch.setattr(conducting, "_cluster", lambda _: (None, "c1"))
        monkeypatch.setattr(conducting, "find_lanes", lambda _: LANES)
        monkeypatch.setattr(conducting, "clean_again", lambda _c, lane, _i: why(lane))
        return conduct(campaign / "study.yaml", KindTestbed(), campaign, TRIAL, lambda _: None)

    return conduct_with


def attempts(campaign: Path) -> list[tuple[str, str]]:
    return [(a.lane, a.outcome) for a in attempts_of(CampaignLayout(campaign), TRIAL)]


def test_the_trial_goes_on_at_once_on_another_lane(
    campaign: Path, locks: Path, run: Callable[..., int]
) -> None:
    assert run({"lane-1", "lane-2"}, lambda lane: f"{lane.name} keeps files") == 0
    assert attempts(campaign) == [("lane-1", "void"), ("lane-2", "void"), ("lane-3", "complete")]
    assert [unusable(locks, lane.name) is not None for lane in LANES] == [True, True, False]
    told = list(lost_lanes([locks], "small"))
    assert [(one.lane, one.why, one.trial) for one in told] == [
        ("lane-1", "lane-1 keeps files", TRIAL),
        ("lane-2", "lane-2 keeps files", TRIAL),
    ]
    assert list(lost_lanes([locks], "another campaign")) == []
    (locks / "._lane-1.json").write_bytes(b"Mac OS X")
    assert list(lost_lanes([locks], "small")) == told


def test_when_no_lane_is_left_the_error_says_what_to_do(
    campaign: Path, run: Callable[..., int]
) -> None:
    with pytest.raises(TestbedError, match=r"(?s)lane-3 is out of use.*nsm-resilience cluster up"):
        run({"lane-1", "lane-2", "lane-3"}, lambda _: "dirty")
    assert not CampaignLayout(campaign).receipt(TRIAL).exists()


def test_a_lane_that_is_clean_at_the_second_look_stays_in_use(
    campaign: Path, locks: Path, run: Callable[..., int]
) -> None:
    assert run({"lane-1"}, lambda _: None) == VOID
    assert unusable(locks, "lane-1") is None
    assert run(set(), lambda _: None) == 0
    assert attempts(campaign) == [("lane-1", "void"), ("lane-1", "complete")]


def test_an_api_server_that_is_away_costs_no_lane(locks: Path, run: Callable[..., int]) -> None:
    def away(_: Lane) -> str:
        raise ApiUnavailable("no answer")

    assert run({"lane-1"}, away) == VOID
    assert all(unusable(locks, lane.name) is None for lane in LANES)


def test_a_lane_out_of_use_is_not_taken_by_any_runner(locks: Path) -> None:
    take_out(locks, "lane-1", "dirty", "small", TRIAL)
    with take_lane(LANES[:2], locks, 60) as lane:
        assert lane.name == "lane-2"
    put_back(locks, "lane-1")
    with take_lane(LANES[:2], locks, 60) as lane:
        assert lane.name == "lane-1"
    (past,) = past_of(locks, "lane-1")
    assert past.since and past.until


@pytest.mark.parametrize("content", ["", "[3]", '[{"lane": "a"}]', "3"])
def test_a_past_that_cannot_be_read_is_said_and_no_lane_is_taken(locks: Path, content: str) -> None:
    take_out(locks, "lane-1", "dirty", "small", TRIAL)
    (locks / "lane-1.json").write_text(content)
    with pytest.raises(TestbedError, match=r"lane-1.json does not say"):
        past_of(locks, "lane-1")


def test_a_lane_is_healed_by_proof_only(locks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for lane in LANES[:2]:
        take_out(locks, lane.name, "dirty", "small", TRIAL)
    said: list[str] = []

    def heal(still: set[str], lanes: list[Lane]) -> None:
        looked: list[str] = []

        def clean_again(_cluster: object, lane: Lane, _images: object) -> str | None:
            looked.append(lane.name)
            return "a process is left" if lane.name in still else None

        monkeypatch.setattr(lane_cleaning, "clean_again", clean_again)
        cluster: Any = None
        heal_lanes(cluster, lanes, Images(), locks, said.append)
        assert "lane-3" not in looked  # it was never out of use

    heal({"lane-2"}, LANES)
    assert unusable(locks, "lane-1") is None
    assert unusable(locks, "lane-2") is not None
    assert said[-1] == "lane-2 stays out of use: a process is left"
    with pytest.raises(TestbedError, match="cluster down"):
        heal({"lane-2"}, LANES[1:2])
