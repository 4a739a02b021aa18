# SPDX-License-Identifier: Apache-2.0
"""A system that nobody has made: each fact is made up, and as unlike the real ones as it can be.

NOT A SYSTEM UNDER TEST. Tests put this folder into a copy of `systems/` as CONTRIBUTING says.
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
    Sidecar,
    SocketFile,
    System,
    Workload,
)


def _services(spec: Mapping[str, Any]) -> list[str]:
    return [str(name) for name in spec.get("offers") or ()]


_PARTS = {
    "brain": Component("brain", "brain", "braind", "manager", only_on="client"),
    "ledger": Component("ledger", "ledger", "ledgerd", "registry", only_on="endpoint"),
    "arm": Component("arm", "arm", "armd", "forwarder", carries=True),
    # a name that other systems have, too, on every node
    "forwarder": Component("nerves", "nerves", "nervesd", "agent", only_on="client"),
}
SYSTEM = System(
    name="mesh-v3",
    title="A mesh of tomorrow",
    planes={
        "ebpf": Plane("eBPF", "packets are forwarded by programs in the kernel"),
        "xdp": Plane("XDP", "packets are forwarded before the kernel sees them"),
    },
    components={"ebpf": _PARTS, "xdp": _PARTS},
    sockets={"nerve": SocketFile("/run/nerve.sock", "brain")},
    absent={"nsmgr": "its part is `brain` there"},
    registry=CustomResources(
        "mesh.example.io", "v7", ("meshlinks", "meshpoints"), "meshpoints", _services
    ),
    workloads=(
        Workload("Deployment", "brain"),
        Workload("Deployment", "ledger"),
        Workload("Deployment", "nerves"),
        Workload("DaemonSet", "arm"),
    ),
    client_interface="limb0",
    peer="network",
    residue=Residue(("/var/lib/mesh",), (), ("limb*",)),
    pod_programs=("mesh-client", "mesh-endpoint"),
    images=ImageSet(
        "docker.io/mesh",
        "v3",
        {
            name: Image(name.lower())
            for name in ("BRAIN", "LEDGER", "NERVES", "CLIENT", "WATCH", "ENDPOINT")
        },
        {"ebpf": {"ARM": Image("arm-ebpf")}, "xdp": {"ARM": Image("arm-xdp")}},
    ),
    folder=__name__,
    definitions="resources.yaml",
    rights="rights.yaml",
    parts=("brain.yaml", "ledger.yaml", "nerves.yaml", "arm-{plane}.yaml"),
    addresses={"endpoint": "10.1.0.0/24", "endpoint-spare": "10.2.0.0/24"},
    sidecar=Sidecar("watch", (("link down", re.compile("LINK DOWN")),)),
    listening={"socket": "/run/nerve.sock"},
    api_client="ledger",
    remedy="nobody has written one",
)
