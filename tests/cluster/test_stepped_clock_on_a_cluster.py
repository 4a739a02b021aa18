# SPDX-License-Identifier: Apache-2.0
"""A machine whose wall clock is set while a trial runs (issue 14.5).

What a client was told, and when Kubernetes showed something, is read off wall times. The clock is
set for the whole machine, so this runs only when it is asked for, with STEP_CLOCK=1, and needs the
right to set it. Elsewhere clusters that live on the machine may not bear it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.trial import judge_record
from nsm_resilience.judge.wall_clock import wall_clocks
from nsm_resilience.record.reader import Record
from tests.cluster.conftest import Laboratory, a_laboratory, written

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        os.environ.get("STEP_CLOCK") != "1",
        reason="sets the wall clock of this machine; ask for it with STEP_CLOCK=1",
    ),
]

BY_S = 7.5
"""More than what is measured may differ between two trials, less than leases of Kubernetes."""
ALIKE_S = 4.0
CELL = "N1-kernel-monitored-kill"
STUDY = {
    "name": "stepped-clock",
    "seed": 1,
    "attempts": 1,
    "windows": {"steady_s": 10, "settle_s": 5, "watch_s": 25, "new_connection_s": 10,
                "bystander_s": 10},
    "scenarios": [
        {"id": "N1", "title": "nsmd", "where": "client's node", "source": "ours",
         "faults": [{"component": "nsmd", "node": "client"}]},
    ],
    "campaign": [{"scenarios": ["N1"], "trials": 4}],
}  # fmt: skip


@pytest.fixture(scope="module")
def laboratory(
    testbed_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Laboratory]:
    folder = tmp_path_factory.mktemp("clock")
    study = written(folder, STUDY)
    with a_laboratory(testbed_file, folder, "nsm-resilience-clock", study) as made:
        yield made


@contextmanager
def set_when(campaign: Path, trial: str, sign: str, after_s: float, by_s: float) -> Iterator[None]:
    """Set the wall clock some time after a sign is in a trial's events; set back at the end."""
    done, moved = threading.Event(), threading.Event()
    events = campaign / "records" / trial / "1" / "events.jsonl"

    def move(by: float) -> None:
        time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME) + by)

    def wait() -> None:
        while not (events.exists() and sign in events.read_text(encoding="utf-8")):
            if done.wait(0.05):
                return
        if not done.wait(after_s):
            move(by_s)
            moved.set()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        if moved.is_set():
            move(-by_s)
    assert moved.is_set(), f"{sign} never came, so the clock was not set"


@pytest.fixture(scope="module")
def plain(laboratory: Laboratory) -> Judgement:
    assert laboratory.run(f"{CELL}/01") == 0
    record = laboratory.record(f"{CELL}/01")
    assert set_by(record) == []
    found = judge_record(record)
    assert found.measures.detected_s is not None and found.measures.notified_s is not None
    return found


def set_by(record: Record) -> list[float]:
    """By how many seconds the client's node's clock was set, in order."""
    return [by / 1e9 for by, _, _ in wall_clocks(record).of_node("client").steps()]


@pytest.mark.parametrize(
    ("number", "sign", "after_s", "by_s"),
    [
        ("02", '"phase":"steady","kind":"phase"', 2.0, BY_S),
        ("03", '"kind":"fault_instant"', 0.5, BY_S),
        ("04", '"kind":"fault_instant"', 0.5, -BY_S),
    ],
    ids=["ahead before the fault", "ahead after it", "back after it"],
)
def test_a_step_of_the_clock_changes_no_value_or_the_reason_is_said(
    laboratory: Laboratory, plain: Judgement, number: str, sign: str, after_s: float, by_s: float
) -> None:
    trial = f"{CELL}/{number}"
    with set_when(laboratory.campaign, trial, sign, after_s, by_s):
        assert laboratory.run(trial) == 0
    record = laboratory.record(trial)
    found = judge_record(record)
    assert set_by(record) == [pytest.approx(by_s, abs=0.1)]
    assert (found.verdict, found.outcome) == (plain.verdict, plain.outcome)
    pairs = [
        (found.measures.detected_s, found.measures.detected_unknown, plain.measures.detected_s),
        (found.measures.notified_s, found.measures.notified_unknown, plain.measures.notified_s),
    ]
    for value, unknown, was in pairs:
        if unknown is None:
            assert value == pytest.approx(was, abs=ALIKE_S)
        else:
            assert value is None and "the wall clock was set" in unknown
    if sign.startswith('"phase"'):
        assert [unknown for _, unknown, _ in pairs] == [None, None], "the step lies apart"
