# SPDX-License-Identifier: Apache-2.0
"""What the rest of the code may ask about a system under test.

A system is a folder beside this file: one `System` made of the dataclasses below, each fact with
its source, and its manifests. Whoever runs, injects, watches or judges asks it and names no
component. To add one: make the folder; `known.py` finds it, and `nsm-resilience schema` says what
does not hold together. Beside those named here every folder has the manifests `client-plain.yaml`
and `endpoint.yaml`, and one for each other kind of client that it has, `client-monitored.yaml`;
what they may ask for as `${NAME}` is in `consistency.py`, and each image by its key in `ImageSet`.
Where they put what they make, `made.py` asks.
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
"""What a component does, the same word in every system: figures order and colour by it."""


@dataclass(frozen=True)
class Plane:
    """A forwarding plane of a system.

    Attributes:
        title: For people, as in "the VPP plane".
        meaning: Who forwards packets there, as a clause.
        in_russian: The title in the Russian abstract, where it is another one.
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
        kind: What it does.
        part_of: Component whose process it is as well; empty for one that stands for itself.
        only_on: Role of the node that it runs on when a lane has one; None: one on every node.
        serves: Program that answers on its sockets, where that is another one.
        cannot_hang: Why stopping its main process stops nothing, and what to name instead.
        carries: Whether it carries the packets of every path of a node.
        shared: Whether it is a part of what the whole cluster shares (`System.shared`): its pods
            are in that namespace, and a wipe of a lane leaves them.
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
        pattern: Its path on the node, with `*` where there are several; `PROGRAM:/path` in the
            container in which that program runs.
        owner: Component that makes it at its start and answers on it; empty for a workload.
        in_all: Whether a scenario's `socket: all` means it, too.
    """

    pattern: str
    owner: str
    in_all: bool = True


@dataclass(frozen=True)
class PeerOf:
    """A connection that components hold open once `component` has made itself known.

    `dialler` opens it, to `socket`; empty for kubelet.
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
        plurals: Their kinds.
        endpoints: The kind that stands for a registered endpoint.
        services: Names of the services that such an endpoint offers, out of its `spec`.
    """

    group: str
    version: str
    plurals: tuple[str, ...]
    endpoints: str
    services: Callable[[Mapping[str, Any]], list[str]]

    def path(self, namespace: str, plural: str, name: str = "") -> str:
        """Where the API server has one of them, or all of a kind."""
        base = f"/apis/{self.group}/{self.version}/namespaces/{namespace}/{plural}"
        return f"{base}/{name}" if name else base


@dataclass(frozen=True)
class Workload:
    """What holds pods of the system in a lane: DaemonSets have two, on a lane's two nodes."""

    owner: Owner
    name: str

    @property
    def pods(self) -> int:
        """How many pods it has in a lane."""
        return 2 if self.owner == "DaemonSet" else 1

    def path(self, namespace: str) -> str:
        """Where the API server has it."""
        kind = "daemonsets" if self.owner == "DaemonSet" else "deployments"
        return f"/apis/apps/v1/namespaces/{namespace}/{kind}/{self.name}"


@dataclass(frozen=True)
class Residue:
    """What a system leaves on a node, beside its processes.

    Attributes:
        state: Directories whose content is the system's.
        files: Single files.
        interfaces: Names of interfaces in the node's network, with `*`.
    """

    state: tuple[str, ...]
    files: tuple[str, ...]
    interfaces: tuple[str, ...]


@dataclass(frozen=True)
class Image:
    """An image, `<registry>/<name>:<tag>`; registry and tag are the system's where not given."""

    name: str
    registry: str = ""
    tag: str = ""


@dataclass(frozen=True)
class ImageSet:
    """The images of a system.

    Attributes:
        registry: Where they are published.
        tag: Their tag.
        always: Those that every plane needs, by the name that manifests know them by.
        of_plane: Those that a plane needs beside them.
    """

    registry: str
    tag: str
    always: Mapping[str, Image]
    of_plane: Mapping[str, Mapping[str, Image]]

    def needed(self, plane: str) -> dict[str, Image]:
        """The images of one plane by the name that manifests know them by."""
        return {**self.always, **self.of_plane.get(plane, {})}


@dataclass(frozen=True)
class Sidecar:
    """The container beside a client's application that the system tells of failures.

    `sayings` are what it writes for each bad event: the name of the event, and its line.
    """

    container: str
    sayings: tuple[tuple[str, re.Pattern[str]], ...]


@dataclass(frozen=True)
class Device:
    """What the system offers by a device plugin: its resource, and how many a lane's node needs."""

    resource: str
    needed: int


@dataclass(frozen=True)
class Shared:
    """What a system needs once a cluster, beside its definitions, and no lane of its own has.

    Attributes:
        namespace: Where it runs.
        manifest: What makes it, once.
        selector: Label selector of its pods, all of which are Ready when it serves.
        pod: Which of them sets it up, once that is Ready.
        container: Its container in which that is done.
        setup: Commands that are run once.
        per_lane: Commands for each lane; `{NAMESPACE}` stands for its namespace.
        repeated: What a command writes when what it makes is there already.
        healthy: By the label `app` of its pods a command that ends with 0, in the container of that
            name, when the pod serves. Ready says the same, but up to a probe's period late.
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
        absent: What other systems have and it has not: why, and what there is instead.
        registry: Its custom resources, by which endpoints register: a trial waits for them there.
        workloads: What holds its pods, in the order in which a wipe removes it.
        client_interface: Interface of a client's connection, in its pod.
        peer: How the other end is found: in the interface's own `network` of two, or by the `route`
            that leads through it.
        residue: What it leaves on a node.
        pod_programs: Programs of its clients and endpoints.
        images: Its images.
        folder: Package with its manifests.
        definitions: Manifest of what the whole cluster needs once.
        rights: Manifest of what each lane needs once.
        parts: Manifests of the system in a lane, with `{plane}` where planes differ.
        addresses: Networks that endpoints give addresses from, by the pod's name.
        sidecar: The container that tells a monitored client; None for a system that has no such
            client, so that only `client: plain` can be run; its cells are in all tables, but not in
            the headline, which is about monitored clients.
        listening: What the notification probe is told: how to listen as a client does. Its keys are
            in `consistency.py`, what they mean in `agent/node/listen.py`. In texts,
            `{pod}` and `{lane}` stand for the client's pod and the number of its lane. Empty where
            there is no stream to listen to.
        deletion_is_news: Whether a client whose connection is deleted learns it by that.
        device: What its device plugin offers, if it has one.
        peers: Connections that its components hold open.
        remedy: Why the watchdog cannot be put beside it; empty when it can.
        leftovers: Interfaces that the watchdog takes for NSM's when it tidies up.
        api_client: Component of a node that talks to the API server.
        constants_s: Its own time constants that an outage may show, in seconds, by what they say.
        kernel_modules: Modules of the nodes' kernel that it cannot do without, and what for.
        claims_on: Plane that the paper's claims are about; empty for a system that it does not
            know.
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
        """Programs that run on a node while it does, the workloads' included.

        Without those of what the cluster shares, which run on.
        """
        own = {c.program for c in self.components[plane].values() if not c.shared}
        return sorted(own | set(self.pod_programs))

    def namespace_of(self, component: Component, lane: str) -> str:
        """Where the pods of a component are; `lane` is the lane's own namespace."""
        if not component.shared:
            return lane
        assert self.shared is not None
        return self.shared.namespace

    def shared_apps(self) -> set[str]:
        """Labels `app` of the components that the whole cluster shares."""
        return {c.app for parts in self.components.values() for c in parts.values() if c.shared}

    def shared_sockets(self) -> dict[str, str]:
        """Paths by name of the sockets on which such components answer."""
        shared = {n for parts in self.components.values() for n, c in parts.items() if c.shared}
        return {n: s.pattern for n, s in self.sockets.items() if s.owner in shared}

    def components_by_name(self) -> dict[str, Component]:
        """Its components on any plane, in the order declared."""
        return {name: part for parts in self.components.values() for name, part in parts.items()}

    def socket_patterns(self, socket: str = "") -> dict[str, str]:
        """Paths by name: of one socket, of all that `all` means, or without a name of every one."""
        if socket and socket != "all":
            return {socket: self.sockets[socket].pattern}
        return {n: s.pattern for n, s in self.sockets.items() if s.in_all or not socket}

    def listening_to(self, pod: str, lane: int) -> dict[str, Any]:
        """What the notification probe is told for one client."""
        return {
            key: value.format(pod=pod, lane=lane) if isinstance(value, str) else value
            for key, value in self.listening.items()
        }

    def container_names(self) -> list[str]:
        """Names of all containers in its manifests, in alphabetical order."""
        texts = map(self.template, self.manifests())
        return sorted({name for text in texts for name in _CONTAINER.findall(text)})

    def clients(self) -> list[str]:
        """Kinds of client that it has, levels of the factor: those that there is a manifest of."""
        found = (re.fullmatch(r"client-(.+)\.yaml", name) for name in self.manifests())
        return [one[1] for one in found if one is not None]

    def manifests(self) -> list[str]:
        """File names of its manifests in alphabetical order, without what editors leave beside."""
        folder = resources.files(self.folder) / "manifests"
        names = (file.name for file in folder.iterdir())
        return sorted(name for name in names if re.fullmatch(r"[^.].*\.yaml", name))

    def template(self, manifest: str) -> str:
        """One of its manifests as it is written; FileNotFoundError that lists those there are."""
        if manifest not in self.manifests():
            raise FileNotFoundError(
                f"{self.name} has no manifest {manifest}; write it beside: "
                f"{', '.join(self.manifests())}"
            )
        return (resources.files(self.folder) / "manifests" / manifest).read_text(encoding="utf-8")

    def render(self, manifest: str, values: Mapping[str, str]) -> str:
        """One of its manifests with its substitutions; KeyError that lists those that are given."""
        try:
            return Template(self.template(manifest)).substitute(values)
        except KeyError as error:
            raise KeyError(
                f"{manifest} of {self.name} asks for ${{{error.args[0]}}}; there are: "
                f"{', '.join(sorted(values))}"
            ) from error
