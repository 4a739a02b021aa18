# SPDX-License-Identifier: Apache-2.0
"""A constructed snapshot of two nodes before a fault, as the runner writes it."""

from __future__ import annotations

from typing import Any

SOCKETS = (
    "device-plugin", "forwarder", "forwarder-registrar", "nsm.io.sock", "plugin-k8s",
    "plugin-registry", "workspace-server",
)  # fmt: skip
PROGRAMS = {
    "kernel": ("nsmd", "nsmdp", "nsmd-k8s", "kernel-forwarder"),
    "vpp": ("nsmd", "nsmdp", "nsmd-k8s", "vpp", "vpp-agent", "vppagent-forwarder"),
}
ADDRESSES = {"client": "172.18.0.10", "endpoint": "172.18.0.11"}
_PEER = {"client": "endpoint", "endpoint": "client"}
_IMAGE = {
    "image": "registry.invalid/networkservicemesh/nsmd:v0.2.0",
    "imageID": f"registry.invalid/networkservicemesh/nsmd@sha256:{'ab' * 32}",
}


def snapshot(plane: str, client: str = "monitored") -> dict[str, Any]:
    """A lane with everything up: client and endpoint are joined over the plane's kind of link."""
    return {
        "t_ns": 0,
        "nodes": {role: _node(role, plane) for role in ADDRESSES},
        "resources": {
            "networkservices": [{}], "networkserviceendpoints": [{}],
            "networkservicemanagers": [{}, {}],
        },
        "pods": [pod for role in ADDRESSES for pod in _pods(role, plane, client)],
    }  # fmt: skip


def _node(role: str, plane: str) -> dict[str, Any]:
    sockets = (*SOCKETS, "workspace-client") if role == "endpoint" else SOCKETS
    return {
        "t_ns": 0,
        "node": {"interfaces": [_interface("lo", "127.0.0.1/8"),
                                _interface("eth0", f"{ADDRESSES[role]}/16")], "routes": []},
        "pods": {role: {"interfaces": [_interface("eth0", "10.244.1.2/24"), _link(role, plane)],
                        "routes": []}},
        "sockets": [{"name": name, "path": f"/{name}", "kind": "socket"} for name in sockets],
        "processes": {
            "nsm-init": [], **{name: [{"pid": 1}] for name in PROGRAMS[plane]},
        },
    }  # fmt: skip


def _interface(name: str, address: str) -> dict[str, Any]:
    return {"name": name, "kind": None, "vxlan": None, "addresses": ["fe80::1/64", address]}


def _link(role: str, plane: str) -> dict[str, Any]:
    name = "nsm0" if role == "client" else "nsmAbc"
    own = _interface(name, f"172.16.1.{1 if role == 'client' else 2}/30")
    if plane == "vpp":
        return {**own, "kind": "tun"}
    vxlan = {"id": 7, "local": ADDRESSES[role], "remote": ADDRESSES[_PEER[role]]}
    return {**own, "kind": "vxlan", "vxlan": vxlan}


def _pods(role: str, plane: str, client: str) -> list[dict[str, Any]]:
    sidecar = ["nsm-monitor"] if client == "monitored" else []
    workload = ["application", *sidecar] if role == "client" else ["icmp-responder-nse"]
    forwarder = "kernel-forwarder" if plane == "kernel" else "vppagent-forwarder"
    return [
        _pod(role, role, "10.244.1.2", workload, ["nsm-init"] if role == "client" else []),
        _pod(role, f"forwarder-{role[:1]}1", ADDRESSES[role], [forwarder]),
        _pod(role, f"nsmgr-{role[:1]}2", "10.244.1.3", ["nsmd", "nsmd-k8s", "nsmdp"]),
    ]


def _pod(
    role: str, name: str, address: str, containers: list[str], ended: list[str] | None = None
) -> dict[str, Any]:
    return {
        "name": name, "uid": name, "node": f"{role}-node", "podIP": address,
        "hostIP": ADDRESSES[role],
        "containerStatuses": [{"name": c, **(_IMAGE if c == "nsmd" else {})} for c in containers],
        "initContainerStatuses": [{"name": c} for c in ended or []],
    }  # fmt: skip
