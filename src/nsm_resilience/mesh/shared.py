# SPDX-License-Identifier: Apache-2.0
"""The part of a system that all lanes of a cluster share: set up, checked, and recreated.

A wipe of a lane does not touch it. So before each trial, shared pods on the lane's nodes that were
restarted are recreated: the kubelet delays repeated restarts more and more (back-off), and a trial
would depend on the one before. If the main pod, which holds the setup, was replaced, its setup is
lost: it is set up again, and the shared pods on the lane's nodes are recreated, because they trust
its predecessor. Then the part is proved to serve (mesh/shared_health.py) before the trial begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nsm_resilience.agent.client import Agent
from nsm_resilience.mesh.shared_health import Proof, prove_serving, renew
from nsm_resilience.systems.base import Shared, System
from nsm_resilience.testbed.api import (
    NAMESPACES,
    NODES,
    ApiUnavailable,
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
"""How long a shared part may take to become Ready; seconds."""
ROUNDS = 3
"""How often pods are recreated for one trial at most: one may be killed during the proof."""
SET_UP = "nsm-resilience/set-up"
"""Annotation of the main pod after its setup."""
SERVED_BY = "nsm-resilience/served-by"
"""Annotation of shared pods on lanes' nodes: uid of the main pod at their start."""


def set_up_shared(cluster: Cluster, system: System, lanes: list[Lane]) -> None:
    """Run the setup commands for all lanes; a repeated command is no error."""
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


def make_shared_ready(
    cluster: Cluster, system: System, lane: Lane, agents: Mapping[str, Agent]
) -> Proof:
    """Make the shared part serve a lane as if new, and prove it.

    `agents` are those of the lane's nodes. ApiUnavailable or TestbedError names the part that does
    not serve.
    """
    shared = _shared(system)
    main = _main_pod(cluster, shared)
    if _annotation(main, SET_UP) != _uid(main):
        set_up_shared(cluster, system, find_lanes(cluster))
        main = _main_pod(cluster, shared)
    worn = _worn(cluster, system, lane, _uid(main))
    made_anew: list[str] = []
    for _ in range(ROUNDS):
        renew(cluster, shared, worn, SERVES_S)
        proof = prove_serving(cluster, system, lane, agents)
        made_anew += [*worn, *proof.made_anew]
        wait_until_shared_serves(cluster, system, [lane])
        worn = _worn(cluster, system, lane, _uid(main))
        if not worn:
            return Proof(proof.checks, tuple(made_anew))
    raise ApiUnavailable(
        f"what {shared.namespace} gives to every lane is restarted again and again: "
        f"{', '.join(worn)}; see what their logs say"
    )


def _worn(cluster: Cluster, system: System, lane: Lane, served_by: str) -> list[str]:
    """The pods to recreate: those that were restarted, or that trust an earlier main pod."""
    return [
        name_of(pod)
        for pod in _breakable(cluster, system, lane)
        if any(c["restartCount"] for c in pod["status"].get("containerStatuses") or ())
        or _annotation(pod, SERVED_BY) not in (None, served_by)
    ]


def wait_until_shared_serves(cluster: Cluster, system: System, lanes: list[Lane]) -> None:
    """Wait until a shared part is Ready, with a pod on every node; else ApiUnavailable.

    Nodes of other lanes than these do not count, because a trial there may break the part.
    """
    shared = _shared(system)
    ours = {node for lane in lanes for node in lane.nodes.values()}
    lacking: list[str] = []

    def serves() -> bool:
        nodes = {
            name_of(node)
            for node in cluster.find(NODES, timeout_s=10)
            if LANE_LABEL not in labels_of(node) or name_of(node) in ours
        }
        found = cluster.pods(shared.namespace, shared.selector)
        pods = [pod for pod in found if pod["spec"].get("nodeName") in nodes]
        empty = nodes - {pod["spec"]["nodeName"] for pod in pods}
        lacking[:] = [f"none on {node}" for node in sorted(empty)]
        lacking.extend(f"{name_of(pod)} is not" for pod in pods if not ready(pod))
        return not lacking

    try:
        wait_for(f"every pod of {shared.namespace} Ready, one on each node", serves, SERVES_S)
    except ApiUnavailable as error:
        raise ApiUnavailable(f"{error}: {', '.join(lacking) or 'nobody told'}") from error
    uid = _uid(_main_pod(cluster, shared))
    for lane in lanes:
        for pod in _breakable(cluster, system, lane):
            if _annotation(pod, SERVED_BY) is None:
                _annotate(cluster, shared, name_of(pod), SERVED_BY, uid)


def _shared(system: System) -> Shared:
    assert system.shared is not None
    return system.shared


def _breakable(cluster: Cluster, system: System, lane: Lane) -> list[Any]:
    """The shared pods on a lane's nodes that trials can break."""
    apps = system.shared_apps()
    return [
        pod
        for pod in cluster.pods(_shared(system).namespace)
        if labels_of(pod).get("app") in apps and pod["spec"].get("nodeName") in lane.nodes.values()
    ]


def _main_pod(cluster: Cluster, shared: Shared) -> Any:
    """The pod that holds the setup, when it is Ready."""
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
