# SPDX-License-Identifier: Apache-2.0
"""Install a system under test in a lane, wait until it serves, and remove every trace of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from nsm_resilience.agent.client import Agent, at_once
from nsm_resilience.mesh.manifests import ENDPOINT, SPARE, bystander, rendered, values
from nsm_resilience.mesh.residue import RESIDUE, residue_order
from nsm_resilience.mesh.shared import make_shared_ready
from nsm_resilience.mesh.shared_health import Proof
from nsm_resilience.record.snapshots import nsm_interfaces
from nsm_resilience.study.models import Factors
from nsm_resilience.systems.base import System, Workload
from nsm_resilience.systems.known import SYSTEMS
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

REMEDY = "nsm-watchdog"
"""The DaemonSet of the arms with a remedy (nsm_resilience.watchdog)."""


@dataclass(frozen=True)
class Mesh:
    """A system under test in one lane, on one forwarding plane."""

    cluster: Cluster
    lane: Lane
    images: Images
    factors: Factors
    agents: Mapping[str, Agent]

    @property
    def _values(self) -> dict[str, str]:
        return values(self.system, self.lane, self.images, self.factors.plane)

    @property
    def system(self) -> System:
        """The system under test."""
        return self.factors.under_test

    def share(self) -> Proof | None:
        """Make the shared parts of the cluster serve this lane; the proof, or None without any.

        It comes before the installation. ApiUnavailable names the parts that do not serve.
        """
        if self.system.shared is None:
            return None
        return make_shared_ready(self.cluster, self.system, self.lane, self.agents)

    def install(self, timeout_s: float = 120) -> None:
        """Create the system's parts and wait until all are Ready and its device is offered.

        Raises ApiUnavailable with the condition that did not become true.
        """
        for manifest in self.system.parts:
            name = manifest.format(plane=self.factors.plane)
            self.cluster.apply(rendered(self.system, name, self._values, self.images))
        wanted = sum(workload.pods for workload in self.system.workloads)
        wait_for(
            f"all parts of {self.system.name} Ready in {self.lane.name}",
            lambda: sum(map(ready, self._system_pods())) == wanted,
            timeout_s,
        )
        if self.system.device is not None:
            wait_for("the device plugin's resource on both nodes", self._device_offered, 60)

    def _system_pods(self) -> list[Any]:
        own = (part for part in self.factors.components.values() if not part.shared)
        apps = dict.fromkeys(part.app for part in own)
        return self.cluster.pods(self.lane.namespace, f"app in ({','.join(apps)})")

    def _device_offered(self) -> bool:
        device = self.system.device
        assert device is not None
        for node in self.lane.nodes.values():
            allocatable = self.cluster.get(f"{NODES}/{node}")["status"].get("allocatable", {})
            if int(allocatable.get(device.resource, "0")) < device.needed:
                return False
        return True

    def start_pod(
        self, manifest: str, pod: str, node: str, extra: Mapping[str, str] | None = None
    ) -> None:
        """Create one of the workloads' pods on a node; `extra` are its manifest's own values."""
        given = {**self._values, "POD": pod, "NODE": node, **(extra or {})}
        self.cluster.apply(rendered(self.system, manifest, given, self.images))

    def start_bystander(self, pod: str, node: str) -> None:
        """Create an ordinary pod on a node."""
        self.cluster.apply(bystander({**self._values, "POD": pod, "NODE": node}))

    def start_endpoints(self, spare: bool, timeout_s: float = 60) -> None:
        """Start the endpoint, and a spare one, and wait until they are registered."""
        names = (ENDPOINT, SPARE) if spare else (ENDPOINT,)
        for name in names:
            extra = {"ADDRESSES": self.system.addresses[name]}
            self.start_pod("endpoint.yaml", name, self.lane.endpoint_node, extra)
        what = "both endpoints registered" if spare else "the endpoint registered"
        wait_for(what, lambda: self._registered() == len(names), timeout_s)

    def _registered(self) -> int:
        registry = self.system.registry
        endpoints = self.custom_resources()[registry.endpoints]
        return sum(self.lane.service in registry.services(e.get("spec", {})) for e in endpoints)

    def workload(self, name: str) -> Any:
        """The pod of the established client, or of the endpoint that serves it.

        Of several endpoints it is the one whose pod has an interface of NSM. LookupError when there
        is no such pod.
        """
        pods = {name_of(p): p for p in self.cluster.pods(self.lane.namespace)}
        if name == ENDPOINT and SPARE in pods:
            name = self._serving([pods[n] for n in (ENDPOINT, SPARE) if n in pods])
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
        """Start the established client and wait until it is Ready, i.e. connected."""
        self.start_pod(f"client-{self.factors.client}.yaml", pod, self.lane.client_node)
        wait_for("the client connected", lambda: ready(self.pod(pod)), timeout_s)
        return self.pod(pod)

    def pod(self, name: str) -> Any:
        """One pod of the lane."""
        return self.cluster.get(f"{NAMESPACES}/{self.lane.namespace}/pods/{name}", timeout_s=10)

    def custom_resources(self, other: System | None = None) -> dict[str, list[Any]]:
        """The system's registry: its custom resources in the lane's namespace, by plural name.

        With `other` that of another system; a kind that the cluster does not know is empty then.
        """
        registry = (other or self.system).registry
        found: dict[str, list[Any]] = {}
        for plural in registry.plurals:
            path = registry.path(self.lane.namespace, plural)
            try:
                found[plural] = self.cluster.find(path, timeout_s=10)
            except ApiException as error:
                if error.status != 404 or other is None:
                    raise
                found[plural] = []
            for item in found[plural]:
                item["metadata"].pop("managedFields", None)
        return found

    def residue(self, act: str) -> dict[str, Any]:
        """The residue on both nodes after an act of the agents (agent/node/clean.py)."""

        def of(agent: Agent) -> dict[str, Any]:
            (line,) = agent.run("clean", residue_order(act), timeout_s=30)
            return {k: line[k] for k in RESIDUE}

        return at_once(self.agents, of)

    def wipe(self, timeout_s: float = 90) -> dict[str, Any]:
        """Remove every system from the lane and return the proof that nothing is left.

        First the agents undo faults that cut off or pause a node, because a kubelet that missed the
        deletions would start the containers again. Then the order is: the owners of the pods; their
        processes, by the agents (a device plugin that waits on a dead socket keeps its kubelet from
        deleting any pod); the pods; the files. Raises ApiUnavailable with everything that is left.
        """
        self.residue("undo")
        ours = set(self.lane.nodes.values())
        wait_for("both nodes Ready", lambda: ours <= self.cluster.ready_nodes(), timeout_s)
        self._delete_workloads()
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

    def prove_clean(self, found: dict[str, Any]) -> dict[str, Any]:
        """The proof that a lane is clean, from its residue; ApiUnavailable lists the residue."""
        resources = {
            plural: list(dict.fromkeys(name for _, name in paths))
            for plural, paths in self._of_every_system().items()
        }
        pods = [name_of(pod) for pod in self.cluster.pods(self.lane.namespace)]
        proof = {"nodes": found, "custom_resources": resources, "pods": pods}
        dirty = [
            f"{role} node: {what} {found[role][what]}"
            for role in found
            for what in RESIDUE
            if found[role][what]
        ]
        dirty += [f"{plural} {names}" for plural, names in resources.items() if names]
        dirty += [f"pods {pods}"] if pods else []
        if dirty:
            raise ApiUnavailable(f"{self.lane.name} is not clean: {'; '.join(dirty)}")
        return proof

    def _delete_workloads(self) -> None:
        """Delete those of every system, because an earlier trial may have had another one."""
        known = [workload for system in SYSTEMS.values() for workload in system.workloads]
        for workload in dict.fromkeys((Workload("DaemonSet", REMEDY), *known)):
            path = workload.path(self.lane.namespace)
            self.cluster.delete(path, {"propagationPolicy": "Background"}, timeout_s=10)

    def _of_every_system(self) -> dict[str, dict[tuple[str, str], str]]:
        """Paths of the custom resources of every system, by plural, and by group and name.

        A kind that the cluster does not know has none. Versions of one kind are the same kind;
        equal plurals of two groups are not.
        """
        found: dict[str, dict[tuple[str, str], str]] = {}
        for system in SYSTEMS.values():
            registry = system.registry
            for plural, items in self.custom_resources(system).items():
                found.setdefault(plural, {}).update(
                    ((registry.group, name), registry.path(self.lane.namespace, plural, name))
                    for name in map(name_of, items)
                )
        return found

    def _delete_custom_resources(self) -> None:
        for paths in self._of_every_system().values():
            for path in paths.values():
                self.cluster.delete(path, timeout_s=10)
