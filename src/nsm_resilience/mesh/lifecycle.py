# SPDX-License-Identifier: Apache-2.0
"""Install NSM in a lane, wait until it serves, and remove every trace of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from nsm_resilience.agent.client import Agent
from nsm_resilience.mesh import system
from nsm_resilience.mesh.manifests import render, values
from nsm_resilience.study.models import Factors, Plane
from nsm_resilience.testbed.api import ApiUnavailable, Cluster, ready, wait_for
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
        cluster.request("GET", path, timeout_s=5, headers={})
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
            allocatable = self.cluster.core.read_node(node).status.allocatable or {}
            if int(allocatable.get(system.DEVICE, "0")) < 3:
                return False
        return True

    def start_pod(self, manifest: str, pod: str, node: str) -> None:
        """Create one of the workloads' pods on a node."""
        self.cluster.apply(render(manifest, {**self._values, "POD": pod, "NODE": node}))

    def start_endpoint(self, timeout_s: float = 60) -> None:
        """Start the endpoint and wait until it is registered with its service manager."""
        self.start_pod("endpoint.yaml", "endpoint", self.lane.endpoint_node)
        wait_for("the endpoint registered", self._registered, timeout_s)

    def _registered(self) -> bool:
        return any(
            item["spec"].get("networkservicename") == self.lane.service
            for item in self.custom_resources()["networkserviceendpoints"]
        )

    def start_client(self, pod: str, timeout_s: float = 60) -> Any:
        """Start the established client and wait until it is Ready, which is: connected."""
        self.start_pod(system.client_manifest(self.factors), pod, self.lane.client_node)

        def connected() -> bool:
            return ready(self.pod(pod))

        wait_for("the client connected", connected, timeout_s)
        return self.pod(pod)

    def pod(self, name: str) -> Any:
        """One pod of the lane."""
        return self.cluster.core.read_namespaced_pod(name, self.lane.namespace, _request_timeout=10)

    def custom_resources(self) -> dict[str, list[Any]]:
        """NSM's registry: its custom resources in the lane's namespace, by plural name."""
        found: dict[str, list[Any]] = {}
        for plural in system.RESOURCES:
            path = (
                f"/apis/{system.SERVICE_GROUP}/v1alpha1/namespaces/{self.lane.namespace}/{plural}"
            )
            found[plural] = self.cluster.request("GET", path, timeout_s=10, headers={})["items"]
            for item in found[plural]:
                item["metadata"].pop("managedFields", None)
        return found

    def residue(self, act: str) -> dict[str, Any]:
        """What the agents find on both nodes after acting (`inspect`, `free`, `wipe`, `leave`)."""
        found = {}
        for role, agent in self.agents.items():
            (line,) = agent.run("clean", system.residue_order(self.plane, act), timeout_s=30)
            found[role] = {k: line[k] for k in ("processes", "files", "interfaces")}
        return found

    def wipe(self, timeout_s: float = 90) -> dict[str, Any]:
        """Remove everything of NSM from the lane and return the proof that nothing is left.

        The order matters: first the owners of the pods, then their processes by the agents (a
        device plugin that waits on a dead socket keeps its kubelet from deleting any pod), then
        the pods, then the files. Raises ApiUnavailable naming what would not go.
        """
        for name in (REMEDY, *DAEMON_SETS):  # the remedy first: it would mend what is taken away
            self._delete_daemon_set(name)
        names = [pod.metadata.name for pod in self.cluster.pods(self.lane.namespace)]
        self.cluster.delete_pods(self.lane.namespace, names, grace_s=0)
        deadline = time.monotonic() + timeout_s
        while True:
            self.residue("free")
            left = self.residue("inspect")
            pods = self.cluster.pods(self.lane.namespace)
            if not pods and not any(found["processes"] for found in left.values()):
                break
            if time.monotonic() > deadline:
                raise ApiUnavailable(
                    f"{self.lane.name} could not be wiped: pods "
                    f"{[p.metadata.name for p in pods]}, processes "
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
        pods = [pod.metadata.name for pod in self.cluster.pods(self.lane.namespace)]
        proof = {"nodes": found, "custom_resources": resources, "pods": pods}
        dirty = [
            f"{role} node: {what} {found[role][what]}"
            for role in found
            for what in ("processes", "files", "interfaces")
            if found[role][what]
        ]
        dirty += [f"{plural} {names}" for plural, names in resources.items() if names]
        dirty += [f"pods {pods}"] if pods else []
        if dirty:
            raise ApiUnavailable(f"{self.lane.name} is not clean: {'; '.join(dirty)}")
        return proof

    def _delete_daemon_set(self, name: str) -> None:
        try:
            self.cluster.apps.delete_namespaced_daemon_set(
                name, self.lane.namespace, propagation_policy="Background", _request_timeout=10
            )
        except ApiException as error:
            if error.status != 404:
                raise

    def _delete_custom_resources(self) -> None:
        base = f"/apis/{system.SERVICE_GROUP}/v1alpha1/namespaces/{self.lane.namespace}"
        for plural, items in self.custom_resources().items():
            for item in items:
                name = item["metadata"]["name"]
                try:
                    self.cluster.request(
                        "DELETE", f"{base}/{plural}/{name}", timeout_s=10, headers={}
                    )
                except ApiException as error:
                    if error.status != 404:
                        raise
