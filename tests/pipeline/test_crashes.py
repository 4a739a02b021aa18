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

from tests.builders.live_projects import VERDICTS, Live
from tests.crash_checks import attempts, check_finished, held_locks, measured

pytestmark = pytest.mark.pipeline

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "6"))
SEED = int(os.environ.get("CRASH_SEED", "20191218"))


def kill_a_trial(live: Live, first: subprocess.Popen[str]) -> None:
    """Snakemake takes it for void and tries again; then all else is killed, too."""
    for pid in live.running("trial"):
        os.kill(pid, signal.SIGKILL)
    live.wait_for_record()
    kill_everything(live, first)


def kill_snakemake(live: Live, first: subprocess.Popen[str]) -> None:
    """The trial that it had started goes on, and the next call waits for its end."""
    first.kill()


def kill_everything(live: Live, first: subprocess.Popen[str]) -> None:
    os.killpg(first.pid, signal.SIGKILL)


def press_ctrl_c(live: Live, first: subprocess.Popen[str]) -> None:
    """What is printed is not asked: an interrupt may keep Snakemake from calling `onerror`."""
    os.killpg(first.pid, signal.SIGINT)


def terminate(live: Live, first: subprocess.Popen[str]) -> None:
    os.killpg(first.pid, signal.SIGTERM)


def lose_the_cluster(live: Live, first: subprocess.Popen[str]) -> None:
    kill_everything(live, first)
    live.cluster.unlink()


HARM = [kill_a_trial, kill_snakemake, kill_everything, press_ctrl_c, terminate, lose_the_cluster]
IN_A_RECORD = 3
"""The first harms come while a record is open; the others at any moment."""


def receipts(live: Live) -> dict[Path, int]:
    """When the receipt of each trial that is done was written."""
    return {path: path.stat().st_mtime_ns for path in live.campaign.glob("receipts/*/*.json")}


def check_is_refused(live: Live, by: subprocess.Popen[str]) -> None:
    second = live.start()
    output, _ = second.communicate()
    assert second.returncode != 0
    assert f"is being run by process {by.pid}" in output


def test_a_campaign_that_is_hurt_loses_nothing_and_counts_nothing_twice(live: Live) -> None:
    live.plan({"scenarios": ["S1"], "trials": 2 * ROUNDS - 2})
    chance = random.Random(SEED)
    kept: dict[str, str] = {}
    done: dict[Path, int] = {}
    began: set[str] = set()
    for number in range(ROUNDS):
        harm = HARM[number] if number < len(HARM) else chance.choice(HARM)
        first = live.start(STAND_IN_SECONDS="1")
        trial = live.wait_for_record()
        if not number:
            check_is_refused(live, first)
            trial = live.wait_for_record()
        if harm is kill_snakemake and number < IN_A_RECORD:
            gone_on = trial, live.calls("record ").count(f"record {trial}")
        if number >= IN_A_RECORD:
            time.sleep(chance.uniform(0, 2))
        assert first.poll() is None, "the campaign was over before it could be hurt"
        harm(live, first)
        try:
            first.communicate(timeout=120)
        finally:
            first.kill()
        assert first.returncode != 0
        assert live.cluster.exists() == (harm is not lose_the_cluster), harm.__name__
        now = measured(live.campaign)
        assert {path: now.get(path) for path in kept} == kept, harm.__name__
        kept = now
        assert done.items() <= receipts(live).items()
        done = receipts(live)
        began |= attempts(live.campaign)
    live.judged().run()

    check_finished(live.campaign, live.order(), live.project.folder / VERDICTS)
    trial, attempt = gone_on
    assert live.outcomes()[trial][attempt - 1] == "complete"
    assert len(live.calls("cluster up")) == 1 + ROUNDS
    cut = [end for ends in live.outcomes().values() for end in ends if end == "cut"]
    assert len(cut) >= IN_A_RECORD, "of two attempts of one trial, and of everything"
    now = measured(live.campaign)
    assert {path: now.get(path) for path in kept} == kept
    assert done.items() <= receipts(live).items()
    assert began <= attempts(live.campaign)
    assert not live.running("trial")
    assert not live.cluster.exists()
    assert held_locks(live.campaign.parent) == []
