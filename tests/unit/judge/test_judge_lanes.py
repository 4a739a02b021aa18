# SPDX-License-Identifier: Apache-2.0
"""What lanes do to each other is told from what a fault does to its own lane."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.altered import parse
from nsm_resilience.judge.campaign import judge_campaign, read_judgements
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.study.models import Study
from tests.builders.records import build, describe, note, shifted
from tests.builders.samples import ns
from tests.builders.studies import make_study

VICTIM, CAUSE = "S6-kernel-monitored-kill/01", "S2-kernel-monitored-hang/01"
DISTURBED = [(5.0, 7.0)]
"""Two seconds of a path that its own fault left alone."""


def on_lane(number: int, *, boot: str = "", booted_s: float = 0.0, cluster: str = "") -> Any:
    """Where a record is from."""

    def change(meta: dict[str, Any]) -> None:
        meta["lane"] = f"lane-{number}"
        meta["host"] = {"cpus": 2}
        if boot:
            meta["boot"] = boot
        if cluster:
            meta["cluster"] = {**meta["cluster"], "id": cluster}

    return change


BEFORE_S = 15.0
"""How much earlier the fault of the trial comes that disturbs others when it is over."""


def continued(at_s: float) -> list[tuple[float, Any]]:
    """Acts of a trial that continues its hung nsmd, seconds from the fault of those it disturbs."""
    who = {"source": "agent", "node": "client", "target": "nsmd@client"}
    data = {"id": "fault-1", "ok": True, "t_begin_ns": ns(at_s)}
    return [(BEFORE_S + at_s + 0.03, note("undo", data=data, **who))]


def judged(folder: Path, jobs: int = 1) -> dict[str, Judgement]:
    describe(folder)
    judge_campaign(folder, folder / "verdicts.jsonl", jobs=jobs)
    return {j.trial: j for j in read_judgements(folder / "verdicts.jsonl")}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return make_study(tmp_path)


def cause(folder: Path, study: Study, at_s: float = 4.99, **given: Any) -> None:
    given = {"meta": on_lane(1), "acts": continued(at_s), **given}
    with shifted(-BEFORE_S):
        build(folder, "S2", study=study, factors={"failure": "hang"}, **given)


def hit(
    folder: Path, study: Study, scenario: str, lane: int, down: Sequence[Any], **given: Any
) -> None:
    given = {"meta": on_lane(lane), "settle": False, **given}
    build(folder, scenario, study=study, down=down, **given)


@pytest.mark.parametrize(
    ("at_s", "rule", "shared"),
    [
        (4.8, "shared_tolerance_s=0.05", 0),
        (4.8, "shared_tolerance_s=0.3", 1),
        (4.99, "shared_least_s=2.5", 0),
        (4.99, "shared_least_s=0.5", 1),
    ],
)
def test_lanes_are_compared_by_altered_rules_as_well(
    tmp_path: Path, study: Study, at_s: float, rule: str, shared: int
) -> None:
    cause(tmp_path, study, at_s)
    hit(tmp_path, study, "S6", 2, DISTURBED)
    describe(tmp_path)
    judge_campaign(tmp_path, tmp_path / "altered.jsonl", alterations=[parse(f"judge.{rule}")])
    (one,) = (j for j in read_judgements(tmp_path / "altered.jsonl") if j.trial == VICTIM)
    assert len(one.measures.disturbances) == shared
    assert (one.verdict == "unknown") == bool(shared)


def test_a_loss_in_two_lanes_at_once_is_left_out_of_both(tmp_path: Path, study: Study) -> None:
    cause(tmp_path, study)
    hit(tmp_path, study, "S6", 2, DISTURBED)
    hit(tmp_path, study, "S7", 3, [(5.02, 6.9)])
    found = judged(tmp_path)
    for trial in (VICTIM, "S7-kernel-monitored-kill/01"):
        one = found[trial]
        assert one.verdict == "supported", one.reason
        m = one.measures
        assert (m.path_verdict, m.outage_s, m.replies_lost) == ("alive", 0.0, 0)
        (shared,) = m.disturbances
        assert (shared.kind, shared.followed, shared.cause_trial) == ("loss", "left out", CAUSE)
        assert shared.act_text == "continued nsmd" and 0 < (shared.offset_ms or 0) < 50
        assert "left out" in one.reason


def test_the_attempt_that_caused_it_and_the_one_that_suffered_show_it(
    tmp_path: Path, study: Study
) -> None:
    cause(tmp_path, study)
    hit(tmp_path, study, "S6", 2, DISTURBED)
    found = judged(tmp_path)
    suffered = [e for e in found[VICTIM].evidence if e.what == "disturbance"]
    caused = [e for e in found[CAUSE].evidence if e.what == "disturbance"]
    assert {e.record for e in suffered} == {"", f"records/{CAUSE}/1"}
    assert {e.record for e in caused} == {"", f"records/{VICTIM}/1"}
    line = next(e.line for e in suffered if e.record)
    events = (tmp_path / "records" / CAUSE / "1" / "events.jsonl").read_text().splitlines()
    assert line is not None and '"kind":"undo"' in events[line - 1]


def test_an_outage_that_only_follows_on_an_act_of_another_lane_is_unknown(
    tmp_path: Path, study: Study
) -> None:
    cause(tmp_path, study)
    hit(tmp_path, study, "S6", 2, DISTURBED)
    one = judged(tmp_path)[VICTIM]
    assert one.verdict == "unknown" and one.measures.path_verdict == "unknown"
    assert one.reason.startswith("Disturbed by lane 1, which continued nsmd at ")
    assert CAUSE in one.reason
    assert one.measures.disturbances[0].followed == "unknown"


@pytest.mark.parametrize(
    ("down", "why"),
    [
        ([(5.0, 7.0), (6.98, 10.0)], "no other that began with it longer"),
        ([(5.0, 99.0)], "did not answer again"),
    ],
)
def test_a_shared_loss_that_cannot_be_told_from_an_own_outage_makes_unknown(
    tmp_path: Path, study: Study, down: list[tuple[float, float]], why: str
) -> None:
    cause(tmp_path, study)
    hit(tmp_path, study, "S6", 2, down)
    hit(tmp_path, study, "S7", 3, DISTURBED)
    found = judged(tmp_path)
    assert found[VICTIM].verdict == "unknown"
    assert found["S7-kernel-monitored-kill/01"].verdict == "supported"
    assert "Disturbed by lane 1" in found[VICTIM].reason


def test_a_loss_before_the_fault_that_goes_on_over_it_makes_unknown(
    tmp_path: Path, study: Study
) -> None:
    cause(tmp_path, study, at_s=-0.51)
    hit(tmp_path, study, "S6", 2, [(-0.5, 3.0)])
    hit(tmp_path, study, "S1", 3, [(-0.5, 2.0)])
    one = judged(tmp_path)[VICTIM]
    assert one.verdict == "unknown" and one.reason.startswith("Disturbed by lane 1")


def test_an_own_outage_beside_a_shared_loss_is_measured_without_it(
    tmp_path: Path, study: Study
) -> None:
    cause(tmp_path, study, at_s=6.99)
    hit(tmp_path, study, "S6", 2, [(1.0, 4.0), (7.0, 8.0)])
    hit(tmp_path, study, "S7", 3, [(7.0, 8.0)])
    m = judged(tmp_path)[VICTIM].measures
    assert len(m.outages) == 1 and m.outage_s == pytest.approx(3.0, abs=0.1)


def test_what_begins_with_a_fault_of_the_own_trial_is_its_own(tmp_path: Path, study: Study) -> None:
    """Two trials whose faults come in one instant do not disturb each other."""
    hit(tmp_path, study, "S6", 2, [(0.02, 3.0)])
    hit(tmp_path, study, "S7", 3, [(0.02, 3.0)])
    found = judged(tmp_path)
    assert all(not j.measures.disturbances for j in found.values())
    assert found[VICTIM].measures.outage_s == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize(
    "elsewhere",
    [on_lane(2), on_lane(3, cluster="another"), on_lane(3, boot="b")],
    ids=["the same lane", "another cluster", "another clock"],
)
def test_only_other_lanes_of_one_cluster_and_clock_are_compared(
    tmp_path: Path, study: Study, elsewhere: Any
) -> None:
    hit(tmp_path, study, "S6", 2, DISTURBED)
    hit(tmp_path, study, "S7", 3, DISTURBED, meta=elsewhere)
    found = judged(tmp_path)
    assert not found[VICTIM].measures.disturbances
    assert found[VICTIM].measures.outage_s == pytest.approx(2.0, abs=0.1)


def test_what_begins_later_than_the_tolerance_is_not_shared(tmp_path: Path, study: Study) -> None:
    hit(tmp_path, study, "S6", 2, DISTURBED)
    hit(tmp_path, study, "S7", 3, [(5.1, 7.0)])
    assert not judged(tmp_path)[VICTIM].measures.disturbances


def test_a_void_attempt_is_looked_at_as_well(tmp_path: Path, study: Study) -> None:
    """Its acts disturb as those of any other."""
    cause(tmp_path, study, void="steady: not Ready")
    hit(tmp_path, study, "S6", 2, DISTURBED)
    assert judged(tmp_path)[VICTIM].verdict == "unknown"


def test_a_watch_that_ended_early_for_a_shared_loss_is_long_enough(
    tmp_path: Path, study: Study
) -> None:
    end = {"watch_s": 10.2, "because": "recovered and settled"}
    cause(tmp_path, study)
    for scenario, lane in (("S6", 2), ("S7", 3)):
        hit(tmp_path, study, scenario, lane, DISTURBED, **end)
    one = judged(tmp_path)[VICTIM]
    assert (one.verdict, one.measures.path_verdict) == ("supported", "alive"), one.reason


def test_the_look_does_not_depend_on_the_number_of_processes(
    tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nsm_resilience.judge.campaign.CHUNK", 2)  # records for one process
    cause(tmp_path, study)
    for number in (1, 2):
        hit(tmp_path, study, "S6", 2, DISTURBED, number=number)
        hit(tmp_path, study, "S7", 3, DISTURBED, number=number)
    describe(tmp_path)
    judge_campaign(tmp_path, tmp_path / "one.jsonl")
    judge_campaign(tmp_path, tmp_path / "two.jsonl", jobs=2)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


def test_chance_is_counted_beside_what_is_found(tmp_path: Path, study: Study) -> None:
    hit(tmp_path, study, "S6", 2, [(2.0, 4.0)])
    hit(tmp_path, study, "S7", 3, [(2.0, 4.0), (9.0, 10.0)])
    losses = [
        one for j in judged(tmp_path).values() for one in j.measures.looked if one.kind == "loss"
    ]
    assert sum(one.stretches for one in losses) == 3
    assert sum(one.shared for one in losses) == 2
    assert sum(max(one.shifted) for one in losses) == 2, "7 s apart: found when moved by 7 s"


@pytest.mark.parametrize(
    ("at_s", "shared"),
    [
        (5.03, False),  # the loss, of what was sent at 5.00 s, had begun before the act
        (5.0, True),  # in one instant
        (4.93, True),  # undone from 4.93 to 4.96 s: the loss begins 0.04 s after its end
        (4.91, False),  # 0.06 s after its end
    ],
)
def test_a_loss_follows_on_an_act_from_its_begin_to_the_tolerance_after_its_end(
    tmp_path: Path, study: Study, at_s: float, shared: bool
) -> None:
    cause(tmp_path, study, at_s)
    hit(tmp_path, study, "S6", 2, DISTURBED)
    one = judged(tmp_path)[VICTIM]
    assert bool(one.measures.disturbances) == shared
    assert (one.verdict == "unknown") == shared, one.reason


@pytest.mark.parametrize(("begin", "shared"), [(5.04, True), (5.06, False)])
def test_losses_of_two_lanes_begin_together_to_the_tolerance(
    tmp_path: Path, study: Study, begin: float, shared: bool
) -> None:
    hit(tmp_path, study, "S6", 2, DISTURBED)
    hit(tmp_path, study, "S7", 3, [(begin, 6.9)])
    found = judged(tmp_path)
    assert {bool(one.measures.disturbances) for one in found.values()} == {shared}


def without_samples(record: Path) -> None:
    """As a killed runner may leave it."""
    for path in (record / "samples").iterdir():
        path.unlink()


@pytest.mark.parametrize("given", [{"close": False}, {"void": "clean: dirty", "close": False}])
@pytest.mark.parametrize("empty", [False, True])
def test_an_act_of_an_attempt_that_came_to_no_end_disturbs_as_well(
    tmp_path: Path, study: Study, given: dict[str, Any], empty: bool
) -> None:
    cause(tmp_path, study, **given)
    if empty:
        without_samples(tmp_path / "records" / CAUSE / "1")
    hit(tmp_path, study, "S6", 2, DISTURBED)
    one = judged(tmp_path)[VICTIM]
    assert one.verdict == "unknown" and one.reason.startswith("Disturbed by lane 1"), one.reason


@pytest.mark.parametrize(
    ("elsewhere", "shared"),
    [
        ({"cluster": "b"}, False),  # the campaign went on with a new cluster
        ({"boot": "one"}, False),  # the victim's record does not know its boot: not one clock
        ({}, True),
    ],
)
def test_an_act_on_another_cluster_or_of_another_clock_disturbs_nobody(
    tmp_path: Path, study: Study, elsewhere: dict[str, str], shared: bool
) -> None:
    def there(meta: dict[str, Any]) -> None:
        on_lane(1, **elsewhere)(meta)

    cause(tmp_path, study, meta=there)
    hit(tmp_path, study, "S6", 2, DISTURBED)
    assert bool(judged(tmp_path)[VICTIM].measures.disturbances) == shared


def test_a_lane_that_ended_before_shares_nothing(tmp_path: Path, study: Study) -> None:
    """What it lost at its own 5 s was a minute before."""
    with shifted(-60.0):
        hit(tmp_path, study, "S7", 3, DISTURBED)
    hit(tmp_path, study, "S6", 2, DISTURBED)
    assert not any(one.measures.disturbances for one in judged(tmp_path).values())


def test_a_record_that_is_not_believed_disturbs_nobody(tmp_path: Path, study: Study) -> None:
    cause(tmp_path, study, leave_out=["cluster"])
    hit(tmp_path, study, "S6", 2, DISTURBED)
    found = judged(tmp_path)
    assert found[CAUSE].outcome == "unreadable" and not found[VICTIM].measures.disturbances


def test_three_lanes_that_lose_at_once_share_it_and_an_act_explains_all(
    tmp_path: Path, study: Study
) -> None:
    cause(tmp_path, study)
    for scenario, lane, end in (("S6", 2, 7.0), ("S7", 3, 6.0), ("S1", 4, 6.5)):
        hit(tmp_path, study, scenario, lane, [(5.0, end)])
    found = judged(tmp_path)
    for one in (j for j in found.values() if j.trial != CAUSE):
        (shared,) = one.measures.disturbances
        assert one.verdict == "supported", one.reason
        assert len(shared.beside) == 2 and shared.cause_trial == CAUSE
