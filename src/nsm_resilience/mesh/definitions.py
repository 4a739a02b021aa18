# SPDX-License-Identifier: Apache-2.0
"""NSM's definitions and rights in a cluster that stays: ours are removed, others left alone."""

from __future__ import annotations

from collections.abc import Callable

from nsm_resilience.systems.known import SYSTEMS
from nsm_resilience.testbed.api import FIELD_MANAGER, Cluster, name_of
from nsm_resilience.testbed.base import TestbedError

OURS = "app.kubernetes.io/part-of=nsm-resilience"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
RIGHTS = "/apis/rbac.authorization.k8s.io/v1"


def refuse_another_mesh(cluster: Cluster) -> None:
    """TestbedError when the cluster has a Network Service Mesh that we did not put there."""
    registries = [system.registry for system in SYSTEMS.values()]
    for name in dict.fromkeys(f"{kind}.{r.group}" for r in registries for kind in r.plurals):
        found = cluster.look(f"{DEFINITIONS}/{name}", timeout_s=10)
        if found is None:
            continue
        managers = {field.get("manager") for field in found["metadata"].get("managedFields", [])}
        if FIELD_MANAGER not in managers:
            raise TestbedError(
                f"the cluster has a definition {name} that is not ours: a Network Service Mesh is "
                "installed there, and ours would disturb it; take another cluster"
            )


def remove_definitions(cluster: Cluster, say: Callable[[str], None]) -> None:
    """Remove what `prepare_cluster` put there for the whole cluster, and nothing else."""
    for base in (f"{RIGHTS}/clusterrolebindings", f"{RIGHTS}/clusterroles", DEFINITIONS):
        for item in cluster.find(base, selector=OURS, timeout_s=10):
            name = name_of(item)
            say(f"removing {base.rpartition('/')[2]} {name}")
            cluster.delete(f"{base}/{name}", timeout_s=10)
