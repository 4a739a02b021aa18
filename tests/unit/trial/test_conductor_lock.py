# SPDX-License-Identifier: Apache-2.0
"""A trial has one conductor at a time, and a dead one is in nobody's way."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from nsm_resilience.trial.conduct import only_conductor

TRIAL = "S2-kernel-monitored-kill/01"
HOLD = """
import sys, time
from pathlib import Path
from nsm_resilience.trial.conduct import only_conductor
with only_conductor(Path(sys.argv[1]), sys.argv[2], print):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), TRIAL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_conductor_waits_for_the_first_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    entered = threading.Event()

    def second() -> None:
        with only_conductor(tmp_path, TRIAL, said.append):
            entered.set()

    with holder(tmp_path) as first:
        waiting = threading.Thread(target=second)
        waiting.start()
        assert not entered.wait(0.3)
        assert said == [f"{TRIAL}: process {first.pid} runs it already; waiting for its end"]
        first.communicate("")
        waiting.join(20)
    assert entered.is_set()


def test_a_conductor_that_was_killed_leaves_the_trial_free(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        first.kill()
        first.communicate()
    said: list[str] = []
    with only_conductor(tmp_path, TRIAL, said.append):
        assert said == []


def test_other_trials_are_not_held_up(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        only_conductor(tmp_path, TRIAL, said.append),
        only_conductor(tmp_path, "S2-kernel-monitored-kill/02", said.append),
    ):
        assert said == []
