# SPDX-License-Identifier: Apache-2.0
"""Install NSM in a lane, wait until it serves, and remove every trace of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nsm_resilience.agent.client import Agent, at_once
from nsm_resilience.mesh import system
from nsm_resilience.mesh.manifests import render, values
from nsm_resilience.record.snapshots import nsm_interfaces
from nsm_resilience.study.models import Factors, Plane
from nsm_resilience.testbed.api import (
    NAMESPACES,
    NODES,
    ApiUnavailable,
    Cluster,
    name_of,
    ready,
    wait_for,
)
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.config import Images

DAEMON_SETS = ("nsmgr", "forwarder")
REMEDY = "nsm-watchdog"
"""The DaemonSet of the arms with a remedy (nsm_resilience.watchdog)."""


def prepare_cluster(cluster: Cluster, lanes: list[Lane], images: Images) -> None:
    """Custom resource definitions and rights, once. May be repeated."""
    cluster.apply(render("resources.yaml", {}))
    # A definition that was just made is not served at once (429, storage is initializing).
    wait_for("NSM's custom resources served", lambda: _served(cluster), 60)
    for lane in lanes:
        cluster.apply(render("rights.yaml", values(lane, images, "kernel")))


def _served(cluster: Cluster) -> bool:
    for plural in system.RESOURCES:
        path = f"/apis/{system.SERVICE_GROUP}/v1alpha1/{plural}"
        cluster.get(path, timeout_s=5)
    return True


@dataclass(frozen=True)
class Mesh:
    """NSM in one lane, on one forwarding plane."""

    cluster: Cluster
    lane: Lane
    images: Images
    factors: Factors
    agents: Mapping[str, Agent]

    @property
    def _values(self) -> dict[str, str]:
        return values(self.lane, self.images, self.factors.plane)

    @property
    def plane(self) -> Plane:
        """The forwarding plane."""
        return self.factors.plane

    def install(self, timeout_s: float = 120) -> None:
        """Create managers and forwarders and wait until all are Ready and offer their device.

        Raises ApiUnavailable naming what did not come up.
        """
        for manifest in ("nsmgr.yaml", f"forwarder-{self.plane}.yaml"):
            self.cluster.apply(render(manifest, self._values))
        wait_for(
            "service managers and forwarders Ready on both nodes",
            lambda: sum(map(ready, self._system_pods())) == 2 * len(DAEMON_SETS),
            timeout_s,
        )
        wait_for("the device plugin's resource on both nodes", self._device_offered, 60)

    def _system_pods(self) -> list[Any]:
        return self.cluster.pods(self.lane.namespace, f"app in ({','.join(DAEMON_SETS)})")

    def _device_offered(self) -> bool:
        for node in self.lane.nodes.values():
            allocatable = self.cluster.get(f"{NODES}/{node}")["status"].get("allocatable", {})
            if int(allocatable.get(system.DEVICE, "0")) < 3:
                return False
        return True

    def start_pod(
        self, manifest: str, pod: str, node: str, extra: Mapping[str, str] | None = None
    ) -> None:
        """Create one of the workloads' pods on a node; `extra` are its manifest's own values."""
        own = {"POD": pod, "NODE": node, **(extra or {})}
        self.cluster.apply(render(manifest, {**self._values, **own}))

    def start_endpoints(self, spare: bool, timeout_s: float = 60) -> None:
        """Start the endpoint, and a spare one, and wait until the service managers know them."""
        names = (system.ENDPOINT, system.SPARE) if spare else (system.ENDPOINT,)
        for name in names:
            extra = {"ADDRESSES": system.ADDRESSES[name]}
            self.start_pod("endpoint.yaml", name, self.lane.endpoint_node, extra)
        what = "both endpoints registered" if spare else "the endpoint registered"
        wait_for(what, lambda: self._registered() == len(names), timeout_s)

    def _registered(self) -> int:
        endpoints = self.custom_resources()["networkserviceendpoints"]
        return sum(e["spec"].get("networkservicename") == self.lane.service for e in endpoints)

    def workload(self, name: str) -> Any:
        """The pod of the established client, or of the endpoint that serves it.

        Of several endpoints it is the one whose pod has an interface of NSM. LookupError when there
        is no such pod.
        """
        pods = {name_of(p): p for p in self.cluster.pods(self.lane.namespace)}
        if name == system.ENDPOINT and system.SPARE in pods:
            name = self._serving([pods[n] for n in (system.ENDPOINT, system.SPARE) if n in pods])
        if name not in pods:
            raise LookupError(f"{self.lane.name} has no pod {name}")
        return pods[name]

    def _serving(self, pods: list[Any]) -> str:
        uids = {name_of(p): p["metadata"]["uid"] for p in pods}
        order: dict[str, Any] = {"programs": [], "sockets": {}, "pods": uids}
        (line,) = self.agents["endpoint"].run("snapshot", order)
        serving = [name for name, network in line["pods"].items() if nsm_interfaces(network)]
        if len(serving) != 1:
            raise LookupError(f"of the endpoints {sorted(uids)} these serve: {serving}")
        return str(serving[0])

    def start_client(self, pod: str, timeout_s: float = 60) -> Any:
        """Start the established client and wait until it is Ready, which is: connected."""
        self.start_pod(system.client_manifest(self.factors), pod, self.lane.client_node)

        def connected() -> bool:
            return ready(self.pod(pod))

        wait_for("the client connected", connected, timeout_s)
        return self.pod(pod)

    def pod(self, name: str) -> Any:
        """One pod of the lane."""
        return self.cluster.get(f"{NAMESPACES}/{self.lane.namespace}/pods/{name}", timeout_s=10)

    def custom_resources(self) -> dict[str, list[Any]]:
        """NSM's registry: its custom resources in the lane's namespace, by plural name."""
        found: dict[str, list[Any]] = {}
        for plural in system.RESOURCES:
            path = self.path_of_resource(plural)
            found[plural] = self.cluster.find(path, timeout_s=10)
            for item in found[plural]:
                item["metadata"].pop("managedFields", None)
        return found

    def path_of_resource(self, plural: str, name: str = "") -> str:
        """Where the API server has one of NSM's custom resources, or all of a kind."""
        base = f"/apis/{system.SERVICE_GROUP}/v1alpha1/namespaces/{self.lane.namespace}/{plural}"
        return f"{base}/{name}" if name else base

    def residue(self, act: str) -> dict[str, Any]:
        """What the agents find on both nodes after acting (see agent/node/clean.py)."""

        def of(agent: Agent) -> dict[str, Any]:
            (line,) = agent.run("clean", system.residue_order(act), timeout_s=30)
            return {k: line[k] for k in system.RESIDUE}

        return at_once(self.agents, of)

    def wipe(self, timeout_s: float = 90) -> dict[str, Any]:
        """Remove everything of NSM from the lane and return the proof that nothing is left.

        The order matters: first the owners of the pods, then their processes by the agents (a
        device plugin that waits on a dead socket keeps its kubelet from deleting any pod), then
        the pods, then the files. Before all, nodes that a fault has left cut off or paused are
        brought back: a kubelet that missed the deletions would start the containers again. Raises
        ApiUnavailable naming what would not go.
        """
        self.residue("undo")
        ours = set(self.lane.nodes.values())
        wait_for("both nodes Ready", lambda: ours <= self.cluster.ready_nodes(), timeout_s)
        for name in (REMEDY, *DAEMON_SETS):  # the remedy first: it would mend what is taken away
            self._delete_daemon_set(name)
        names = [name_of(pod) for pod in self.cluster.pods(self.lane.namespace)]
        self.cluster.delete_pods(self.lane.namespace, names, grace_s=0)
        deadline = time.monotonic() + timeout_s
        while True:
            left = self.residue("free")
            pods = self.cluster.pods(self.lane.namespace)
            if not pods and not any(found["processes"] for found in left.values()):
                break
            if time.monotonic() > deadline:
                raise ApiUnavailable(
                    f"{self.lane.name} could not be wiped: pods "
                    f"{[name_of(p) for p in pods]}, processes "
                    f"{ {role: found['processes'] for role, found in left.items()} }"
                )
            time.sleep(0.5)
        self._delete_custom_resources()
        return self.prove_clean(self.residue("wipe"))

    def prove_clean(self, found: dict[str, Any] | None = None) -> dict[str, Any]:
        """The proof that a lane is clean; ApiUnavailable listing what is not."""
        found = found if found is not None else self.residue("inspect")
        resources = {
            plural: [item["metadata"]["name"] for item in items]
            for plural, items in self.custom_resources().items()
        }
        pods = [name_of(pod) for pod in self.cluster.pods(self.lane.namespace)]
        proof = {"nodes": found, "custom_resources": resources, "pods": pods}
        dirty = [
            f"{role} node: {what} {found[role][what]}"
            for role in found
            for what in system.RESIDUE
            if found[role][what]
        ]
        dirty += [f"{plural} {names}" for plural, names in resources.items() if names]
        dirty += [f"pods {pods}"] if pods else []
        if dirty:
            raise ApiUnavailable(f"{self.lane.name} is not clean: {'; '.join(dirty)}")
        return proof

    def _delete_daemon_set(self, name: str) -> None:
        path = f"/apis/apps/v1/namespaces/{self.lane.namespace}/daemonsets/{name}"
        self.cluster.delete(path, {"propagationPolicy": "Background"}, timeout_s=10)

    def _delete_custom_resources(self) -> None:
        for plural, items in self.custom_resources().items():
            for item in items:
                self.cluster.delete(self.path_of_resource(plural, name_of(item)), timeout_s=10)
