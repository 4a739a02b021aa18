# SPDX-License-Identifier: Apache-2.0
"""What NSM v0.2.0 consists of on a node: programs, sockets, state. Facts with their source.

Sources are files of networkservicemesh/networkservicemesh at tag v0.2.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from nsm_resilience.study.models import Factors, Plane

STATE_DIRECTORY = "/var/lib/networkservicemesh"
WATCHDOG_MEMORY = "/run/nsm-watchdog.json"
"""What the remedy keeps on a node (watchdog/node/memory.py)."""
DEVICE_PLUGIN_SOCKET = "/var/lib/kubelet/device-plugins/networkservicemesh.io.sock"
INTERFACE = "nsm0"
SERVICE_GROUP = "networkservicemesh.io"
RESOURCES = ("networkservices", "networkserviceendpoints", "networkservicemanagers")
DEVICE = "networkservicemesh.io/socket"

SOCKETS: dict[str, str] = {
    # controlplane/pkg/nsmd/serviceregistry.go
    "nsm.io.sock": f"{STATE_DIRECTORY}/nsm.io.sock",
    "workspace-server": f"{STATE_DIRECTORY}/nsm-*/nsm.server.io.sock",
    "workspace-client": f"{STATE_DIRECTORY}/nsm-*/nsm.client.io.sock",
    # controlplane/pkg/nsmd/forwarders.go
    "forwarder-registrar": f"{STATE_DIRECTORY}/nsm.forwarder-registrar.io.sock",
    # forwarder/pkg/common/forwarder.go: the default of both forwarders
    "forwarder": f"{STATE_DIRECTORY}/nsm-vppagent.forwarder.sock",
    # controlplane/api/plugins/constants.go; the name k8s-plugin: k8s/cmd/nsmd-k8s/main.go
    "plugin-registry": f"{STATE_DIRECTORY}/plugins/registry.sock",
    "plugin-k8s": f"{STATE_DIRECTORY}/plugins/k8s-plugin.sock",
    # k8s/cmd/nsmdp/nsmdp.go
    "device-plugin": DEVICE_PLUGIN_SOCKET,
}

SOCKET_OWNERS: dict[str, str] = {
    "nsm.io.sock": "nsmd",
    "workspace-server": "nsmd",
    "workspace-client": "",  # the endpoint's own application
    "forwarder-registrar": "nsmd",
    "forwarder": "forwarder",
    "plugin-registry": "nsmd",
    "plugin-k8s": "nsmd-k8s",
    "device-plugin": "nsmdp",
}
"""Which component makes a socket at its start and answers on it; empty for a workload."""

POD_INTERFACES = ("nsm*", "nse*")
"""Names of the interfaces that the kernel forwarder makes in the node's network and moves into pods
(forwarder/kernel-forwarder/pkg/kernelforwarder/remote.go)."""


@dataclass(frozen=True)
class PeerOf:
    """A connection that components hold open once `component` has made itself known.

    `dialler` opens it, to `socket`; empty for kubelet.
    """

    component: str
    known_to: str
    socket: str
    dialler: str


PEERS = (
    # controlplane/pkg/plugins/registry.go, Register: nsmd dials the plugin that registers. A plugin
    # registers once, at its own start (utils.go, StartPlugin).
    PeerOf("nsmd-k8s", "nsmd", "plugin-k8s", "nsmd"),
    # forwarder/pkg/common/forwarder.go: a liveness stream to nsmd's registrar
    PeerOf("forwarder", "nsmd", "forwarder-registrar", "forwarder"),
    # k8s/cmd/nsmdp/nsmdp.go: kubelet's ListAndWatch of a registered device plugin
    PeerOf("nsmdp", "kubelet", "device-plugin", ""),
)

COMPONENTS = ("nsmd", "nsmdp", "nsmd-k8s", "forwarder")
"""The components that every plane has, by the names that scenarios use."""

UNDER_STATE_DIRECTORY = tuple(
    name for name, path in SOCKETS.items() if path.startswith(STATE_DIRECTORY)
)
"""What `socket: all` means: all sockets under NSM's own directory (study.md, S8)."""


CLIENT, ENDPOINT, SPARE = "client", "endpoint", "endpoint-spare"
"""Names of the workloads' pods: the established client, the endpoint, and one more of it."""
ADDRESSES = {ENDPOINT: "172.16.1.0/24", SPARE: "172.16.2.0/24"}
"""What an endpoint gives addresses from: two networks, so that an address tells whose it is."""


@dataclass(frozen=True)
class ComponentOf:
    """Where a component runs: the app label of its pod, its container, its program."""

    app: str
    container: str
    program: str


_MANAGER = {
    "nsmd": ComponentOf("nsmgr", "nsmd", "nsmd"),
    "nsmdp": ComponentOf("nsmgr", "nsmdp", "nsmdp"),
    "nsmd-k8s": ComponentOf("nsmgr", "nsmd-k8s", "nsmd-k8s"),
}
_FORWARDER: dict[Plane, dict[str, ComponentOf]] = {
    "kernel": {"forwarder": ComponentOf("forwarder", "kernel-forwarder", "kernel-forwarder")},
    "vpp": {
        # As on the kernel plane a forwarder "fails" by its container's main process, here the
        # supervisor (forwarder/vppagent/build/Dockerfile.vppagent-forwarder). Without a PID
        # namespace of its own the runtime ends the other three with it. Alone, vpp or vpp-agent
        # take the container with them (vpp-agent's docker/prod/init_hook.sh); vppagent-forwarder
        # does not.
        "forwarder": ComponentOf("forwarder", "vppagent-forwarder", "vpp-agent-init"),
        "vppagent-forwarder": ComponentOf("forwarder", "vppagent-forwarder", "vppagent-forwarder"),
        "vpp-agent": ComponentOf("forwarder", "vppagent-forwarder", "vpp-agent"),
        "vpp": ComponentOf("forwarder", "vppagent-forwarder", "vpp"),
    },
}


def components(plane: Plane) -> dict[str, ComponentOf]:
    """The components on every node, by the names that scenarios use."""
    return {**_MANAGER, **_FORWARDER[plane]}


def serving_program(component: str, plane: Plane) -> str:
    """Program that serves a component's sockets: on the vpp plane not the container's main one."""
    if component == "forwarder" and plane == "vpp":
        return components(plane)["vppagent-forwarder"].program
    return components(plane)[component].program


def programs(plane: Plane) -> list[str]:
    """Programs that run on a node while NSM does, the workloads' included."""
    own = {c.program for c in components(plane).values()}
    return sorted(own | {"nsm-init", "nsm-monitor", "icmp-responder-nse"})


def socket_patterns(socket: str) -> dict[str, str]:
    """Paths of one of the sockets that scenarios name, or of `all`."""
    names = UNDER_STATE_DIRECTORY if socket == "all" else (socket,)
    return {name: SOCKETS[name] for name in names}


RESIDUE = ("processes", "files", "interfaces", "rules", "stopped")
"""What a wipe leaves none of on a node: NSM's, and what faults put there."""


def residue_order(act: str) -> dict[str, object]:
    """Order for the agent's `clean` script: everything that NSM leaves on a node.

    On every plane: the trial before may have been of another one.
    """
    every = {program for plane in get_args(Plane) for program in programs(plane)}
    return {
        "act": act,
        "programs": sorted(every),
        "state": [STATE_DIRECTORY],
        "files": [DEVICE_PLUGIN_SOCKET, WATCHDOG_MEMORY],
        "interfaces": ["nsm*", "nse*", "vxlan_*", "host-*"],
    }


def client_manifest(factors: Factors) -> str:
    """Name of the client's manifest."""
    return f"client-{factors.client}.yaml"
