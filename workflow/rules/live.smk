# SPDX-License-Identifier: Apache-2.0
# Source `live`: make the cluster, run each trial as a job of its own, describe the campaign, remove
# the cluster. A trial without recovery is a result and exits 0; only a void one is run again.

import shlex


include: "live-common.smk"


# With an executor that sends jobs to other hosts (profiles/slurm), these run on Snakemake's host.
localrules:
    begin,
    cluster_up,
    index,
    cluster_down,


wildcard_constraints:
    cell=r"[A-Za-z0-9.-]+",
    number=r"\d\d",


# The marker of an interrupted run may name a cluster that is gone. Snakemake trusts files, so the
# cluster is made before any trial starts.
# A void trial is run again, and in the end is a result. Its job fails only without a lane, a
# cluster or room for a record. The others would fail as well then, so no more of them are begun
# (the default profile's `keep-going` is for builds).
onstart:
    with told_by_snakemake():
        if not workflow.local_exec:
            check_hosts(TESTBED, workflow.executor_plugin.name, SETTINGS.testbed)
        hold_campaign(SETTINGS.own_folder)
    for line in other_planes(one.cell for one in SCHEDULE.values()):
        print(line, file=sys.stderr)
    workflow.scheduler.keepgoing = False
    look_when_jobs_end()
    if cluster_was_left():
        Path("results/logs").mkdir(parents=True, exist_ok=True)
        shell("nsm-resilience cluster up {CLUSTER:q} >> results/logs/cluster-up.log 2>&1")


onerror:
    if Path(campaign("cluster.json")).exists():
        print(
            "\nThe cluster is left as it is. The same command goes on from here: nothing that was"
            " measured is lost.\nTo remove the cluster:"
            f" nsm-resilience cluster down {shlex.join(CLUSTER)}\n",
            file=sys.stderr,
        )


rule begin:
    """Open the campaign with a copy of its study: from now on this is what its trials run."""

    # Made once: another content is refused (`live_study`), and the same content with a new date (a
    # fresh checkout) changes nothing. Without `ancient` Snakemake would then make only this copy,
    # and no trial, for a target that is a receipt or the end of the cluster.
    input:
        study=ancient(SETTINGS.study),
    output:
        study=campaign("study.yaml"),
    log:
        "results/logs/begin.log",
    conda:
        "../envs/nsm-resilience.yaml"
    shell:
        "cp -- {input.study:q} {output.study:q} > {log:q} 2>&1"


rule cluster_up:
    """Make the cluster with its lanes and agents, and write down which cluster it is."""
    input:
        study=ancient(campaign("study.yaml")),
    output:
        marker=temp(campaign("cluster.json")),
    log:
        "results/logs/cluster-up.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        cluster=lambda wildcards: CLUSTER,
    shell:
        "nsm-resilience cluster up {params.cluster:q} > {log:q} 2>&1"


# `exec`: without a shell in between, signals reach the trial itself.
# `threads: 0`: a trial mostly waits; lanes limit how many run, not cores.
rule trial:
    """Run one trial on a free lane; the record of every attempt is kept, whatever its outcome."""
    input:
        study=ancient(campaign("study.yaml")),
        marker=ancient(campaign("cluster.json")),
        turn=receipts_before,
    output:
        receipt=campaign("receipts", "{cell}", "{number}.json"),
    log:
        campaign("logs", "{cell}", "{number}.log"),
    priority: priority_of
    retries: STUDY.attempts - 1
    conda:
        "../envs/nsm-resilience.yaml"
    threads: 0
    resources:
        cluster=lanes_for,
    params:
        cluster=lambda wildcards: CLUSTER,
    shell:
        "exec nsm-resilience trial --study {input.study:q} {params.cluster:q}"
        " --trial {wildcards.cell:q}/{wildcards.number:q} >> {log:q} 2>&1"


rule index:
    """Describe the campaign: what was scheduled, every attempt's record, its machine and commit."""
    input:
        study=campaign("study.yaml"),
        receipts=RECEIPTS,
    output:
        description=campaign("campaign.json"),
        commits=campaign("commits.json"),
    log:
        "results/logs/index.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        folder=SETTINGS.own_folder,
    shell:
        "nsm-resilience index {params.folder:q} > {log:q} 2>&1"


rule cluster_down:
    """Remove the cluster when the last trial is done."""
    input:
        marker=ancient(campaign("cluster.json")),
        receipts=RECEIPTS,
    output:
        done=touch(campaign("cluster-removed")),
    log:
        "results/logs/cluster-down.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        cluster=lambda wildcards: CLUSTER,
    shell:
        "nsm-resilience cluster down {params.cluster:q} > {log:q} 2>&1"
