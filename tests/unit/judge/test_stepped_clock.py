# SPDX-License-Identifier: Apache-2.0
"""A wall clock that is set during a trial: the same values as without, or none and the reason."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsm_resilience.judge.instruments import instrument_failure
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.trial import judge_record
from nsm_resilience.judge.wall_clock import STEP_NS, Moment, WallClock, Witness, parse_wall
from tests.builders import records
from tests.builders.records import Acts, monitor_says, note, record
from tests.builders.samples import ZERO_WALL, ns

TOLD_S, WARNED_S = 4.0, 2.25
MEASURES = ("detected_s", "detected_by", "notified_s", "notified_by")


def stepped(by_s: float, at_s: float, back_s: float | None = None) -> Any:
    """The constructed wall clock, set by so many seconds at an instant (and back at another)."""
    from datetime import timedelta

    def wall(seconds: float) -> str:
        since = seconds >= at_s and (back_s is None or seconds < back_s)
        moment = ZERO_WALL + timedelta(seconds=seconds + (by_s if since else 0.0))
        return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")

    return patch.object(records, "wall", wall)


def beats(every_s: float) -> Acts:
    """What an agent tells of its node's wall clock, as it does ten times a second at a change."""

    def reading(at_s: float) -> tuple[int, int]:
        return ns(at_s), int(parse_wall(records.wall(at_s)) or 0)

    acts = []
    for number in range(int(24 / every_s)):
        at_s = -9.0 + number * every_s
        (t_ns, wall_ns), before = reading(at_s), reading(at_s - every_s)
        data = {"wall_ns": wall_ns, "wall_error_ns": 900, "slept_ns": 0, "before": [*before, 900]}
        acts.append((at_s, note("clock", source="agent", node="client", t_ns=t_ns, data=data)))
    return acts


def warning(at_s: float, reason: str = "BackOff", name: str = "nsmgr-qb9mv") -> dict[str, Any]:
    stamp = records.wall(at_s)
    return {
        "type": "Warning", "reason": reason, "message": "back-off restarting",
        "involvedObject": {"kind": "Pod", "name": name}, "firstTimestamp": stamp,
        "lastTimestamp": stamp, "source": {"component": "kubelet", "host": "worker"},
    }  # fmt: skip


def judge(folder: Path, scenario: str = "S9", acts: Acts = (), told: bool = True) -> Judgement:
    says = [(TOLD_S, monitor_says(TOLD_S, "Connection closed"))] if told else []
    quiet = [(t, monitor_says(t, "Retry")) for t in (-1.0, 1.0, 3.0, 9.0)]
    return judge_record(
        record(folder, scenario, acts=[*says, *quiet, *acts], kubernetes=[warning(WARNED_S)])
    )


@pytest.fixture(scope="module")
def plain() -> Iterator[Judgement]:
    with tempfile.TemporaryDirectory() as folder:
        yield judge(Path(folder))


def values(found: Judgement) -> dict[str, Any]:
    return {name: getattr(found.measures, name) for name in MEASURES}


def test_without_a_step_the_values_are_known(plain: Judgement) -> None:
    assert plain.measures.notified_s == pytest.approx(TOLD_S, abs=1e-3)
    assert plain.measures.detected_s == pytest.approx(WARNED_S)
    assert plain.measures.detected_unknown is None and plain.measures.notified_unknown is None


@settings(max_examples=30, deadline=None)
@given(
    by_s=st.floats(0.05, 5000.0) | st.floats(-5000.0, -0.05),
    at_s=st.floats(-9.5, 25.0),
    back=st.booleans(),
    beat_s=st.sampled_from([None, 0.1, 0.5, 3.0]),
)
def test_a_step_at_any_instant_gives_the_same_values_or_none_with_the_reason(
    plain: Judgement, by_s: float, at_s: float, back: bool, beat_s: float | None
) -> None:
    """Set back: at a time that a witness sees, ten seconds later."""
    with (
        tempfile.TemporaryDirectory() as folder,
        stepped(by_s, at_s, at_s + 10 if back and beat_s else None),
    ):
        found = judge(Path(folder), acts=beats(beat_s) if beat_s else ())
    assert found.verdict == plain.verdict
    m, was = found.measures, plain.measures
    if m.detected_unknown is None:
        assert m.detected_s == pytest.approx(was.detected_s, abs=STEP_NS / 1e9)
        assert m.detected_by == was.detected_by
    else:
        assert (m.detected_s, m.detected_by) == (None, None)
        assert "the wall clock was set" in m.detected_unknown
    if m.notified_unknown is None:
        assert m.notified_s == pytest.approx(was.notified_s, abs=STEP_NS / 1e9)
        assert m.notified_by == was.notified_by
    else:
        assert (m.notified_s, m.notified_by) == (None, None)
        assert not m.notification_watched and "the wall clock was set" in m.notified_unknown


@pytest.mark.parametrize("by_s", [3600.0, -3600.0, 2.0])
@pytest.mark.parametrize("at_s", [-5.5, 1.0, 3.0, 6.0])
def test_with_beats_what_lies_apart_from_a_step_is_known(
    tmp_path: Path, plain: Judgement, by_s: float, at_s: float
) -> None:
    with stepped(by_s, at_s):
        found = judge(tmp_path, acts=beats(0.1))
    assert values(found) == values(plain)


def test_a_message_beside_a_step_is_not_the_same_as_no_message(tmp_path: Path) -> None:
    """Set back by five seconds: the stamp of the message was shown twice."""
    with stepped(-5.0, 2.0):
        found = judge(tmp_path, acts=beats(0.1))
    m = found.measures
    assert m.notified_s is None and m.notified_unknown is not None
    assert "by -5.000 s, at an instant known to 0.1 s" in m.notified_unknown
    assert "the client was told nothing" not in found.reason
    assert m.notified_unknown in found.reason


def test_without_a_message_a_step_changes_nothing(tmp_path: Path) -> None:
    with stepped(-5.0, 2.0):
        found = judge(tmp_path, acts=beats(0.1), told=False)
    assert found.measures.notified_unknown is None and found.measures.notification_watched
    assert "the client was told nothing" in found.reason


def test_a_sign_that_is_known_to_be_first_stays_so_beside_a_later_doubt(tmp_path: Path) -> None:
    counts = {"count_before": 0, "count_after": 1}
    restart = (1.5, note("restart", source="kubernetes", node="client", target="nsmd", data=counts))
    with stepped(0.4, WARNED_S):
        found = judge(tmp_path, acts=[*beats(3.0), restart])
    assert found.measures.detected_s == pytest.approx(1.5)
    assert found.measures.detected_unknown is None


def test_a_node_with_a_kernel_of_its_own_has_a_wall_clock_of_its_own(tmp_path: Path) -> None:
    """The node's clock is forty seconds ahead of the runner's, and stays so."""
    apart = note("clock", node="client", data={"same_kernel": False, "offset_ns": 0})
    with stepped(40.0, -20.0):
        ahead, stamped = beats(0.5), records.wall(TOLD_S)
    text = f'{stamped[:-1]}001Z stderr F level=info msg="NSM Monitor: Connection closed"\n'
    says = (TOLD_S, lambda w: w.log("node-a", "client", "nsm-monitor", text.encode()))
    found = judge_record(record(tmp_path, "S9", acts=[(-8.95, apart), *ahead, says]))
    assert found.measures.notified_s == pytest.approx(TOLD_S, abs=1e-3)


def test_of_hosts_whose_clocks_differ_a_stamp_of_another_host_tells_nothing(
    tmp_path: Path,
) -> None:
    apart = note("clock", node="client", data={"same_kernel": False, "offset_ns": 0})
    with stepped(40.0, -20.0):
        ahead = beats(0.5)
    found = judge_record(
        record(tmp_path, "S2", acts=[(-8.95, apart), *ahead], kubernetes=[warning(WARNED_S)])
    )
    assert found.measures.detected_s is None
    assert "the clocks of the hosts differ" in str(found.measures.detected_unknown)


def test_a_record_without_any_wall_time_is_not_believed(tmp_path: Path) -> None:
    with patch.object(records.Clock, "utc_now", lambda _clock: "then"):
        found = judge(tmp_path)
    assert found.verdict == "unknown" and "no time of the wall clock" in found.reason


def test_a_reader_that_was_held_up_once_makes_no_step_of_all_the_rest() -> None:
    seen = [Witness(t * 10**9, 10**18 + (10**9 if t == 5 else 0)) for t in range(10)]
    clock = WallClock(seen)
    assert clock.moment(10**18 + 2 * 10**9) == Moment(2 * 10**9, 2 * 10**9)
    beside = clock.moment(10**18 + 5_500_000_000)
    assert beside.t_ns is None and beside.earliest_ns == 4_500_000_000


def test_a_step_that_is_too_small_to_be_told_is_within_the_stated_bound() -> None:
    seen = [Witness(t * 10**9, 10**18 + (STEP_NS if t > 5 else 0)) for t in range(10)]
    (offset,) = WallClock(seen).offsets_ns
    assert abs(offset - 10**18) <= STEP_NS


def test_a_clock_that_is_slewed_is_not_one_that_is_set() -> None:
    slewed = [Witness(t * 10**9, 10**18 + t * 400_000) for t in range(0, 400, 100)]
    assert len(WallClock(slewed, slew=500e-6).offsets_ns) == 1
    assert len(WallClock(slewed).offsets_ns) == 4  # on Linux nothing but a step does that


@pytest.mark.parametrize(("at_s", "verdict"), [(3.0, "unknown"), (-5.0, "supported")])
def test_a_machine_that_sleeps_in_the_watch_makes_the_attempt_unknown(
    tmp_path: Path, at_s: float, verdict: str
) -> None:
    """The monotonic clock stands still meanwhile: no gap shows in what was sent."""

    def told(at: float) -> tuple[float, Any]:
        slept = 30_000_000_000 if at > at_s else 0
        data = {"wall_ns": None, "slept_ns": slept, "before": None}
        return at, note("clock", source="agent", node="client", t_ns=ns(at), data=data)

    acts = [told(-8.0 + number) for number in range(24)]
    made = record(tmp_path, "S2", acts=acts)
    found = judge_record(made)
    assert found.verdict == verdict
    assert (instrument_failure(made) is None) == (verdict == "supported")  # it is run again
    assert ("slept for 30.0 s" in found.reason) == (verdict == "unknown")
