# SPDX-License-Identifier: Apache-2.0
"""Parts of a study's systems that a cluster has once: definitions, rights, and shared parts.

Ours are removed from a cluster that stays; those of others are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import yaml

from nsm_resilience.mesh.manifests import rendered, values
from nsm_resilience.mesh.shared import set_up_shared, wait_until_shared_serves
from nsm_resilience.systems.base import System
from nsm_resilience.systems.known import SYSTEMS
from nsm_resilience.systems.made import LABEL, OURS
from nsm_resilience.testbed.api import FIELD_MANAGER, Cluster, name_of, wait_for
from nsm_resilience.testbed.base import Lane, TestbedError
from nsm_resilience.testbed.config import Images

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
RIGHTS = "/apis/rbac.authorization.k8s.io/v1"
SERVED_S = 60.0
"""How long the API server may take to serve a new definition; seconds."""


def prepare_cluster(
    cluster: Cluster,
    lanes: list[Lane],
    images: Images,
    systems: Iterable[System],
    say: Callable[[str], None],
) -> None:
    """Apply definitions, rights and shared parts of every system. May be repeated."""
    for system in reversed(list(systems)):
        plane = next(iter(system.planes))
        shared_values = values(system, lanes[0], images, plane)
        _define(cluster, system.render(system.definitions, shared_values))
        # A new definition is not served at once (429, storage is initializing).
        wait_for(
            f"custom resources of {system.name} served", partial(_served, cluster, system), SERVED_S
        )
        for lane in lanes:
            cluster.apply(system.render(system.rights, values(system, lane, images, plane)))
        if system.shared is not None:
            say(f"{system.name}: {system.shared.namespace}")
            cluster.apply(rendered(system, system.shared.manifest, shared_values, images))
            set_up_shared(cluster, system, lanes)
            wait_until_shared_serves(cluster, system, lanes)


def _define(cluster: Cluster, text: str) -> None:
    """Apply definitions, except kinds that are already served in the wanted versions.

    Two systems may have the same kinds in different versions: the newer definition serves both.
    """
    for document in yaml.safe_load_all(text):
        wanted = {version["name"] for version in document.get("spec", {}).get("versions", ())}
        if not wanted or not wanted <= _versions(cluster, document["metadata"]["name"]):
            cluster.apply(yaml.safe_dump(document))


def _versions(cluster: Cluster, definition: str) -> set[str]:
    found = cluster.look(f"{DEFINITIONS}/{definition}", timeout_s=10)
    return {v["name"] for v in found["spec"]["versions"] if v["served"]} if found else set()


def _served(cluster: Cluster, system: System) -> bool:
    for plural in system.registry.plurals:
        path = f"/apis/{system.registry.group}/{system.registry.version}/{plural}"
        cluster.get(path, timeout_s=5)
    return True


def refuse_another_mesh(cluster: Cluster) -> None:
    """TestbedError when the cluster has a Network Service Mesh that is not ours."""
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
    """Remove the cluster-wide resources of `prepare_cluster`, and nothing else."""
    for base in (f"{RIGHTS}/clusterrolebindings", f"{RIGHTS}/clusterroles", DEFINITIONS):
        for item in cluster.find(base, selector=f"{LABEL}={OURS}", timeout_s=10):
            name = name_of(item)
            say(f"removing {base.rpartition('/')[2]} {name}")
            cluster.delete(f"{base}/{name}", timeout_s=10)
