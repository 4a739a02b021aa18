# SPDX-License-Identifier: Apache-2.0
"""What the systems of a study need once a cluster: definitions, rights, and what lanes share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import yaml
from kubernetes.client.exceptions import ApiException

from nsm_resilience.mesh.definitions import DEFINITIONS
from nsm_resilience.mesh.manifests import values
from nsm_resilience.systems.base import Shared, System
from nsm_resilience.testbed.api import (
    NAMESPACES,
    NODES,
    Cluster,
    labels_of,
    name_of,
    ready,
    wait_for,
)
from nsm_resilience.testbed.base import LANE_LABEL, Lane, TestbedError
from nsm_resilience.testbed.config import Images
from nsm_resilience.testbed.exec import run_in_pod

SERVED_S = 60.0
"""How long a definition may take until it is served; seconds."""
SHARED_S = 180.0
"""How long what a cluster shares may take to become Ready; seconds."""
RENEWAL_GRACE_S = 5
"""Grace period of pods that are made anew between trials; seconds."""


def prepare_cluster(
    cluster: Cluster,
    lanes: list[Lane],
    images: Images,
    systems: Iterable[System],
    say: Callable[[str], None],
) -> None:
    """Definitions, rights and shared parts of every system. May be repeated."""
    for system in reversed(list(systems)):
        plane = next(iter(system.planes))
        shared_values = values(system, lanes[0], images, plane)
        _define(cluster, system.render(system.definitions, shared_values))
        # A definition that was just made is not served at once (429, storage is initializing).
        wait_for(
            f"custom resources of {system.name} served", partial(_served, cluster, system), SERVED_S
        )
        for lane in lanes:
            cluster.apply(system.render(system.rights, values(system, lane, images, plane)))
        if system.shared is not None:
            say(f"{system.name}: {system.shared.namespace}")
            cluster.apply(system.render(system.shared.manifest, shared_values))
            _set_up(cluster, system.shared, lanes)
            wait_until_shared_serves(cluster, system)


def _define(cluster: Cluster, text: str) -> None:
    """Apply definitions; a kind that is served in the wanted version already stays as it is.

    Two systems may have the same kinds in different versions: the later one serves both.
    """
    for document in yaml.safe_load_all(text):
        wanted = {version["name"] for version in document.get("spec", {}).get("versions", ())}
        if not wanted or not wanted <= _versions(cluster, document["metadata"]["name"]):
            cluster.apply(yaml.safe_dump(document))


def _versions(cluster: Cluster, definition: str) -> set[str]:
    try:
        found = cluster.get(f"{DEFINITIONS}/{definition}", timeout_s=10)
    except ApiException as error:
        if error.status != 404:
            raise
        return set()
    return {v["name"] for v in found["spec"]["versions"] if v["served"]}


def _served(cluster: Cluster, system: System) -> bool:
    for plural in system.registry.plurals:
        path = f"/apis/{system.registry.group}/{system.registry.version}/{plural}"
        cluster.get(path, timeout_s=5)
    return True


def _set_up(cluster: Cluster, shared: Shared, lanes: list[Lane]) -> None:
    """Run the commands that make what the lanes need; one that was run before is no error."""
    wait_for(
        f"{shared.pod} Ready",
        lambda: ready(cluster.get(f"{NAMESPACES}/{shared.namespace}/pods/{shared.pod}")),
        SHARED_S,
    )
    commands = [*shared.setup]
    for lane in lanes:
        named = {"NAMESPACE": lane.namespace}
        commands += [tuple(part.format(**named) for part in one) for one in shared.per_lane]
    for command in commands:
        code, said = run_in_pod(cluster, shared.namespace, shared.pod, shared.container, command)
        if code and shared.repeated not in said:
            raise TestbedError(f"{shared.pod}: `{' '.join(command)}` failed: {said.strip()[-500:]}")


def wait_until_shared_serves(cluster: Cluster, system: System, lane: Lane | None = None) -> None:
    """Wait until what a system shares is Ready, with a pod on every node; else ApiUnavailable.

    For a lane, nodes of other lanes do not count: a trial there may be about just that.
    """
    shared = system.shared
    assert shared is not None

    def serves() -> bool:
        nodes = {
            name_of(node)
            for node in cluster.find(NODES, timeout_s=10)
            if lane is None or _is_open_to(node, lane)
        }
        found = cluster.pods(shared.namespace, shared.selector)
        pods = [pod for pod in found if pod["spec"].get("nodeName") in nodes]
        return nodes <= {pod["spec"]["nodeName"] for pod in pods} and all(map(ready, pods))

    wait_for(f"every pod of {shared.namespace} Ready, one on each node", serves, SHARED_S)


def _is_open_to(node: Any, lane: Lane) -> bool:
    """Whether a node is of this lane or of none."""
    return name_of(node) in lane.nodes.values() or LANE_LABEL not in labels_of(node)


def renew_shared(cluster: Cluster, system: System, lane: Lane) -> None:
    """Have the pods that trials on this lane's nodes break made anew, if one was restarted.

    A wipe leaves them. But a container that ended twice in ten minutes is started later and later
    (the kubelet's back-off), so that what a trial finds would depend on the one before.
    """
    parts = {part.app for of in system.components.values() for part in of.values() if part.shared}
    assert system.shared is not None
    namespace = system.shared.namespace
    worn = [
        name_of(pod)
        for pod in cluster.pods(namespace)
        if labels_of(pod).get("app") in parts
        and pod["spec"].get("nodeName") in lane.nodes.values()
        and any(c["restartCount"] for c in pod["status"].get("containerStatuses") or ())
    ]
    if worn:
        cluster.delete_pods(namespace, worn, grace_s=RENEWAL_GRACE_S)
        wait_for(
            f"other pods than {', '.join(worn)} in {namespace}",
            lambda: not set(worn) & {name_of(pod) for pod in cluster.pods(namespace)},
            SHARED_S,
        )
