# SPDX-License-Identifier: Apache-2.0
"""However an attempt ends, its faults are undone and its record says no more than what is in it."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.record.reader import read_record
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.testbed.api import ApiRefused
from nsm_resilience.testbed.base import Lane
from nsm_resilience.trial import phases, run
from nsm_resilience.trial.interrupt import Interrupted, OutOfTime, interruptible
from nsm_resilience.trial.meta import AttemptPlan
from nsm_resilience.trial.run import RecordLost, run_attempt
from nsm_resilience.trial.setting import TrialVoid
from tests.unit.trial.conftest import META


class Disk:
    """A disk with room for so many events."""

    def __init__(self) -> None:
        self.room = 1000

    def take(self) -> None:
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= 1


class Rig:
    """What an attempt acts on: the record's writer, and what was done to the lane."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.agents = {"client": self}
        self.pods = self
        self.phases: Any = lambda setting: None

    def reset(self) -> None:
        self.done.append("undone")

    def stop(self) -> None:
        self.done.append("stopped")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    found = Disk()
    event = RecordWriter.event

    def limited(self: RecordWriter, kind: str, **rest: Any) -> Any:
        found.take()
        return event(self, kind, **rest)

    monkeypatch.setattr(RecordWriter, "event", limited)
    return found


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    found = Rig()

    def wipe(setting: Any) -> None:
        found.writer.event("phase", data={"name": "wipe", "state": "begin"})
        found.done.append("wiped")

    def set_up(plan: AttemptPlan, writer: RecordWriter) -> Any:
        found.writer = writer
        return found

    monkeypatch.setattr(run, "describe", lambda plan: {**META, "attempt": 1})
    monkeypatch.setattr(run, "_set", set_up)
    monkeypatch.setattr(run, "_phases", lambda setting: found.phases(setting))
    monkeypatch.setattr(phases, "wipe", wipe)
    return found


@pytest.fixture
def plan(tmp_path: Path) -> AttemptPlan:
    given: Any = None
    scheduled: Any = type("Scheduled", (), {"trial": "S1-kernel-monitored-none/01"})
    return AttemptPlan(
        folder=tmp_path / "records" / "1", campaign="small", study=given, scheduled=scheduled,
        attempt=1, cluster=given, cluster_id="c1", lane=Lane(1, "a", "b"), lanes_at_once=1,
        images=given, say=lambda _: None,
    )  # fmt: skip


def test_an_attempt_that_goes_well_is_complete_and_wiped(rig: Rig, plan: AttemptPlan) -> None:
    assert run_attempt(plan) is None
    assert read_record(plan.folder).outcome == "complete"
    assert rig.done == ["wiped", "stopped"]


def test_an_error_of_ours_makes_the_attempt_void(rig: Rig, plan: AttemptPlan) -> None:
    def fail(setting: Any) -> None:
        raise ValueError("no such thing")

    rig.phases = fail
    assert run_attempt(plan) == "clean: ValueError: no such thing"
    assert read_record(plan.folder).outcome == "void"
    assert rig.done == ["wiped", "stopped"]


def test_an_attempt_whose_login_is_no_longer_taken_says_so_first(
    rig: Rig, plan: AttemptPlan
) -> None:
    def fail(setting: Any) -> None:
        try:
            raise ApiRefused("GET pull", 401, b"Unauthorized")
        except ApiRefused as error:
            raise TrialVoid(f"watch: {error}") from error

    rig.phases = fail
    reason = run_attempt(plan)
    assert reason is not None and reason.startswith("signed out: watch: GET pull: 401 Unauthorized")
    assert read_record(plan.folder).outcome == "void"


@pytest.mark.parametrize("room", range(1, 5))
def test_a_disk_that_fills_up_leaves_a_cut_record_and_no_fault(
    rig: Rig, plan: AttemptPlan, disk: Disk, room: int
) -> None:
    def measure(setting: Any) -> None:
        rig.writer.event("address", data={})
        rig.writer.event("address", data={})

    rig.phases = measure
    disk.room = room
    with pytest.raises(RecordLost, match=r"No space left.*MiB are free.*the same command goes on"):
        run_attempt(plan)
    assert read_record(plan.folder).outcome == "cut"
    assert "undone" in rig.done and rig.done[-1] == "stopped"


def test_a_disk_that_is_full_from_the_start_leaves_no_attempt(
    plan: AttemptPlan, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("nsm_resilience.record.writer.write_json", full)
    with pytest.raises(RecordLost):
        run_attempt(plan)
    assert not plan.folder.exists()


def test_the_record_of_another_runner_is_left_as_it_is(plan: AttemptPlan, rig: Rig) -> None:
    RecordWriter(plan.folder, {**META, "attempt": 1}).close()
    before = {path: path.read_bytes() for path in plan.folder.rglob("*") if path.is_file()}
    with pytest.raises(FileExistsError):
        run_attempt(plan)
    assert {path: path.read_bytes() for path in before} == before
    assert rig.done == []


def test_an_interrupted_attempt_is_void_and_its_lane_wiped(rig: Rig, plan: AttemptPlan) -> None:
    def interrupt(setting: Any) -> None:
        raise Interrupted(signal.SIGTERM)

    rig.phases = interrupt
    with pytest.raises(Interrupted):
        run_attempt(plan)
    record = read_record(plan.folder)
    assert (record.outcome, record.void_reason) == ("void", "interrupted by SIGTERM")
    assert rig.done == ["wiped", "stopped"]


def test_an_interrupt_during_the_wipe_loses_nothing_that_was_measured(
    rig: Rig, plan: AttemptPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    wipe = phases.wipe

    def interrupted(setting: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        wipe(setting)

    monkeypatch.setattr(phases, "wipe", interrupted)
    with interruptible(), pytest.raises(Interrupted):
        run_attempt(plan)
    assert read_record(plan.folder).outcome == "complete"
    assert rig.done == ["wiped", "stopped"]


def test_an_interrupted_attempt_whose_lane_hangs_ends_all_the_same(
    rig: Rig, plan: AttemptPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As phases.wipe: what keeps a lane from being wiped is said in the record."""

    def hang(setting: Any) -> None:
        try:
            time.sleep(60)
        except OutOfTime as error:
            rig.writer.event("warning", data={"text": f"the lane was left dirty: {error}"})

    def interrupt(setting: Any) -> None:
        raise Interrupted(signal.SIGINT)

    monkeypatch.setattr(run, "LAST_ACT_S", 0.3)
    monkeypatch.setattr(phases, "wipe", hang)
    rig.phases = interrupt
    begin = time.monotonic()
    with pytest.raises(Interrupted):
        run_attempt(plan)
    assert time.monotonic() - begin < 20
    record = read_record(plan.folder)
    assert record.outcome == "void"
    assert "not within 0.3 s" in record.all_of("warning")[0].data["text"]


def test_an_interrupted_attempt_that_cannot_even_be_closed_ends_as_a_cut_one(
    rig: Rig, plan: AttemptPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(setting: Any) -> None:
        raise Interrupted(signal.SIGINT)

    monkeypatch.setattr(run, "LAST_ACT_S", 0.3)
    monkeypatch.setattr(RecordWriter, "close", lambda _: time.sleep(60))
    rig.phases = interrupt
    with pytest.raises(Interrupted):
        run_attempt(plan)
    assert read_record(plan.folder).cut


def test_a_line_that_was_written_in_part_never_makes_a_complete_record(
    rig: Rig, plan: AttemptPlan
) -> None:
    """The disk was full inside a line, then had room again: what follows shows as damage."""
    assert run_attempt(plan) is None
    events = plan.folder / "events.jsonl"
    lines = events.read_text(encoding="utf-8").splitlines(keepends=True)
    events.write_text("".join([lines[0], lines[1][:20], lines[1], *lines[2:]]), encoding="utf-8")
    with pytest.raises(ValueError, match=r"events.jsonl, line 2"):
        read_record(plan.folder)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, as Linux has it")
def test_a_disk_that_is_full_for_buffers_too_leaves_no_fault(rig: Rig, plan: AttemptPlan) -> None:
    """Closing flushes again, and fails again: faults are undone before and whatever it says."""

    def fill(setting: Any) -> None:
        rig.writer._events.close()
        rig.writer._events = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115
        rig.writer.event("address", data={})

    rig.phases = fill
    with pytest.raises(RecordLost):
        run_attempt(plan)
    assert rig.done == ["undone", "stopped"]
    assert read_record(plan.folder).outcome == "cut"
