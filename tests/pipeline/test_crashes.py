# SPDX-License-Identifier: Apache-2.0
"""A live campaign that is hurt again and again, at seeded moments. The cluster is a stand-in.

Each round starts snakemake, lets it get on for a while, and does it harm. However it ends, what was
measured stays as it was, and the next call goes on. Each harm comes once, then any of them. More
rounds: CRASH_ROUNDS=50; other moments: CRASH_SEED=7.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.builders.live_projects import VERDICTS, Live
from tests.crash_checks import attempts, check_finished, held_locks, measured

pytestmark = pytest.mark.pipeline

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "6"))
SEED = int(os.environ.get("CRASH_SEED", "20191218"))


def running_trials(live: Live) -> list[int]:
    """Processes of the stand-in that conduct a trial now."""
    found = []
    for line in (live.project.folder / "calls.txt").read_text(encoding="utf-8").splitlines():
        pid, _, call = line.partition(" ")
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if call.startswith("trial") and b"stand_in.py" in command:
            found.append(int(pid))
    return found


def kill_a_trial(live: Live, first: subprocess.Popen[str]) -> None:
    """Snakemake takes it for void and tries again; a little later all else is killed, too."""
    for pid in running_trials(live)[:1]:
        os.kill(pid, signal.SIGKILL)
    time.sleep(1)
    kill_everything(live, first)


def kill_snakemake(live: Live, first: subprocess.Popen[str]) -> None:
    first.kill()


def kill_everything(live: Live, first: subprocess.Popen[str]) -> None:
    os.killpg(first.pid, signal.SIGKILL)


def press_ctrl_c(live: Live, first: subprocess.Popen[str]) -> None:
    os.killpg(first.pid, signal.SIGINT)


def terminate(live: Live, first: subprocess.Popen[str]) -> None:
    os.killpg(first.pid, signal.SIGTERM)


def lose_the_cluster(live: Live, first: subprocess.Popen[str]) -> None:
    kill_everything(live, first)
    (live.project.folder / "cluster-is-up").unlink(missing_ok=True)


HARM = [kill_a_trial, kill_snakemake, kill_everything, press_ctrl_c, terminate, lose_the_cluster]


def more_trials(live: Live, number: int) -> None:
    """Make the campaign long enough to be hurt so often."""
    file = live.project.folder / "config" / "study.yaml"
    study = yaml.safe_load(file.read_text(encoding="utf-8"))
    study["campaign"] = [{"scenarios": ["S1"], "trials": number}]
    file.write_text(yaml.safe_dump(study), encoding="utf-8")


def test_a_campaign_that_is_hurt_loses_nothing_and_counts_nothing_twice(live: Live) -> None:
    more_trials(live, 3 * ROUNDS)
    chance = random.Random(SEED)
    kept: dict[str, str] = {}
    began: set[str] = set()
    for number in range(ROUNDS):
        harm = HARM[number] if number < len(HARM) else chance.choice(HARM)
        first = live.start(STAND_IN_SECONDS="1")
        calls = live.project.folder / "calls.txt"
        deadline = time.monotonic() + 120
        while first.poll() is None and not (calls.exists() and running_trials(live)):
            assert time.monotonic() < deadline, "no trial begins"
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 3))
        assert first.poll() is None, "the campaign was over before it could be hurt"
        harm(live, first)
        try:
            first.communicate(timeout=120)
        finally:
            first.kill()
        now = measured(live.campaign)
        assert {path: now.get(path) for path in kept} == kept, harm.__name__
        kept = now
        began |= attempts(live.campaign)
    live.judged().run()

    check_finished(live.campaign, live.order(), live.project.folder / VERDICTS)
    now = measured(live.campaign)
    assert {path: now.get(path) for path in kept} == kept
    assert began <= attempts(live.campaign)
    assert not running_trials(live)
    assert not (live.project.folder / "cluster-is-up").exists()
    assert held_locks(live.campaign.parent) == []
