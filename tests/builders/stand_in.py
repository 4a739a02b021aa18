# SPDX-License-Identifier: Apache-2.0
"""`nsm-resilience` with a stand-in for the cluster: all else is the program itself.

The cluster is a file with its id, in the current folder. A trial takes STAND_IN_SECONDS, then
leaves a copy of a real record of its scenario; trials named in STAND_IN_VOID are void at their
first attempt. STAND_IN_LANES is the number of lanes (1); those named in STAND_IN_DIRTY will not
come clean. Each command that touches the cluster is written to `calls.txt`, and each record that is
begun. Our own probes did not fail in the records that it copies: to look at that again would load
the judge for each trial (tests/unit/trial/test_attempts.py).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
import uuid
from pathlib import Path

from nsm_resilience import cli
from nsm_resilience.mesh import lane_cleaning, manage
from nsm_resilience.mesh.lane_cleaning import heal_lanes
from nsm_resilience.record.files import write_json
from nsm_resilience.record.layout import CampaignLayout, RecordLayout
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.testbed.base import Lane, TestbedError
from nsm_resilience.testbed.unusable_lanes import lock_folder
from nsm_resilience.trial import conduct
from nsm_resilience.trial.attempts import Attempt
from nsm_resilience.trial.meta import AttemptPlan
from tests.builders.sealing import seal

CLUSTER = Path("cluster-is-up")
RECORDS = Path(os.environ["STAND_IN_RECORDS"])
SECONDS = float(os.environ.get("STAND_IN_SECONDS", "0.3"))
VOID = os.environ.get("STAND_IN_VOID", "").split()
LANES = int(os.environ.get("STAND_IN_LANES", "1"))
DIRTY = os.environ.get("STAND_IN_DIRTY", "").split()


def bring_up(config: object, folder: Path, allow_context: str | None, say: object) -> None:
    if not CLUSTER.exists():
        CLUSTER.write_text(str(uuid.uuid4()))
    identity = CLUSTER.read_text()
    heal_lanes(None, lanes_of(None), None, lock_folder(folder, identity), print)  # type: ignore[arg-type]
    write_json(CampaignLayout(folder).cluster, {"id": identity})


def lanes_of(_: object) -> list[Lane]:
    return [Lane(n, f"client-{n}", f"endpoint-{n}") for n in range(1, LANES + 1)]


def clean_again(_cluster: object, lane: Lane, _images: object) -> str | None:
    return "a process would not go" if lane.name in DIRTY else None


def take_down(config: object, folder: Path, allow_context: str | None, say: object) -> None:
    CLUSTER.unlink(missing_ok=True)
    CampaignLayout(folder).cluster.unlink(missing_ok=True)


def cluster_of(campaign: CampaignLayout) -> tuple[None, str]:
    marker = json.loads(campaign.cluster.read_text())["id"]
    if not CLUSTER.exists() or CLUSTER.read_text() != marker:
        raise TestbedError("the cluster is gone")
    return None, marker


def failures(_: CampaignLayout, trial: str, done: list[Attempt]) -> dict[int, str | None]:
    return {a.attempt: None for a in done if a.outcome == "complete"}


def write_call(text: str) -> None:
    with Path("calls.txt").open("a", encoding="utf-8") as calls:
        calls.write(f"{os.getpid()} {text}\n")


def run_attempt(plan: AttemptPlan) -> str | None:
    folder, scheduled, attempt, lane = plan.folder, plan.scheduled, plan.attempt, plan.lane
    source = next(RECORDS.glob(f"{scheduled.cell.scenario}-*/*/*/meta.json")).parent
    meta = json.loads((source / "meta.json").read_text(encoding="utf-8"))
    meta.update(
        campaign=plan.campaign, trial=scheduled.trial, attempt=attempt, number=scheduled.number
    )
    copied_from = meta["cluster"]["id"]
    said = f'"trial":"{scheduled.trial}","attempt":{attempt}'
    study, cell = plan.study, scheduled.cell
    meta.update(
        cell=cell.id, order=scheduled.order, block=scheduled.block, seed=study.seed,
        scenario=study.scenario(cell.scenario).model_dump(mode="json"),
        factors=cell.factors.model_dump(mode="json"),
        windows=study.windows_of(cell).model_dump(mode="json"),
        probes=study.probes.model_dump(mode="json"), judge=study.judge.model_dump(mode="json"),
    )  # fmt: skip
    meta.update(lane=lane.name, lanes_at_once=plan.lanes_at_once)
    meta.update(cluster={**meta["cluster"], "id": plan.cluster_id})
    reason = None
    if lane.name in DIRTY:
        reason = "clean: a process would not go"
    elif attempt == 1 and scheduled.trial in VOID:
        reason = "the test wants it so"
    if reason is not None:
        writer = RecordWriter(folder, meta)
        writer.event("void", data={"reason": reason})
        writer.close()
        return reason
    # without its closing event at first: whatever is killed now leaves a record that is cut
    text = RecordLayout(source).events.read_text(encoding="utf-8")
    text = re.sub(r'"trial":"[^"]*","attempt":\d+', said, text, count=1)
    events = text.replace(copied_from, plan.cluster_id).splitlines(keepends=True)
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("events.jsonl"))
    write_json(RecordLayout(folder).meta, meta)
    written = RecordLayout(folder).events
    written.write_text("".join(events[:-1]), encoding="utf-8")
    write_call(f"record {scheduled.trial}")
    time.sleep(SECONDS)
    seal(folder, [json.loads(line) for line in events])
    return None


if __name__ == "__main__":
    if sys.argv[1] in ("cluster", "trial"):
        write_call(" ".join(sys.argv[1:]))
    manage.bring_up = bring_up
    manage.take_down = take_down
    conduct._cluster = cluster_of
    conduct.find_lanes = lanes_of
    conduct._failures = failures
    conduct.clean_again = lane_cleaning.clean_again = clean_again
    conduct.run_attempt = run_attempt
    cli.main()
