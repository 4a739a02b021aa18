# SPDX-License-Identifier: Apache-2.0
"""NSM v0.2.0 of 2019, the system of the paper. Facts with their source.

Sources are files of networkservicemesh/networkservicemesh at tag v0.2.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nsm_resilience.systems.base import (
    Component,
    CustomResources,
    Device,
    Image,
    ImageSet,
    PeerOf,
    Plane,
    Residue,
    Sidecar,
    SocketFile,
    System,
    Workload,
)

_STATE = "/var/lib/networkservicemesh"
_DEVICE_SOCKET = "/var/lib/kubelet/device-plugins/networkservicemesh.io.sock"

_MANAGER = {
    "nsmd": Component("nsmgr", "nsmd", "nsmd", "manager"),
    "nsmdp": Component("nsmgr", "nsmdp", "nsmdp", "device"),
    "nsmd-k8s": Component("nsmgr", "nsmd-k8s", "nsmd-k8s", "registry"),
}
_COMPONENTS = {
    "kernel": {
        **_MANAGER,
        "forwarder": Component(
            "forwarder", "kernel-forwarder", "kernel-forwarder", "forwarder", carries=True
        ),
    },
    "vpp": {
        **_MANAGER,
        # As on the kernel plane, the target of a forwarder's failure is its container's main
        # process, here the supervisor (forwarder/vppagent/build/Dockerfile.vppagent-forwarder). The
        # container has no PID namespace of its own, so the runtime ends the other three processes
        # with it. The end of vpp or vpp-agent alone ends the container (vpp-agent's
        # docker/prod/init_hook.sh); that of vppagent-forwarder does not.
        "forwarder": Component(
            "forwarder",
            "vppagent-forwarder",
            "vpp-agent-init",
            "forwarder",
            serves="vppagent-forwarder",
            cannot_hang="on the vpp plane the forwarder's main process is its supervisor, and "
            "stopping that stops nothing; name the process that is to hang: vpp, vpp-agent, "
            "vppagent-forwarder",
            carries=True,
        ),
        "vppagent-forwarder": Component(
            "forwarder", "vppagent-forwarder", "vppagent-forwarder", "forwarder", "forwarder"
        ),
        "vpp-agent": Component(
            "forwarder", "vppagent-forwarder", "vpp-agent", "agent", "forwarder"
        ),
        "vpp": Component(
            "forwarder", "vppagent-forwarder", "vpp", "data plane", "forwarder", carries=True
        ),
    },
}
_SOCKETS = {
    # controlplane/pkg/nsmd/serviceregistry.go
    "nsm.io.sock": SocketFile(f"{_STATE}/nsm.io.sock", "nsmd"),
    "workspace-server": SocketFile(f"{_STATE}/nsm-*/nsm.server.io.sock", "nsmd"),
    # the endpoint's own application
    "workspace-client": SocketFile(f"{_STATE}/nsm-*/nsm.client.io.sock", ""),
    # controlplane/pkg/nsmd/forwarders.go
    "forwarder-registrar": SocketFile(f"{_STATE}/nsm.forwarder-registrar.io.sock", "nsmd"),
    # forwarder/pkg/common/forwarder.go: the default of both forwarders
    "forwarder": SocketFile(f"{_STATE}/nsm-vppagent.forwarder.sock", "forwarder"),
    # controlplane/api/plugins/constants.go; the name k8s-plugin: k8s/cmd/nsmd-k8s/main.go
    "plugin-registry": SocketFile(f"{_STATE}/plugins/registry.sock", "nsmd"),
    "plugin-k8s": SocketFile(f"{_STATE}/plugins/k8s-plugin.sock", "nsmd-k8s"),
    # k8s/cmd/nsmdp/nsmdp.go; `all` includes all sockets under NSM's own directory (study.md, S8)
    "device-plugin": SocketFile(_DEVICE_SOCKET, "nsmdp", in_all=False),
}
_PEERS = (
    # controlplane/pkg/plugins/registry.go, Register: nsmd dials the plugin that registers. A plugin
    # registers once, at its own start (utils.go, StartPlugin).
    PeerOf("nsmd-k8s", "nsmd", "plugin-k8s", "nsmd"),
    # forwarder/pkg/common/forwarder.go: a liveness stream to nsmd's registrar
    PeerOf("forwarder", "nsmd", "forwarder-registrar", "forwarder"),
    # k8s/cmd/nsmdp/nsmdp.go: kubelet's ListAndWatch of a registered device plugin
    PeerOf("nsmdp", "kubelet", "device-plugin", ""),
)
_SIDECAR = Sidecar(
    "nsm-monitor",
    # Log lines of nsm-monitor for each bad event of its stream (nsm-monitor.go, readEvents and
    # updateConnection). Lines about its own retries carry no news.
    (
        ("stream to NSM broke", re.compile(r"NSM Monitor: NSM die, re-connecting")),
        ("connection closed", re.compile(r"NSM Monitor: Connection closed")),
        # The line shows the connection before and after; it omits a state that is UP.
        ("connection down", re.compile(r"NSM Monitor: Connection updated: .*state:DOWN\s*\W*$")),
    ),
)
_IMAGES = ImageSet(
    registry="docker.io/networkservicemesh",
    tag="v0.2.0",
    always={
        "NSMD": Image("nsmd"),
        "NSMDP": Image("nsmdp"),
        "NSMD_K8S": Image("nsmd-k8s"),
        "NSM_INIT": Image("nsm-init"),
        "NSM_MONITOR": Image("nsm-monitor"),
        "TEST_COMMON": Image("test-common"),
    },
    of_plane={
        "kernel": {"FORWARDER": Image("kernel-forwarder")},
        "vpp": {"FORWARDER": Image("vppagent-forwarder")},
    },
)


def _services(spec: Mapping[str, Any]) -> list[str]:
    name = spec.get("networkservicename")
    return [] if name is None else [str(name)]


SYSTEM = System(
    name="nsm-v0.2.0",
    title="NSM v0.2.0 (2019)",
    planes={
        "kernel": Plane("kernel", "packets are forwarded by the kernel of the node", "ядра Linux"),
        "vpp": Plane("VPP", "packets are forwarded by VPP in user space"),
    },
    constants_s={
        # initialDelaySeconds of the readiness probes (manifests/)
        "a restarted pod is Ready at the earliest": 10.0,
        # controlplane/pkg/properties/nsm_properties.go: HealForwarderTimeout
        "a manager waits for a lost forwarder": 60.0,
        # the same file: HealRequestConnectTimeout, HealDSTNSEWaitTimeout, HealRetryCount times
        # HealRequestTimeout with HealRetryDelay between: 15 + 30 + 10 x 20 + 9 x 5
        "the longest heal of a destination": 290.0,
    },
    kernel_modules={"vxlan": "NSM joins nodes by VXLAN"},
    # the default of its own deployment of 2019
    claims_on="vpp",
    components=_COMPONENTS,
    sockets=_SOCKETS,
    absent={
        "nsmgr": "the manager is three programs there: write `nsmd`, `nsmdp` or `nsmd-k8s`",
        "registry-k8s": "the registry's part is `nsmd-k8s` there, one on each node",
        "spire-agent": "nothing there asks for an identity (INSECURE=true); what every part of a "
        "node asks for at its start is `nsm.io.sock`",
        "spire-server": "nothing there asks for an identity (INSECURE=true)",
    },
    registry=CustomResources(
        "networkservicemesh.io",
        "v1alpha1",
        ("networkservices", "networkserviceendpoints", "networkservicemanagers"),
        "networkserviceendpoints",
        _services,
    ),
    workloads=(Workload("DaemonSet", "nsmgr"), Workload("DaemonSet", "forwarder")),
    client_interface="nsm0",
    peer="network",
    residue=Residue(
        state=(_STATE,),
        files=(_DEVICE_SOCKET,),
        interfaces=("nsm*", "nse*", "vxlan_*", "host-*"),
    ),
    pod_programs=("nsm-init", "nsm-monitor", "icmp-responder-nse"),
    images=_IMAGES,
    folder=__name__,
    definitions="resources.yaml",
    rights="rights.yaml",
    parts=("nsmgr.yaml", "forwarder-{plane}.yaml"),
    # two networks, so that an address identifies its endpoint
    addresses={"endpoint": "172.16.1.0/24", "endpoint-spare": "172.16.2.0/24"},
    sidecar=_SIDECAR,
    listening={
        "resource": "networkservicemesh.io/socket",
        "socket": _SOCKETS["workspace-server"].pattern,
    },
    api_client="nsmd-k8s",
    device=Device("networkservicemesh.io/socket", 3),
    peers=_PEERS,
    # names of the interfaces that the kernel forwarder makes in the node's network and moves into
    # pods (forwarder/kernel-forwarder/pkg/kernelforwarder/remote.go)
    leftovers=("nsm*", "nse*"),
)
