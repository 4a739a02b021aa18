# SPDX-License-Identifier: Apache-2.0
"""The plan of an attempt, and meta.json of its record: the plan, cluster, host and software."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsm_resilience.host.environment import boot, machine, software
from nsm_resilience.record.layout import FORMAT
from nsm_resilience.record.writer import utc_now
from nsm_resilience.study.load import sha256_of
from nsm_resilience.study.models import Study
from nsm_resilience.study.schedule import ScheduledTrial
from nsm_resilience.systems.known import FIRST
from nsm_resilience.testbed.api import NODES, Cluster
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.config import Images


@dataclass(frozen=True)
class AttemptPlan:
    """One attempt: which trial of which study, its number, its lane, and its record.

    Attributes:
        folder: The record's folder; it must not exist.
        attempt: 1 for the first attempt of the trial.
        cluster_id: Identity of the cluster, which must be the same at the end.
        lane: The lane; the caller holds it for the whole attempt.
        lanes_at_once: How many trials of the campaign may run at once with this one.
        say: Takes a line of progress.
    """

    folder: Path
    campaign: str
    study: Study
    scheduled: ScheduledTrial
    attempt: int
    cluster: Cluster
    cluster_id: str
    lane: Lane
    lanes_at_once: int
    images: Images
    say: Callable[[str], None]


def describe(plan: AttemptPlan) -> dict[str, Any]:
    """The whole of meta.json."""
    study, scheduled, cluster = plan.study, plan.scheduled, plan.cluster
    scenario = study.scenario(scheduled.cell.scenario)
    return {
        "format": FORMAT,
        "campaign": plan.campaign,
        "trial": scheduled.trial,
        "cell": scheduled.cell.id,
        "number": scheduled.number,
        "attempt": plan.attempt,
        "order": scheduled.order,
        "block": scheduled.block,
        "seed": study.seed,
        "started": utc_now(),
        "scenario": scenario.model_dump(mode="json"),
        "scenario_sha256": sha256_of(scenario),
        "factors": scheduled.cell.factors.model_dump(mode="json"),
        "windows": study.windows_of(scheduled.cell).model_dump(mode="json"),
        "probes": study.probes.model_dump(mode="json"),
        "judge": study.judge.model_dump(mode="json"),
        "lane": plan.lane.name,
        "lanes_at_once": plan.lanes_at_once,
        "cluster": {
            "id": plan.cluster_id,
            "kubernetes": cluster.version(),
            "nodes": [_node(cluster, role, name) for role, name in plan.lane.nodes.items()],
        },
        "images": {
            "registry": plan.images.registry,
            "tag": plan.images.tag,
            "agent": plan.images.agent,
            **_named(plan),
            **_resources(plan),
        },
        "software": software(),
        "host": machine(),
        "boot": boot(),
        "argv": ["nsm-resilience", *sys.argv[1:]],
    }


def _named(plan: AttemptPlan) -> dict[str, Any]:
    """The images of a system other than the paper's; `registry` and `tag` describe the paper's."""
    factors = plan.scheduled.cell.factors
    if factors.system == FIRST:
        return {}
    return {"named": plan.images.names({factors.system: (factors.plane,)})}


def _resources(plan: AttemptPlan) -> dict[str, Any]:
    """Resources of containers that the testbed declares instead of the system's manifests."""
    given = plan.images.resources_of(plan.scheduled.cell.factors.under_test)
    shown = {name: one.model_dump(exclude_defaults=True) for name, one in given.items()}
    return {"resources": shown} if shown else {}


def _node(cluster: Cluster, role: str, name: str) -> dict[str, Any]:
    info = cluster.get(f"{NODES}/{name}")["status"]["nodeInfo"]
    return {
        "name": name,
        "role": role,
        "kernel": info["kernelVersion"],
        "os": info["osImage"],
        "runtime": info["containerRuntimeVersion"],
        "kubelet": info["kubeletVersion"],
    }
