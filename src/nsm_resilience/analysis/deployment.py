# SPDX-License-Identifier: Apache-2.0
"""The deployment on the two nodes of a trial, from its record's snapshot before the fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.figures.typical import typical_trials
from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import read_object, read_record
from nsm_resilience.systems.known import FIRST, system_of

if TYPE_CHECKING:
    import pandas as pd

_ROLES = ("client", "endpoint")
_OF_EVERY_POD = ("lo", "eth0")
"""Interfaces that a pod has without NSM."""


@dataclass(frozen=True)
class Link:
    """The interface that NSM put into a pod.

    Attributes:
        address: its IPv4 address with the prefix; empty without one.
        vxlan: id, local and remote address of the tunnel, if the interface is its end.
    """

    interface: str
    address: str
    vxlan: tuple[int, str, str] | None


@dataclass(frozen=True)
class Pod:
    """A pod of the lane. `app` is its name without what Kubernetes appended."""

    name: str
    app: str
    address: str
    host_network: bool
    init_containers: tuple[str, ...]
    containers: tuple[str, ...]
    link: Link | None


@dataclass(frozen=True)
class Node:
    """A node of the lane: its address, its pods, names of NSM's sockets, and running programs."""

    role: str
    name: str
    address: str
    pods: tuple[Pod, ...]
    sockets: tuple[str, ...]
    programs: tuple[str, ...]

    def pod(self, app: str) -> Pod | None:
        """The first pod of an app, None if there was none."""
        return next((pod for pod in self.pods if pod.app == app), None)


@dataclass(frozen=True)
class Deployment:
    """The deployment of a trial just before its fault.

    Attributes:
        resources: number of NSM's custom resources by kind.
        echo_s, component_s: seconds between two echoes, and two samples of components.
        newcomers: roles of the nodes on which a new client asked after the watch.
    """

    trial: str
    plane: str
    kubernetes: str
    nodes: tuple[Node, ...]
    resources: Mapping[str, int]
    echo_s: float
    component_s: float
    newcomers: tuple[str, ...]
    system: str = FIRST


def deployments(campaign: Path, trials: pd.DataFrame) -> list[Deployment]:
    """Read a typical trial's deployment of each system and plane; RecordError as below."""
    own = typical_trials(trials).drop_duplicates(["system", "plane"])
    found = (read_deployment(campaign / str(record)) for record in own["record"])
    return [one for one in found if one is not None]


def read_deployment(folder: Path) -> Deployment | None:
    """Read a record's deployment; None if it has no snapshot of pods and nodes, or a damaged one.

    No verdict rests on the snapshot.

    Raises:
        RecordError: the record cannot be read.
    """
    path = RecordLayout(folder).snapshot("before")
    if not path.is_file():
        return None
    meta = read_record(folder).meta
    try:
        return deployment(meta, read_object(path))
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def deployment(meta: Mapping[str, Any], snapshot: Mapping[str, Any]) -> Deployment | None:
    """Return the deployment from `meta.json` and the snapshot; None if the latter has no node."""
    names = {node["role"]: node["name"] for node in meta["cluster"].get("nodes") or []}
    nodes = tuple(
        _node(role, names[role], snapshot["nodes"][role], snapshot.get("pods") or [])
        for role in _ROLES
        if role in names and role in snapshot["nodes"]
    )
    if not nodes:
        return None
    return Deployment(
        trial=str(meta["trial"]),
        plane=str(meta["factors"]["plane"]),
        kubernetes=str(meta["cluster"].get("kubernetes") or ""),
        nodes=nodes,
        resources={kind: len(found) for kind, found in snapshot.get("resources", {}).items()},
        echo_s=float(meta["probes"]["echo_interval_s"]),
        component_s=float(meta["probes"]["component_interval_s"]),
        newcomers=_newcomers(meta["scenario"]),
        system=system_of(meta["factors"]).name,
    )


def _newcomers(scenario: Mapping[str, Any]) -> tuple[str, ...]:
    """Roles of the nodes on which a new client asked, in the watch or after it."""
    given = scenario.get("new_clients") or []
    roles = [str(client.get("node", "client")) for client in given]
    return tuple(dict.fromkeys(roles or scenario.get("new_connection") or ()))


def _node(role: str, name: str, state: Mapping[str, Any], pods: list[dict[str, Any]]) -> Node:
    networks = state.get("pods") or {}
    own = [pod for pod in pods if pod.get("node") == name]
    sockets = [item["name"] for item in state.get("sockets") or [] if item.get("kind") == "socket"]
    return Node(
        role=role,
        name=name,
        address=_address(_interfaces(state.get("node") or {}), "eth0").partition("/")[0],
        pods=tuple(_pod(pod, networks.get(pod["name"]) or {}) for pod in own),
        sockets=tuple(dict.fromkeys(sockets)),
        programs=tuple(program for program, running in state["processes"].items() if running),
    )


def _pod(pod: Mapping[str, Any], network: Mapping[str, Any]) -> Pod:
    name = str(pod["name"])
    added = [i for i in _interfaces(network) if i["name"] not in _OF_EVERY_POD]
    return Pod(
        name=name,
        app=name.partition("-")[0],
        address=str(pod.get("podIP") or ""),
        host_network=bool(pod.get("podIP")) and pod.get("podIP") == pod.get("hostIP"),
        init_containers=_containers(pod, "initContainerStatuses"),
        containers=_containers(pod, "containerStatuses"),
        link=_link(added[0]) if added else None,
    )


def _containers(pod: Mapping[str, Any], statuses: str) -> tuple[str, ...]:
    return tuple(str(status["name"]) for status in pod.get(statuses) or [])


def _interfaces(network: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Interfaces of a network; none if the snapshot has an error in their place."""
    found = network.get("interfaces")
    return found if isinstance(found, list) else []


def _link(interface: Mapping[str, Any]) -> Link:
    vxlan = interface.get("vxlan") or {}
    tunnel = {"id", "local", "remote"} <= set(vxlan)
    return Link(
        interface=str(interface["name"]),
        address=_address([interface], str(interface["name"])),
        vxlan=(int(vxlan["id"]), str(vxlan["local"]), str(vxlan["remote"])) if tunnel else None,
    )


def _address(interfaces: list[Any], name: str) -> str:
    """First IPv4 address of an interface, empty without one."""
    found = [a for i in interfaces if i["name"] == name for a in i.get("addresses") or []]
    return next((str(address) for address in found if ":" not in str(address)), "")
