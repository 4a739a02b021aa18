# SPDX-License-Identifier: Apache-2.0
"""A live campaign by turns: what runs beside what, and what comes of it; on a stand-in."""

from __future__ import annotations

import subprocess
from itertools import pairwise

import pandas as pd
import pytest
import yaml

from nsm_resilience.study.schedule import ScheduledTrial
from tests.builders.live_projects import Live

pytestmark = pytest.mark.pipeline

LANES = 3
TESTBED = f"testbed: {{type: kind, name: x, lanes: {LANES}, images: {{load: docker}}}}\n"
LIMITS = ("--config", "testbed=config/testbed-lanes.yaml")
ARM = {"scenarios": ["S1", "S2"], "plane": "vpp", "trials": 2}
"""On the plane of the records that the stand-in copies: on another one nobody believes them."""


@pytest.fixture
def live(live: Live) -> Live:
    """The same with a testbed of several lanes."""
    (live.project.folder / "config" / "testbed-lanes.yaml").write_text(TESTBED, encoding="utf-8")
    return live


def by_turns(live: Live) -> list[ScheduledTrial]:
    """Let the campaign be one by turns; returns its schedule."""
    return live.plan(ARM, turns={"blocks": 1})


def snakemake(live: Live, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        live.project.command("--profile", "profiles/live", *arguments),
        cwd=live.project.folder, env={**live.environment, **environment}, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def spans(live: Live) -> dict[str, tuple[float, float]]:
    """When each trial's record was begun and when it was closed."""
    return {
        f"{meta.parts[-4]}/{meta.parts[-3]}": (
            meta.stat().st_mtime,
            meta.with_name("events.jsonl").stat().st_mtime,
        )
        for meta in live.campaign.glob("records/*/*/*/meta.json")
    }


def test_turns_with_one_lane_are_refused_before_anything_runs(live: Live) -> None:
    by_turns(live)
    testbed = live.project.folder / "config" / "testbed-lanes.yaml"
    testbed.write_text(TESTBED.replace(f"lanes: {LANES}", "lanes: 1"), encoding="utf-8")
    done = snakemake(live, "--dry-run", *LIMITS)
    assert done.returncode == 1
    assert "the testbed has one lane; write `lanes: 2` or more" in done.stdout
    assert "Traceback" not in done.stdout


def check_looks(output: str) -> None:
    """By itself Snakemake looks once more a second for each job that is over, beside the trials."""
    ended, looks = (output.count(said) for said in ("Finished jobid:", "Ready jobs:"))
    assert ended > 4, output[-5000:]
    assert looks <= ended + 1, (ended, looks)


def test_turns_come_in_the_seeded_order_and_nothing_runs_beside_a_trial_alone(live: Live) -> None:
    """Meanwhile Snakemake looks for trials when a job has ended, and not every second."""
    schedule = by_turns(live)
    done = snakemake(
        live, *LIMITS, "--verbose", "--", "results/tables/contrasts.csv",
        STAND_IN_SECONDS="2", STAND_IN_LANES=str(LANES),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]
    check_looks(done.stdout)
    ran = spans(live)
    assert sorted(ran) == sorted(s.trial for s in schedule)
    turns: dict[int, list[tuple[float, float]]] = {}
    for scheduled in schedule:
        turns.setdefault(scheduled.turn, []).append(ran[scheduled.trial])
    for earlier, later in pairwise(turns[turn] for turn in sorted(turns)):
        assert max(end for _, end in earlier) <= min(begin for begin, _ in later)
    for turn, own in turns.items():
        alone = next(s.alone for s in schedule if s.turn == turn)
        overlaps = [a[1] > b[0] for a, b in pairwise(sorted(own))]
        assert any(overlaps) != alone, (turn, own)
    in_order = [s.trial for s in schedule if s.alone]
    assert sorted(in_order, key=lambda trial: ran[trial]) == in_order

    results = live.project.folder / "results"
    trials = pd.read_parquet(results / "tables" / "trials.parquet")
    said = trials.set_index("trial")["company"].to_dict()
    assert said == {s.trial: "alone" if s.alone else "side by side" for s in schedule}
    contrasts = pd.read_parquet(results / "tables" / "contrasts.parquet")
    own = contrasts[contrasts["differs_in"] == "company"]
    assert set(own["scenario"]) == {"S1", "S2"}
    assert set(zip(own["first"], own["second"], strict=True)) == {("alone", "side by side")}


def test_nothing_runs_beside_a_trial_that_is_alone_and_it_keeps_its_place(live: Live) -> None:
    """The schedule is that of the same study without it; later trials do not overtake it."""
    before = [s.trial for s in live.plan(ARM)]
    scenarios = yaml.safe_load(live.study.read_text(encoding="utf-8"))["scenarios"]
    next(s for s in scenarios if s["id"] == "S2")["alone"] = True
    schedule = live.plan(ARM, scenarios=scenarios)
    assert [s.trial for s in schedule] == before
    done = snakemake(
        live, *LIMITS, "--", "results/live/local/campaign.json",
        STAND_IN_SECONDS="1", STAND_IN_LANES=str(LANES), STAND_IN_VOID=schedule[-1].trial,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]
    ran = spans(live)
    assert sorted(ran) == sorted(before)
    for scheduled in (s for s in schedule if s.alone):
        begin, end = ran[scheduled.trial]
        for other in schedule:
            if other.order < scheduled.order:
                assert ran[other.trial][1] <= begin, (other.trial, scheduled.trial)
            elif other.order > scheduled.order:
                assert ran[other.trial][0] >= end, (other.trial, scheduled.trial)
