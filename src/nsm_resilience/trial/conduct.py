# SPDX-License-Identifier: Apache-2.0
"""Conduct one scheduled trial: check earlier attempts, take a lane, run one, write a receipt."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from nsm_resilience.mesh.lane_cleaning import clean_again
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.lock import one_at_a_time
from nsm_resilience.record.reader import read_record
from nsm_resilience.study.duration import lasts_s
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Study
from nsm_resilience.study.schedule import ScheduledTrial, find_trial
from nsm_resilience.testbed.api import ApiUnavailable, Cluster, wait_for
from nsm_resilience.testbed.base import TestbedError
from nsm_resilience.testbed.config import ExistingTestbed, KindTestbed
from nsm_resilience.testbed.lanes import find_lanes, take_lane
from nsm_resilience.testbed.marker import read_marker
from nsm_resilience.testbed.unusable_lanes import lock_folder, take_out
from nsm_resilience.trial.attempts import Attempt, attempts_of, write_receipt
from nsm_resilience.trial.meta import AttemptPlan
from nsm_resilience.trial.phases import API_BACK_S
from nsm_resilience.trial.run import run_attempt

VOID = 75
"""Exit code of a void trial that may be tried again (EX_TEMPFAIL of sysexits.h)."""


def conduct(
    study_file: Path,
    testbed: KindTestbed | ExistingTestbed,
    campaign_folder: Path,
    trial: str,
    say: Callable[[str], None],
) -> int:
    """Run the next attempt of a trial; returns the exit code, 0 or VOID.

    A complete attempt is never repeated, unless our own probes failed in it: then it proves nothing
    about the system and counts as void (judge/instruments.py). A record without an end comes from a
    runner that was killed: the attempt is shown as cut, and the next number is run. The receipt is
    written when an attempt is complete or the last allowed one is void. A lane that cannot be
    cleaned is taken out of use, and the trial continues at once on another one. If another process
    runs the same trial, this one waits.

    Raises NoSuchTrial for a trial that the study does not have, TestbedError when there is no
    campaign or no lane is left, and RecordLost when nothing can be written; all say what to do.
    """
    study = load_study(study_file)
    scheduled = find_trial(study, trial)
    campaign = CampaignLayout(campaign_folder)
    if not campaign_folder.is_dir():
        raise _not_up(campaign)
    with only_conductor(campaign_folder, trial, say):
        return _conduct(study, scheduled, testbed, campaign, say)


def only_conductor(
    campaign_folder: Path, trial: str, say: Callable[[str], None]
) -> AbstractContextManager[None]:
    """Hold a trial's lock while the block runs; waits for a process that has it.

    When Snakemake is killed, the trial that it started goes on. The next call of Snakemake starts
    the same trial again: it must wait for the first process and then find its record, or the trial
    would be measured twice.
    """

    def waiting(owner: str) -> None:
        say(f"{trial}: {owner} runs it already; waiting for its end")

    return one_at_a_time(campaign_folder / "locks" / f"{trial.replace('/', '-')}.lock", waiting)


def _conduct(
    study: Study,
    scheduled: ScheduledTrial,
    testbed: KindTestbed | ExistingTestbed,
    campaign: CampaignLayout,
    say: Callable[[str], None],
) -> int:
    trial, campaign_folder = scheduled.trial, campaign.folder
    done = attempts_of(campaign, trial)
    if not _settled(done, _failures(campaign, trial, done), study.attempts):
        cluster, cluster_id = _cluster(campaign)
        lanes = find_lanes(cluster)
        locks = lock_folder(campaign_folder, cluster_id)
        # another process may have begun a trial of this study in each lane just now
        patience_s = max(
            lasts_s(study.windows_of(cell), study.scenario(cell.scenario))
            for cell, _ in study.cells()
        )
        while True:  # each round but the last takes a lane out of use
            number = done[-1].attempt + 1 if done else 1
            with take_lane(lanes, locks, patience_s) as lane:
                who = f"{trial}, attempt {number}"
                say(f"{who}, on {lane.name}")
                plan = AttemptPlan(
                    folder=campaign.record(trial, number),
                    campaign=campaign_folder.name,
                    study=study,
                    scheduled=scheduled,
                    attempt=number,
                    cluster=cluster,
                    cluster_id=cluster_id,
                    lane=lane,
                    lanes_at_once=1 if scheduled.alone else len(lanes),
                    images=testbed.images,
                    say=partial(_say_phase, say, who),
                )
                reason = run_attempt(plan)
                done = attempts_of(campaign, trial)
                if reason is not None:
                    say(f"{who} is void: {reason}")
                if not done[-1].lane_failed:
                    break
                try:
                    why = clean_again(cluster, lane, testbed.images)
                except ApiUnavailable as error:  # the API server failed, not the lane
                    say(str(error))
                    return VOID
                if why is None:  # the second cleaning succeeded
                    return VOID
                say(str(take_out(locks, lane.name, why, campaign_folder.name, trial)))
        failures = _failures(campaign, trial, done)
        failed = failures.get(done[-1].attempt)
        if failed is not None:
            say(f"{trial}, attempt {done[-1].attempt} says nothing of the system: {failed}")
        if not _settled(done, failures, study.attempts):
            return VOID
    write_receipt(campaign, trial, done)
    return 0


def _settled(done: list[Attempt], failures: dict[int, str | None], allowed: int) -> bool:
    """Whether a trial needs no further attempt: one is complete, or the last allowed one void."""
    return None in failures.values() or len(failures) + sum(a.counts for a in done) >= allowed


def _failures(campaign: CampaignLayout, trial: str, done: list[Attempt]) -> dict[int, str | None]:
    """The failure of our own probes, or None, for each complete attempt."""
    complete = [a.attempt for a in done if a.outcome == "complete"]
    if not complete:  # usual at the begin of a trial: do not load the judge
        return {}
    from nsm_resilience.judge.instruments import instrument_failure

    return {n: instrument_failure(read_record(campaign.record(trial, n))) for n in complete}


def _say_phase(say: Callable[[str], None], who: str, phase: str) -> None:
    say(f"{who}: {phase}")


def _cluster(campaign: CampaignLayout) -> tuple[Cluster, str]:
    """The campaign's cluster, with a check of its identity."""
    if not campaign.cluster.exists():
        raise _not_up(campaign)
    marker = read_marker(campaign.cluster)
    cluster = Cluster(marker.kubeconfig, marker.context)
    wait_for("an answer of the API server", cluster.identity, API_BACK_S)
    identity = cluster.identity()
    if identity != marker.id:
        raise TestbedError(
            f"the cluster of context {marker.context} is not the one that was brought up "
            f"({identity} instead of {marker.id}); run `nsm-resilience cluster up` again"
        )
    return cluster, identity


def _not_up(campaign: CampaignLayout) -> TestbedError:
    return TestbedError(
        f"{campaign.cluster} is missing: bring the cluster up first, with\n"
        f"  nsm-resilience cluster up --campaign-dir {campaign.folder} --testbed …"
    )
