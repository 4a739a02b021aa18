# SPDX-License-Identifier: Apache-2.0
"""NSM v1.18.0 of April 2026. Facts with their source.

Sources are repositories of github.com/networkservicemesh at tag v1.18.0, named with the file;
manifests follow `deployments-k8s` (apps/, examples/spire) of that tag, and the admission webhook
only writes the containers nsc-init and nsc into annotated pods, which are written out here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nsm_resilience.systems.base import (
    Component,
    CustomResources,
    Image,
    ImageSet,
    Plane,
    Residue,
    Shared,
    Sidecar,
    SocketFile,
    System,
    Workload,
)

_STATE = "/var/lib/networkservicemesh"
_IDENTITY = "/run/spire/sockets/agent.sock"
_COMPONENTS = {
    "vpp": {
        "nsmgr": Component("nsmgr", "nsmgr", "nsmgr", "manager"),
        # The forwarder starts vpp and ends with it, and vpp with the forwarder (cmd-forwarder-vpp,
        # main.go: vpphelper.StartAndDialContext).
        "forwarder": Component(
            "forwarder-vpp", "forwarder-vpp", "forwarder", "forwarder", carries=True
        ),
        "vpp": Component(
            "forwarder-vpp", "forwarder-vpp", "vpp", "data plane", "forwarder", carries=True
        ),
        # Upstream has one in a cluster; here each lane, which is like a cluster to NSM, has one.
        # The lane's manifest puts it on the endpoint's node.
        "registry-k8s": Component(
            "registry", "registry", "cmd-registry-k8s", "registry", only_on="endpoint"
        ),
        # gives every program of NSM on its node its identity (manifests/spire.yaml)
        "spire-agent": Component(
            "spire-agent", "spire-agent", "spire-agent", "identity", shared=True
        ),
    }
}
_SOCKETS = {
    # cmd-nsmgr, internal/config: NSM_LISTEN_ON. The forwarder and endpoints connect to this path
    # and pass their own sockets as descriptors, so that their paths do not matter afterwards.
    "nsm.io.sock": SocketFile(f"{_STATE}/nsm.io.sock", "nsmgr"),
    # cmd-forwarder-vpp, internal/config: NSM_LISTEN_ON. The manager holds a descriptor of it, so
    # that only kubelet's probe uses its path.
    "forwarder": SocketFile("forwarder:/listen.on.sock", "forwarder", in_all=False),
    # SPIRE's Workload API, from which every program of NSM gets its identity at its start
    "spire-agent": SocketFile(_IDENTITY, "spire-agent", in_all=False),
}
_SIDECAR = Sidecar(
    "nsc",
    # Log line of nsc when its monitor stream broke or reported its connection down (sdk,
    # pkg/networkservice/common/heal/eventloop.go). "Data plane is down" is no notification: it is
    # the result of nsc's own ping.
    (("monitor stream: down or broken", re.compile(r"heal:eventLoop.*Control plane is down")),),
)
_IMAGES = ImageSet(
    registry="ghcr.io/networkservicemesh",
    tag="v1.18.0",
    always={
        "NSMGR": Image("cmd-nsmgr"),
        "REGISTRY": Image("cmd-registry-k8s"),
        "NSC_INIT": Image("cmd-nsc-init"),
        "NSC": Image("cmd-nsc"),
        "ENDPOINT": Image("cmd-nse-icmp-responder"),
        "SPIRE_SERVER": Image("spire-server", "ghcr.io/spiffe", "1.12.4"),
        "SPIRE_AGENT": Image("spire-agent", "ghcr.io/spiffe", "1.12.4"),
    },
    of_plane={"vpp": {"FORWARDER": Image("cmd-forwarder-vpp")}},
)
_ADMIN = "/run/spire/admin/api.sock"
"""The server's own socket, in its container (manifests/spire.yaml)."""
_CREATE = ("/opt/spire/bin/spire-server", "entry", "create", "-socketPath", _ADMIN)
"""Registers an identity."""
_NODES = "spiffe://k8s.nsm/agents"


def _entry(app: str, *names: str) -> tuple[str, ...]:
    """Register the identity of a lane's pods of one kind; `names` are names of its host."""
    return (
        *_CREATE, "-parentID", _NODES,
        "-spiffeID", f"spiffe://k8s.nsm/ns/{{NAMESPACE}}/pod/{app}",
        "-selector", "k8s:ns:{NAMESPACE}", "-selector", f"k8s:pod-label:app:{app}",
        *(part for name in names for part in ("-dns", name)),
    )  # fmt: skip


_SHARED = Shared(
    namespace="nsm-resilience-spire",
    manifest="spire.yaml",
    selector="app in (spire-server,spire-agent)",
    pod="spire-server-0",
    container="spire-server",
    # upstream's controller makes one entry for each pod; here one for each kind of pod of a lane
    setup=(
        (
            *_CREATE, "-node", "-spiffeID", _NODES,
            "-selector", "k8s_psat:cluster:k8s-nsm-cluster",
        ),
        # our own node agent, which listens beside the client (agent/node/listen.py)
        (
            *_CREATE, "-parentID", _NODES,
            "-spiffeID", "spiffe://k8s.nsm/nsm-resilience-agent",
            "-selector", "k8s:ns:nsm-resilience",
            "-selector", "k8s:pod-label:app:nsm-resilience-agent",
        ),
    ),
    per_lane=(
        _entry("nsmgr"),
        _entry("forwarder-vpp"),
        _entry("registry", "registry", "registry.{NAMESPACE}", "registry.{NAMESPACE}.svc"),
        _entry("client"),
        _entry("endpoint"),
    ),
    repeated="similar entry already exists",
    # the commands of their liveness probes (manifests/spire.yaml)
    healthy={
        "spire-server": (
            "/opt/spire/bin/spire-server", "healthcheck", "-socketPath", _ADMIN,
        ),
        "spire-agent": ("/opt/spire/bin/spire-agent", "healthcheck", "-socketPath", _IDENTITY),
    },
)  # fmt: skip


def _services(spec: Mapping[str, Any]) -> list[str]:
    return [str(name) for name in spec.get("network_service_names") or ()]


SYSTEM = System(
    name="nsm-v1.18.0",
    title="NSM v1.18.0 (2026)",
    planes={"vpp": Plane("VPP", "packets are forwarded by VPP in user space")},
    components=_COMPONENTS,
    sockets=_SOCKETS,
    absent={
        "nsmd": "its part is `nsmgr` there",
        "nsmdp": "there is no device plugin any more; clients mount NSM's directory",
        "nsmd-k8s": "its part is `registry-k8s` there, one in a lane",
        "vpp-agent": "the forwarder speaks to vpp itself",
        "vppagent-forwarder": "its part is `forwarder` there",
        "workspace-server": "clients have no workspace any more; they share `nsm.io.sock`",
        "workspace-client": "clients have no workspace any more; they share `nsm.io.sock`",
        "forwarder-registrar": "forwarders register on `nsm.io.sock`",
        "plugin-registry": "the registry is asked over TCP; to break it, name `registry-k8s`",
        "plugin-k8s": "the registry is asked over TCP; to break it, name `registry-k8s`",
        "device-plugin": "there is no device plugin any more",
        # Its agents keep identities for an hour (manifests/spire.yaml: the time to live of an
        # SVID): a kill of the server, which restarts in seconds, shows in no trial.
        "spire-server": "it is one for the whole cluster, on a node that no lane has, and every "
        "lane's identities go with its pod; name `spire-agent`, which gives them out on each node",
        "networkservicemanagers": "managers are no custom resources any more",
    },
    # cmd-registry-k8s, sdk-k8s/pkg/tools/k8s/apis/networkservicemesh.io/v1
    registry=CustomResources(
        "networkservicemesh.io",
        "v1",
        ("networkservices", "networkserviceendpoints"),
        "networkserviceendpoints",
        _services,
    ),
    workloads=(
        Workload("DaemonSet", "nsmgr"),
        Workload("DaemonSet", "forwarder-vpp"),
        Workload("Deployment", "registry-k8s"),
    ),
    # named by the client's own URL, NSM_NETWORK_SERVICES=kernel://SERVICE/nsm-1
    client_interface="nsm-1",
    peer="route",
    residue=Residue(state=(_STATE,), files=(), interfaces=("nsm*", "nse*")),
    pod_programs=("app", "nse-icmp-responder"),
    images=_IMAGES,
    folder=__name__,
    definitions="resources.yaml",
    rights="rights.yaml",
    parts=("registry.yaml", "nsmgr.yaml", "forwarder-{plane}.yaml"),
    addresses={"endpoint": "172.16.1.0/24", "endpoint-spare": "172.16.2.0/24"},
    sidecar=_SIDECAR,
    listening={
        "socket": _SOCKETS["nsm.io.sock"].pattern,
        "identity": _IDENTITY,
        "client": "{pod}-{lane}",  # the client's NSM_NAME
        "retry_s": 1.0,  # the first backoff of gRPC
        "answer_s": 5.0,  # NSM_DIAL_TIMEOUT of cmd-nsc
    },
    # The client itself deletes a connection before it makes a new one (sdk,
    # pkg/networkservice/common/heal/client.go): that is no news to it.
    deletion_is_news=False,
    api_client="registry-k8s",
    shared=_SHARED,
    # 25 failures 5 s apart, of the liveness probes (manifests/)
    constants_s={"a part that does not serve is restarted": 125.0},
    remedy="the watchdog knows the contracts of NSM v0.2.0 alone",
)
