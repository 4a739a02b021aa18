# SPDX-License-Identifier: Apache-2.0
"""A live campaign on a real cluster that is hurt again and again, at seeded moments.

The stand-in's version (tests/pipeline/test_crashes.py) is fast and runs everywhere; here the same
must hold with nodes, faults and sockets. Some two minutes a round. Every harm: CRASH_ROUNDS=12;
another order: CRASH_SEED=7; dockerd, too: CRASH_RESTART_DOCKERD="systemctl restart docker".
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import harms
import pytest
import yaml

from nsm_resilience.record.reader import Record, RecordError, read_record
from nsm_resilience.testbed.config import KindTestbed, load_testbed
from tests.builders.live_projects import Live
from tests.builders.projects import make_project
from tests.crash_checks import attempts, check_finished, check_tables, held_locks, measured

pytestmark = pytest.mark.cluster

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "3"))
SEED = int(os.environ.get("CRASH_SEED", "20191218"))
CLUSTER = os.environ.get("CRASH_CLUSTER", "nsm-resilience-crash")
TRIAL_S = 40.0
"""A harm comes within so many seconds of the beginning of a trial, or while a fault is there."""
IN_A_FAULT: list[harms.Harm] = [*harms.CLEAN_AT_ONCE, harms.pause_the_control_plane]
"""These always come while one is: after them it must be undone, or the trial must not count."""
AFTER_THE_FAULT = ("fault: ", "watch: ", "after: ", "collect: ")
"""How the reason of an attempt begins that broke off in one of these phases."""

STUDY = {
    "name": "crashes",
    "seed": SEED,
    "attempts": 9,
    # far too short to judge anything: only what is left behind counts
    "windows": {"steady_s": 3, "settle_s": 5, "watch_s": 15, "new_connection_s": 6,
                "bystander_s": 6},
    "scenarios": [
        {"id": "N1", "title": "nsmd hangs", "where": "client's node", "source": "ours",
         "failure": "hang", "faults": [{"component": "nsmd", "node": "client"}]},
        {"id": "N2", "title": "all sockets", "where": "client's node", "source": "ours",
         "faults": [{"socket": "all", "node": "client"}]},
    ],
}  # fmt: skip


@pytest.fixture
def live(testbed_file: Path, tmp_path: Path) -> Iterator[Live]:
    """A project of its own, with a campaign of as many trials as there are rounds."""
    testbed = load_testbed(testbed_file)
    if not isinstance(testbed, KindTestbed):
        pytest.skip("this test makes clusters and kills their nodes: name a testbed of type kind")
    project = make_project(tmp_path / "project")
    own = testbed.model_copy(update={"name": CLUSTER, "lanes": 1})
    campaign = [{"scenarios": ["N1", "N2"], "trials": max(1, (ROUNDS + 1) // 2)}]
    for name, content in {
        "study.yaml": {**STUDY, "campaign": campaign},
        "testbed-kind-default.yaml": {"testbed": own.model_dump(mode="json")},
    }.items():
        (project.folder / "config" / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    started = Live(project, dict(os.environ)).judged()
    try:
        yield started
    finally:
        for process in harms.left_processes(project.folder):
            process.kill()
        harms.remove_cluster(CLUSTER)


def wait(what: str, until: Callable[[], object], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not until():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s:g} s"
        time.sleep(0.1)


def the_harms(chance: random.Random) -> list[harms.Harm]:
    """Every harm once, in a seeded order, then any; the first comes while the cluster is made."""
    once = [h for h in harms.ALL if h is not harms.kill_dockerd or harms.RESTART_DOCKERD]
    once.remove(harms.kill_the_maker)
    chance.shuffle(once)
    more = [chance.choice(once) for _ in range(ROUNDS - len(once))]
    return [harms.kill_the_maker, *once, *more][:ROUNDS]


def without_end(folder: Path) -> dict[str, Record]:
    """Attempts that are under way, or were cut, by their paths."""
    found = {}
    for path in attempts(folder):
        with suppress(RecordError):  # it has not even begun
            record = read_record(folder / path)
            if record.cut:
                found[path] = record
    return found


def in_a_fault(folder: Path) -> set[str]:
    """Those of them that have injected something and have not come to undoing it."""
    return {
        path
        for path, record in without_end(folder).items()
        if record.all_of("injection") and record.events[-1].phase in ("fault", "watch")
    }


def hurt(
    campaign: harms.Campaign, harm: harms.Harm, chance: random.Random, folder: Path, hit: set[str]
) -> tuple[set[str], set[str]]:
    """Do the harm at a random moment: while kind makes the cluster, in a trial, or in its fault.

    `hit` are attempts that were hurt before. Returns (those that are hurt in their fault now, all
    that are hurt now).
    """
    if harm is harms.kill_the_maker:
        wait("kind at work", lambda: campaign.processes("kind", "create"), 120)
        time.sleep(chance.uniform(0, 20))
    elif harm in IN_A_FAULT or chance.random() < 0.5:
        wait("an injection", lambda: in_a_fault(folder) - hit, 900)
        assert harms.found_on_workers(CLUSTER, harms.INJECTED), "what was injected is not seen"
    else:
        wait("a trial", campaign.trials, 900)
        time.sleep(chance.uniform(0, TRIAL_S))
        wait("a trial", campaign.trials, 60)
    assert campaign.first.poll() is None, "the campaign was over before it could be hurt"
    before, faulty = set(without_end(folder)), in_a_fault(folder)
    harm(campaign)
    return faulty - hit, (before | set(without_end(folder))) - hit


def test_a_hurt_campaign_on_a_cluster_loses_nothing_and_leaves_nothing(live: Live) -> None:
    chance = random.Random(SEED)
    kept: dict[str, str] = {}
    began: set[str] = set()
    hit: set[str] = set()
    campaign: harms.Campaign | None = None
    printed = (live.project.folder / "snakemake.txt").open("a", encoding="utf-8")
    for number, harm in enumerate(the_harms(chance), start=1):
        if campaign is None or campaign.first.poll() is not None:
            campaign = harms.Campaign(live.start(output=printed), CLUSTER)
        in_fault, hurt_now = hurt(campaign, harm, chance, live.campaign, hit)
        hit |= hurt_now
        hurt_at = time.monotonic()
        if harm in harms.CLEAN_AT_ONCE:
            wait("no trial", lambda c=campaign: not c.trials(), 90)
            assert harms.found_on_workers(CLUSTER, harms.INJECTED) == [], harm.__name__
        if harm in harms.WIPES:
            assert harms.found_on_workers(CLUSTER, harms.NOT_WIPED) == [], harm.__name__
        if harm is harms.pause_the_control_plane:
            check_void_for_the_api_server(live.campaign, in_fault)
        if harm not in harms.GOES_ON:
            wait("the end of snakemake", lambda c=campaign: c.first.poll() is not None, 600)
        print(f"{number:3} {harm.__name__}: {time.monotonic() - hurt_at:.0f} s until its end")
        now = measured(live.campaign)
        assert {path: now.get(path) for path in kept} == kept, harm.__name__
        kept = now
        began |= attempts(live.campaign)
    assert campaign is not None
    if campaign.first.wait(timeout=1800) != 0:
        live.run()

    results = live.project.folder / "results"
    check_finished(live.campaign, live.order(), results / "verdicts" / "local.jsonl")
    now = measured(live.campaign)
    assert {path: now.get(path) for path in kept} == kept
    assert began <= attempts(live.campaign)
    done = live.project.snakemake(
        "--profile", "profiles/live", "--", "results/tables/trials.csv"
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    check_tables(results / "tables", live.order())
    for path in now:
        check_lane_was_proved_clean(read_record(live.campaign / path), was_hurt=path in hit)
    assert set(now) - hit, "every trial was hurt: none shows what must be true without"
    assert held_locks(live.campaign.parent) == []
    assert harms.left_of(CLUSTER, live.project.folder) == []
    description = json.loads((live.campaign / "campaign.json").read_text(encoding="utf-8"))
    print("\n".join(f"{r['path']}: {r['outcome']} {r['reason']}" for r in description["records"]))


def check_void_for_the_api_server(campaign: Path, in_fault: set[str]) -> None:
    """An attempt whose API server was away in its fault says nothing of it, and why."""

    def ended() -> bool:
        return all(not read_record(campaign / path).cut for path in in_fault)

    assert in_fault
    wait("the end of the attempt", ended, 300)
    for path in sorted(in_fault):
        record = read_record(campaign / path)
        assert record.outcome == "void", path
        # it was counted, or asked for something at the wrong moment
        reason = record.void_reason or ""
        assert "the API server was away" in reason or reason.startswith(AFTER_THE_FAULT), reason


def check_lane_was_proved_clean(record: Record, *, was_hurt: bool) -> None:
    """Before the trial and after it; a lane may be dirty only where the trial itself was hurt."""
    events = record.all_of("clean")
    phases = [event.phase for event in events]
    assert phases == ["clean", "wipe"] or (was_hurt and phases == ["clean"]), record.folder
    for event in events:
        proof = event.data["proof"]
        assert proof["pods"] == []
        assert not any(found for node in proof["nodes"].values() for found in node.values())
