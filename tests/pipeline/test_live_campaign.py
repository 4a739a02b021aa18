# SPDX-License-Identifier: Apache-2.0
"""Snakemake over a live campaign: order, retries, lanes. The cluster is a stand-in.

What happens when it is killed: `test_crashes.py`.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from nsm_resilience.record.archive import pack, unpack
from tests.builders.live_projects import VERDICTS, Live, begin
from tests.builders.small_campaign import Small

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def ran(small: Small, stand_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Live:
    """A campaign that has run and was judged; its third trial was void at first."""
    live = begin(small, stand_in, tmp_path_factory.mktemp("ran") / "project")
    order = [s.trial for s in live.plan({"scenarios": ["S1", "S2"], "trials": 2})]
    live.judged().run(STAND_IN_VOID=order[2])
    return live


def test_trials_run_one_by_one_in_the_seeded_order_and_void_ones_again(ran: Live) -> None:
    live, order = ran, ran.order()
    started = [call.split(" --trial ")[1] for call in live.calls("trial")]
    assert list(dict.fromkeys(started)) == order
    assert sorted(started) == sorted([*order, order[2]])
    outcomes = live.outcomes()
    assert outcomes.pop(order[2]) == ["void", "complete"]
    assert set(map(tuple, outcomes.values())) == {("complete",)}
    assert len(live.calls("cluster up")) == len(live.calls("cluster down")) == 1
    assert not live.cluster.exists()
    assert not (live.campaign / "cluster.json").exists()
    verdicts = (live.project.folder / VERDICTS).read_text().splitlines()
    assert len(verdicts) == len(order) + 1
    assert "Nothing to be done" in live.judged().run()


def test_a_study_that_only_has_a_new_date_does_not_keep_trials_from_being_run(live: Live) -> None:
    """As after a fresh checkout: what is missing of a campaign that was begun is still planned."""
    live.campaign.mkdir(parents=True)
    copy = shutil.copyfile(live.study, live.campaign / "study.yaml")
    os.utime(copy, (live.study.stat().st_atime, live.study.stat().st_mtime - 3600))
    receipt = live.campaign / "receipts" / f"{live.order()[0]}.json"
    target = str(receipt.relative_to(live.project.folder))
    done = live.project.snakemake("--profile", "profiles/live", "--dry-run", "--", target)
    assert done.returncode == 0, done.stdout
    assert "rule trial:" in done.stdout
    assert "rule begin:" not in done.stdout


def test_a_recorded_campaign_goes_on_where_it_was_unpacked(ran: Live, tmp_path: Path) -> None:
    """On any machine: only what it lacks is run, and in the end it is a live one again."""
    folder = Path(shutil.copytree(ran.project.folder, tmp_path / "project"))
    live = replace(ran, project=replace(ran.project, folder=folder))
    lacking = live.order()[-1]
    pack(live.campaign, tmp_path / "recorded")
    shutil.rmtree(live.campaign)
    unpack(tmp_path / "recorded", live.campaign)
    shutil.rmtree(live.campaign / "records" / lacking)
    begun = len(live.calls("record"))
    live.run()
    assert live.calls("record")[begun:] == [f"record {lacking}"]
    assert {outcomes[-1] for outcomes in live.outcomes().values()} == {"complete"}
    description = json.loads((live.campaign / "campaign.json").read_text(encoding="utf-8"))
    assert description["source"] == "live"
    pack(live.campaign, tmp_path / "recorded")


def test_a_lane_that_will_not_come_clean_is_taken_out_of_use_and_told(live: Live) -> None:
    """The campaign ends on the other lane; no trial pays with its attempts."""
    live.run(STAND_IN_LANES="2", STAND_IN_DIRTY="lane-1")
    description = json.loads((live.campaign / "campaign.json").read_text(encoding="utf-8"))
    lost = description["lanes_out_of_use"]
    assert [(one["lane"], one["why"]) for one in lost] == [("lane-1", "a process would not go")]
    on = {r["outcome"]: set[str]() for r in description["records"]}
    for record in description["records"]:
        on[record["outcome"]].add(record["lane"])
    assert on == {"void": {"lane-1"}, "complete": {"lane-2"}}
    assert sorted(map(len, live.outcomes().values())) == [1, 2]


def test_without_a_clean_lane_the_campaign_stops_and_goes_on_when_one_is_mended(
    live: Live,
) -> None:
    first = live.start(STAND_IN_DIRTY="lane-1")
    output, _ = first.communicate()
    assert first.returncode != 0
    assert "every lane of the cluster is out of use" in output
    assert "nsm-resilience cluster up" in output
    tried = {call.split("--trial ")[1] for call in live.calls("trial")}
    assert tried == {live.order()[0]}, "trials were begun that could not run either"
    live.run()  # `cluster up` proves that the lane is clean now
    assert all(outcome[-1] == "complete" for outcome in live.outcomes().values())


def test_trials_are_jobs_of_a_scheduler_that_we_know_nothing_of(live: Live) -> None:
    """The profile for Slurm, with an executor that submits to what is here: a shell."""
    folder = live.project.folder
    profile = yaml.safe_load((folder / "profiles" / "slurm" / "profile.yaml").read_text("utf-8"))
    submit = folder / "submit"
    lines = ("#!/bin/sh", 'echo "$1" >> submitted.txt', 'sh "$1" > /dev/null 2>&1 &', "echo $!")
    submit.write_text("\n".join(lines) + "\n")
    submit.chmod(0o755)
    profile.update(executor="cluster-generic", **{"cluster-generic-submit-cmd": str(submit)})
    profile["latency-wait"] = 5
    profile["seconds-between-status-checks"] = 1
    (folder / "profiles" / "hosts").mkdir()
    (folder / "profiles" / "hosts" / "profile.yaml").write_text(yaml.safe_dump(profile))
    testbed = folder / "config" / "testbed-kind-default.yaml"
    nodes = [["a", "b"], ["c", "d"]]
    text = {"type": "existing", "name": "ours", "context": "ours", "nodes": nodes}
    testbed.write_text(yaml.safe_dump({"testbed": text}))
    config = folder / "config" / "config.yaml"
    config.write_text(config.read_text("utf-8") + "\nallow_context: ours\n")
    live.run("hosts", STAND_IN_LANES="2")
    submitted = (folder / "submitted.txt").read_text(encoding="utf-8")
    assert submitted.count("snakejob.trial.") == 2
    assert "snakejob.cluster" not in submitted and "snakejob.index" not in submitted
    assert set(map(tuple, live.outcomes().values())) == {("complete",)}
    assert not live.cluster.exists()
