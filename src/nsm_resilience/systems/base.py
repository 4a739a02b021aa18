# SPDX-License-Identifier: Apache-2.0
"""The description of a system under test, for the rest of the code.

A system is a folder beside this file: one `System` made of the dataclasses below, each fact with
its source, and its manifests. All other code reads it and names no component. To add a system, make
the folder: `known.py` finds it, and `nsm-resilience schema` reports contradictions. Besides the
manifests named here every folder has `client-plain.yaml` and `endpoint.yaml`, and one manifest for
each other kind of client, such as `client-monitored.yaml`. Manifests may use the substitutions in
`consistency.py` as `${NAME}`, and each image by its key in `ImageSet`. `made.py` checks what the
manifests create, and where.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from string import Template
from typing import Any, Literal

Role = Literal["client", "endpoint"]
Owner = Literal["DaemonSet", "Deployment"]
_CONTAINER = re.compile(r"^ *- name: ([\w-]+)\n +image:", re.MULTILINE)
Kind = Literal["manager", "registry", "device", "forwarder", "agent", "data plane", "identity"]
"""The task of a component, the same word in every system: figures sort and colour by it."""


@dataclass(frozen=True)
class Plane:
    """A forwarding plane of a system.

    Attributes:
        title: For people, as in "the VPP plane".
        meaning: A clause that says who forwards the packets.
        in_russian: The title in the Russian abstract; empty: `title`.
    """

    title: str
    meaning: str
    in_russian: str = ""


@dataclass(frozen=True)
class Component:
    """One part of a system that can fail.

    Attributes:
        app: Label `app` of its pod.
        container: Its container.
        program: File name of the program that is the container's main process.
        kind: Its task.
        part_of: Component in whose container it runs as a further process; else empty.
        only_on: Role of its node if a lane has one of it; None: one on every node.
        serves: Program that answers on its sockets; empty: `program`.
        cannot_hang: Why stopping its main process has no effect, and what to name instead.
        carries: Whether it carries the packets of every path of a node.
        shared: Whether the whole cluster shares it (`System.shared`): its pods are in that
            namespace, and a wipe of a lane leaves them.
    """

    app: str
    container: str
    program: str
    kind: Kind
    part_of: str = ""
    only_on: Role | None = None
    serves: str = ""
    cannot_hang: str = ""
    carries: bool = False
    shared: bool = False

    @property
    def serving(self) -> str:
        """Program that answers on its sockets."""
        return self.serves or self.program


@dataclass(frozen=True)
class SocketFile:
    """A unix socket on a node.

    Attributes:
        pattern: Its path on the node, with `*` if there are several; `PROGRAM:/path` is a path in
            the container of that program.
        owner: Component that creates it at its start and answers on it; empty for a workload.
        in_all: Whether a scenario's `socket: all` includes it.
    """

    pattern: str
    owner: str
    in_all: bool = True


@dataclass(frozen=True)
class PeerOf:
    """A connection that stays open after `component` has registered at `known_to`.

    `dialler` opens it, to `socket`; it is empty for kubelet.
    """

    component: str
    known_to: str
    socket: str
    dialler: str


@dataclass(frozen=True)
class CustomResources:
    """The registry as custom resources.

    Attributes:
        group: Their API group.
        version: Their version.
        plurals: Their kinds, by their plural names.
        endpoints: The kind of a registered endpoint.
        services: A function from the `spec` of such an endpoint to the names of its services.
    """

    group: str
    version: str
    plurals: tuple[str, ...]
    endpoints: str
    services: Callable[[Mapping[str, Any]], list[str]]

    def path(self, namespace: str, plural: str, name: str = "") -> str:
        """Path in the API of one resource, or of all of a kind."""
        base = f"/apis/{self.group}/{self.version}/namespaces/{namespace}/{plural}"
        return f"{base}/{name}" if name else base


@dataclass(frozen=True)
class Workload:
    """An owner of pods of the system in a lane: a DaemonSet has two, on the lane's two nodes."""

    owner: Owner
    name: str

    @property
    def pods(self) -> int:
        """Number of its pods in a lane."""
        return 2 if self.owner == "DaemonSet" else 1

    def path(self, namespace: str) -> str:
        """Its path in the API."""
        kind = "daemonsets" if self.owner == "DaemonSet" else "deployments"
        return f"/apis/apps/v1/namespaces/{namespace}/{kind}/{self.name}"


@dataclass(frozen=True)
class Residue:
    """Files and interfaces that a system leaves on a node.

    Attributes:
        state: Directories whose whole content belongs to the system.
        files: Single files.
        interfaces: Names of interfaces in the node's network, with `*`.
    """

    state: tuple[str, ...]
    files: tuple[str, ...]
    interfaces: tuple[str, ...]


@dataclass(frozen=True)
class Image:
    """An image, `<registry>/<name>:<tag>`; registry and tag default to the system's."""

    name: str
    registry: str = ""
    tag: str = ""


@dataclass(frozen=True)
class ImageSet:
    """The images of a system.

    Attributes:
        registry: Where they are published.
        tag: Their tag.
        always: Images that every plane needs, by their names in the manifests.
        of_plane: Further images of each plane.
    """

    registry: str
    tag: str
    always: Mapping[str, Image]
    of_plane: Mapping[str, Mapping[str, Image]]

    def needed(self, plane: str) -> dict[str, Image]:
        """The images of one plane by their names in the manifests."""
        return {**self.always, **self.of_plane.get(plane, {})}


@dataclass(frozen=True)
class Sidecar:
    """The container beside a client's application that the system notifies of failures.

    `sayings` holds the name of each bad event, and the pattern of its log line.
    """

    container: str
    sayings: tuple[tuple[str, re.Pattern[str]], ...]


@dataclass(frozen=True)
class Device:
    """The resource of the system's device plugin, and how many of it a lane's node needs."""

    resource: str
    needed: int


@dataclass(frozen=True)
class Shared:
    """The part of a system that runs once in a cluster, for all lanes.

    Attributes:
        namespace: Its namespace.
        manifest: The manifest that creates it, once.
        selector: Label selector of its pods, all of which are Ready when it serves.
        pod: The pod in which it is set up, when that is Ready.
        container: The container of that pod in which the commands run.
        setup: Commands that are run once.
        per_lane: Commands for each lane; `{NAMESPACE}` stands for its namespace.
        repeated: Output of a command whose result exists already.
        healthy: By the label `app` of its pods, a command that ends with 0, in the container of
            that name, when the pod serves. Ready changes up to a probe's period later.
    """

    namespace: str
    manifest: str
    selector: str
    pod: str
    container: str
    setup: tuple[tuple[str, ...], ...]
    per_lane: tuple[tuple[str, ...], ...]
    repeated: str
    healthy: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class System:
    """A system under test.

    Attributes:
        name: The level of the factor `system`.
        title: For people.
        planes: Its forwarding planes by the level of the factor `plane`, the usual one first.
        components: Its components by plane and by the names that scenarios use.
        sockets: Its unix sockets on a node, by the names that scenarios use.
        absent: By names of other systems' parts that it lacks: why, and its replacement.
        registry: Its custom resources, with which endpoints register: a trial waits for them.
        workloads: The owners of its pods, in the order in which a wipe removes them.
        client_interface: Interface of a client's connection, in its pod.
        peer: How to find the address of the other end: in the interface's own `network` of two, or
            by the `route` that leads through it.
        residue: Files and interfaces that it leaves on a node.
        pod_programs: Programs of its clients and endpoints.
        images: Its images.
        folder: Package with its manifests.
        definitions: Manifest of resources for the whole cluster, applied once.
        rights: Manifest of resources for each lane, applied once.
        parts: Manifests of the system in a lane, with `{plane}` where planes differ.
        addresses: Networks from which endpoints give addresses, by the pod's name.
        sidecar: The container that notifies a monitored client. None for a system without such a
            client: only `client: plain` can be run, and its cells are in all tables, but not in the
            headline, which is about monitored clients.
        listening: Order of the notification probe: how to listen as a client does. Its keys are in
            `consistency.py`, their meanings in `agent/node/listen.py`. In texts, `{pod}` and
            `{lane}` stand for the client's pod and the number of its lane. Empty for a system
            without a stream.
        api_client: Component of a node that talks to the API server.
        device: The resource of its device plugin, if it has one.
        shared: Its part that all lanes of a cluster share, if it has one.
        peers: Connections that its components hold open.
        remedy: Why the watchdog cannot run beside it; empty when it can.
        leftovers: Interfaces that the watchdog may remove as NSM's.
        deletion_is_news: Whether the deletion of its connection tells a client about a failure.
        constants_s: Its own time constants that an outage may show, in seconds, by their meaning.
        kernel_modules: Kernel modules that the nodes need, and their purpose.
        claims_on: Plane of the paper's claims; empty for a system that is not in the paper.
    """

    name: str
    title: str
    planes: Mapping[str, Plane]
    components: Mapping[str, Mapping[str, Component]]
    sockets: Mapping[str, SocketFile]
    absent: Mapping[str, str]
    registry: CustomResources
    workloads: tuple[Workload, ...]
    client_interface: str
    peer: Literal["network", "route"]
    residue: Residue
    pod_programs: tuple[str, ...]
    images: ImageSet
    folder: str
    definitions: str
    rights: str
    parts: tuple[str, ...]
    addresses: Mapping[str, str]
    sidecar: Sidecar | None
    listening: Mapping[str, Any]
    api_client: str
    device: Device | None = None
    shared: Shared | None = None
    peers: tuple[PeerOf, ...] = ()
    remedy: str = ""
    leftovers: tuple[str, ...] = ()
    deletion_is_news: bool = True
    constants_s: Mapping[str, float] = field(default_factory=dict)
    kernel_modules: Mapping[str, str] = field(default_factory=dict)
    claims_on: str = ""

    def programs(self, plane: str) -> list[str]:
        """Programs that run on a node with the system, those of workloads included.

        Programs that the cluster shares are left out, because a wipe leaves them.
        """
        own = {c.program for c in self.components[plane].values() if not c.shared}
        return sorted(own | set(self.pod_programs))

    def namespace_of(self, component: Component, lane: str) -> str:
        """Namespace of a component's pods; `lane` is the lane's own namespace."""
        if not component.shared:
            return lane
        assert self.shared is not None
        return self.shared.namespace

    def shared_apps(self) -> set[str]:
        """Labels `app` of the components that the whole cluster shares."""
        return {c.app for parts in self.components.values() for c in parts.values() if c.shared}

    def shared_sockets(self) -> dict[str, str]:
        """Paths, by name, of the sockets on which shared components answer."""
        shared = {n for parts in self.components.values() for n, c in parts.items() if c.shared}
        return {n: s.pattern for n, s in self.sockets.items() if s.owner in shared}

    def components_by_name(self) -> dict[str, Component]:
        """Its components on any plane, in the order declared."""
        return {name: part for parts in self.components.values() for name, part in parts.items()}

    def socket_patterns(self, socket: str = "") -> dict[str, str]:
        """Paths by name: of one socket, of those that `all` includes, or without a name of all."""
        if socket and socket != "all":
            return {socket: self.sockets[socket].pattern}
        return {n: s.pattern for n, s in self.sockets.items() if s.in_all or not socket}

    def listening_to(self, pod: str, lane: int) -> dict[str, Any]:
        """Order of the notification probe for one client."""
        return {
            key: value.format(pod=pod, lane=lane) if isinstance(value, str) else value
            for key, value in self.listening.items()
        }

    def container_names(self) -> list[str]:
        """Names of all containers in its manifests, in alphabetical order."""
        texts = map(self.template, self.manifests())
        return sorted({name for text in texts for name in _CONTAINER.findall(text)})

    def clients(self) -> list[str]:
        """Kinds of client with a manifest: the possible levels of the factor `client`."""
        found = (re.fullmatch(r"client-(.+)\.yaml", name) for name in self.manifests())
        return [one[1] for one in found if one is not None]

    def manifests(self) -> list[str]:
        """File names of its manifests in alphabetical order, without hidden and other files."""
        folder = resources.files(self.folder) / "manifests"
        names = (file.name for file in folder.iterdir())
        return sorted(name for name in names if re.fullmatch(r"[^.].*\.yaml", name))

    def template(self, manifest: str) -> str:
        """The text of one manifest; FileNotFoundError lists the existing ones."""
        if manifest not in self.manifests():
            raise FileNotFoundError(
                f"{self.name} has no manifest {manifest}; write it beside: "
                f"{', '.join(self.manifests())}"
            )
        return (resources.files(self.folder) / "manifests" / manifest).read_text(encoding="utf-8")

    def render(self, manifest: str, values: Mapping[str, str]) -> str:
        """One manifest with its substitutions; KeyError lists the possible ones."""
        try:
            return Template(self.template(manifest)).substitute(values)
        except KeyError as error:
            raise KeyError(
                f"{manifest} of {self.name} asks for ${{{error.args[0]}}}; there are: "
                f"{', '.join(sorted(values))}"
            ) from error
