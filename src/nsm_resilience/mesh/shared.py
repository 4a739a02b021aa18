# SPDX-License-Identifier: Apache-2.0
"""What a system shares once a cluster: set up, looked at before a lane uses it, made anew.

A wipe of a lane leaves it. So before each trial the pods on the lane's nodes that trials break are
made anew if one was restarted: a container that ended twice in ten minutes is started later and
later (the kubelet's back-off), and what a trial finds would depend on the one before. And where the
pod that everything is set up in is another one than before, which has forgotten it all, it is set
up again, and those on the lane's nodes are made anew, too, because they trust its predecessor.
"""

from __future__ import annotations

from typing import Any

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
from nsm_resilience.testbed.exec import run_in_pod
from nsm_resilience.testbed.lanes import find_lanes

SERVES_S = 180.0
"""How long what a cluster shares may take to become Ready; seconds."""
RENEWAL_GRACE_S = 5
"""Grace period of pods that are made anew between trials; seconds."""
SET_UP = "nsm-resilience/set-up"
"""Annotation of the pod that everything is set up in, once it is."""
SERVED_BY = "nsm-resilience/served-by"
"""Annotation of the others on lanes' nodes: uid of the pod that was set up when they began."""


def set_up_shared(cluster: Cluster, system: System, lanes: list[Lane]) -> None:
    """Run the commands that make what the lanes need; one that was run before is no error."""
    shared = _shared(system)
    uid = _uid(_main_pod(cluster, shared))
    commands = [*shared.setup]
    for lane in lanes:
        named = {"NAMESPACE": lane.namespace}
        commands += [tuple(part.format(**named) for part in one) for one in shared.per_lane]
    for command in commands:
        code, said = run_in_pod(cluster, shared.namespace, shared.pod, shared.container, command)
        if code and shared.repeated not in said:
            raise TestbedError(f"{shared.pod}: `{' '.join(command)}` failed: {said.strip()[-500:]}")
    _annotate(cluster, shared, shared.pod, SET_UP, uid)


def make_shared_ready(cluster: Cluster, system: System, lane: Lane) -> None:
    """Have what a lane shares serve it as at the first time; else ApiUnavailable, TestbedError."""
    shared = _shared(system)
    main = _main_pod(cluster, shared)
    if _annotation(main, SET_UP) != _uid(main):
        set_up_shared(cluster, system, find_lanes(cluster))
        main = _main_pod(cluster, shared)
    worn = [
        name_of(pod)
        for pod in _breakable(cluster, system, lane)
        if any(c["restartCount"] for c in pod["status"].get("containerStatuses") or ())
        or _annotation(pod, SERVED_BY) not in (None, _uid(main))
    ]
    if worn:
        cluster.delete_pods(shared.namespace, worn, grace_s=RENEWAL_GRACE_S)
        wait_for(
            f"other pods than {', '.join(worn)} in {shared.namespace}",
            lambda: not set(worn) & {name_of(pod) for pod in cluster.pods(shared.namespace)},
            SERVES_S,
        )
    wait_until_shared_serves(cluster, system, [lane])


def wait_until_shared_serves(cluster: Cluster, system: System, lanes: list[Lane]) -> None:
    """Wait until what a system shares is Ready, with a pod on every node; else ApiUnavailable.

    Nodes of other lanes than these do not count: a trial there may be about just that.
    """
    shared = _shared(system)

    def serves() -> bool:
        nodes = {
            name_of(node)
            for node in cluster.find(NODES, timeout_s=10)
            if LANE_LABEL not in labels_of(node) or any(_has(lane, node) for lane in lanes)
        }
        found = cluster.pods(shared.namespace, shared.selector)
        pods = [pod for pod in found if pod["spec"].get("nodeName") in nodes]
        return nodes <= {pod["spec"]["nodeName"] for pod in pods} and all(map(ready, pods))

    wait_for(f"every pod of {shared.namespace} Ready, one on each node", serves, SERVES_S)
    uid = _uid(_main_pod(cluster, shared))
    for lane in lanes:
        for pod in _breakable(cluster, system, lane):
            if _annotation(pod, SERVED_BY) is None:
                _annotate(cluster, shared, name_of(pod), SERVED_BY, uid)


def _shared(system: System) -> Shared:
    assert system.shared is not None
    return system.shared


def _has(lane: Lane, node: Any) -> bool:
    return name_of(node) in lane.nodes.values()


def _breakable(cluster: Cluster, system: System, lane: Lane) -> list[Any]:
    """The shared pods on a lane's nodes that trials can break."""
    parts = {part.app for of in system.components.values() for part in of.values() if part.shared}
    return [
        pod
        for pod in cluster.pods(_shared(system).namespace)
        if labels_of(pod).get("app") in parts and pod["spec"].get("nodeName") in lane.nodes.values()
    ]


def _main_pod(cluster: Cluster, shared: Shared) -> Any:
    """The pod that everything is set up in, once it is Ready."""
    path = f"{NAMESPACES}/{shared.namespace}/pods/{shared.pod}"
    wait_for(f"{shared.pod} Ready", lambda: ready(cluster.get(path, timeout_s=10)), SERVES_S)
    return cluster.get(path, timeout_s=10)


def _uid(pod: Any) -> str:
    return str(pod["metadata"]["uid"])


def _annotation(pod: Any, name: str) -> str | None:
    value = (pod["metadata"].get("annotations") or {}).get(name)
    return None if value is None else str(value)


def _annotate(cluster: Cluster, shared: Shared, pod: str, name: str, value: str) -> None:
    path = f"{NAMESPACES}/{shared.namespace}/pods/{pod}"
    cluster.merge(path, {"metadata": {"annotations": {name: value}}}, timeout_s=10)
