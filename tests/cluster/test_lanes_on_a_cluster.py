# SPDX-License-Identifier: Apache-2.0
"""A hung VPP that is continued beside a living path of another lane (issue 14.1).

A schedule lets nothing run beside such a trial. Here it is done on purpose: what the living path
then loses is the other lane's doing, and no verdict about the system may rest on it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nsm_resilience.judge.campaign import judge_campaign, read_judgements
from nsm_resilience.judge.disturbance import Disturbance
from nsm_resilience.study.load import load_study
from nsm_resilience.study.schedule import make_schedule
from nsm_resilience.trial.index import index_campaign
from tests.cluster.conftest import Laboratory, a_laboratory, written

pytestmark = pytest.mark.cluster

HUNG, LIVING = "V1-vpp-monitored-hang/01", "S1-vpp-monitored-none/01"
STUDY = {
    "name": "lanes",
    "seed": 1,
    "attempts": 1,
    # the living path is watched from before VPP hangs until after it is continued
    "windows": {"steady_s": 5, "settle_s": 5, "watch_s": 60, "new_connection_s": 15,
                "bystander_s": 10},
    "scenarios": [
        {"id": "S1", "title": "connection between pods", "where": "both nodes", "source": "stated"},
        {"id": "V1", "title": "vpp hangs", "where": "client's node", "source": "ours",
         "faults": [{"component": "vpp", "node": "client"}]},
    ],
    "campaign": [
        {"scenarios": ["S1"], "plane": "vpp", "trials": 1},
        {"scenarios": ["V1"], "plane": "vpp", "failure": "hang", "trials": 1},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def laboratory(
    testbed_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Laboratory]:
    folder = tmp_path_factory.mktemp("lanes")
    study = written(folder, STUDY)
    with a_laboratory(testbed_file, folder, "nsm-resilience-lanes", study, lanes=2) as made:
        yield made


def await_phase(laboratory: Laboratory, trial: str, phase: str) -> None:
    events = laboratory.campaign / "records" / trial / "1" / "events.jsonl"
    deadline = time.monotonic() + 240
    while not (events.exists() and f'"phase":"{phase}"' in events.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline, f"{trial} did not come to {phase}"
        time.sleep(0.2)


def test_a_schedule_lets_nothing_run_beside_it(laboratory: Laboratory) -> None:
    alone = {s.trial: s.alone for s in make_schedule(load_study(laboratory.study))}
    assert alone == {HUNG: True, LIVING: False}


def test_what_a_continued_vpp_does_to_another_lane_is_no_outage_of_the_system(
    laboratory: Laboratory,
) -> None:
    hung = laboratory.begin(HUNG)
    await_phase(laboratory, HUNG, "steady")
    living = laboratory.begin(LIVING)
    assert [process.wait(timeout=400) for process in (hung, living)] == [0, 0]

    watched = {
        e.phase: e.t_ns for e in laboratory.record(LIVING).all_of("phase") if e.phase is not None
    }
    (undone,) = laboratory.record(HUNG).all_of("undo")
    assert undone.phase == "undo" and undone.data["ok"]
    assert watched["steady"] < undone.t_ns < watched["watch"] + 60e9, "it was continued too late"

    shutil.copyfile(laboratory.study, laboratory.campaign / "study.yaml")
    index_campaign(laboratory.campaign)
    verdicts = laboratory.campaign.parent / "verdicts.jsonl"
    judge_campaign(laboratory.campaign, verdicts)
    found = {one.trial: one for one in read_judgements(verdicts)}
    shared = found[LIVING].measures.disturbances
    print(found[LIVING].verdict, found[LIVING].reason, *shared, sep="\n")
    assert found[LIVING].verdict == ("unknown" if _rests(shared) else "supported")
    assert all(one.cause_trial in ("", HUNG) for one in shared)
    lost = laboratory.record(LIVING).table("path")
    if not shared:
        pytest.skip(f"nothing of {len(lost)} echoes of the living path was lost or kept waiting")


def _rests(shared: tuple[Disturbance, ...]) -> bool:
    return any(one.followed == "unknown" for one in shared)
