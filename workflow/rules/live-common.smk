# SPDX-License-Identifier: Apache-2.0
# Shared by the rules of a live campaign: its schedule, its lanes, and the claim on its folder.

from nsm_resilience.closing import other_planes
from nsm_resilience.executor import check_hosts
from nsm_resilience.report.paper import check_texts
from nsm_resilience.study.schedule import make_schedule, trials_before
from nsm_resilience.testbed.config import load_testbed
from nsm_resilience.workflow import check_turns, hold_campaign, live_study

with told_by_snakemake():
    STUDY = live_study(SETTINGS)
    check_texts(STUDY, Path(SETTINGS.study))
    TESTBED = load_testbed(SETTINGS.testbed)
    LANES = len(TESTBED.worker_pairs())
    check_turns(STUDY, LANES)

SCHEDULE = {scheduled.trial: scheduled for scheduled in make_schedule(STUDY)}
RECEIPTS = [campaign("receipts", f"{trial}.json") for trial in SCHEDULE]

# Without this limit every core would start a trial; the default profile cannot know the number of
# lanes. `--resources cluster=1` on the command line wins.
workflow.global_resources.setdefault("cluster", LANES)

# Options of every command on the cluster.
CLUSTER = ["--testbed", str(SETTINGS.testbed), "--campaign-dir", str(SETTINGS.own_folder)]
if SETTINGS.allow_context:
    CLUSTER += ["--allow-context", SETTINGS.allow_context]

RESULTS.append(campaign("cluster-removed"))


def scheduled(wildcards):
    """The scheduled trial of a job."""
    try:
        return SCHEDULE[f"{wildcards.cell}/{wildcards.number}"]
    except KeyError as error:
        raise WorkflowError(f"the study schedules no trial {error}") from None


def priority_of(wildcards):
    """Trials start in the order of the seeded schedule: the earlier, the higher."""
    return len(SCHEDULE) - scheduled(wildcards).order


def lanes_for(wildcards):
    """How many lanes a trial takes: one, or all of them for a trial that runs alone."""
    return workflow.global_resources["cluster"].value if scheduled(wildcards).alone else 1


def receipts_before(wildcards):
    """Receipts of trials that have to end before this one; it does not read them.

    Priorities are not enough: while lanes are busy, later trials on one lane would overtake a trial
    that needs all of them.
    """
    before = trials_before(list(SCHEDULE.values()), scheduled(wildcards))
    return [ancient(campaign("receipts", f"{trial}.json")) for trial in before]


def cluster_was_left():
    """Whether an interrupted run left its cluster's marker and trials that still have to run."""
    left = Path(campaign("cluster.json")).exists()
    return left and not all(Path(receipt).exists() for receipt in RECEIPTS)
