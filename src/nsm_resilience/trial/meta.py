# SPDX-License-Identifier: Apache-2.0
"""meta.json of a record: what the trial was meant to be and what it ran on."""

from __future__ import annotations

import sys
from typing import Any

from nsm_resilience.provenance.environment import machine, software
from nsm_resilience.record.layout import FORMAT
from nsm_resilience.record.writer import utc_now
from nsm_resilience.study.load import sha256_of
from nsm_resilience.study.models import Study
from nsm_resilience.study.schedule import ScheduledTrial
from nsm_resilience.testbed.api import Cluster
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.config import Images


def describe(
    campaign: str,
    study: Study,
    scheduled: ScheduledTrial,
    attempt: int,
    cluster: Cluster,
    cluster_id: str,
    lane: Lane,
    images: Images,
) -> dict[str, Any]:
    """The whole of meta.json."""
    scenario = study.scenario(scheduled.cell.scenario)
    return {
        "format": FORMAT,
        "campaign": campaign,
        "trial": scheduled.trial,
        "cell": scheduled.cell.id,
        "number": scheduled.number,
        "attempt": attempt,
        "order": scheduled.order,
        "block": scheduled.block,
        "seed": study.seed,
        "started": utc_now(),
        "scenario": scenario.model_dump(mode="json"),
        "scenario_sha256": sha256_of(scenario),
        "factors": scheduled.cell.factors.model_dump(mode="json"),
        "windows": study.windows.model_dump(mode="json"),
        "probes": study.probes.model_dump(mode="json"),
        "judge": study.judge.model_dump(mode="json"),
        "lane": lane.name,
        "cluster": {
            "id": cluster_id,
            "kubernetes": cluster.version(),
            "nodes": [_node(cluster, role, name) for role, name in lane.nodes.items()],
        },
        "images": {"registry": images.registry, "tag": images.tag, "agent": images.agent},
        "software": software(),
        "host": machine(),
        "argv": ["nsm-resilience", *sys.argv[1:]],
    }


def _node(cluster: Cluster, role: str, name: str) -> dict[str, Any]:
    info = cluster.core.read_node(name).status.node_info
    return {
        "name": name,
        "role": role,
        "kernel": info.kernel_version,
        "os": info.os_image,
        "runtime": info.container_runtime_version,
        "kubelet": info.kubelet_version,
    }
