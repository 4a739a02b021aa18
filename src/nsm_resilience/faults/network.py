# SPDX-License-Identifier: Apache-2.0
"""A node is cut off from the lane's other node or from the API server, for a while.

Rules in the node's own network namespace (iptables, of the node) silently drop the packets of the
node and its pods to the other side, and those from there. So no other lane is touched.

`peer`: the other node's addresses and those of its pods, for every protocol, including NSM's VXLAN.
A partition is this fault on both nodes. `api`: only the API server's addresses and port, so that
kubelet and NSM's registry client lose it, while the API server, and with it the runner, still
reaches the node's agent. On both nodes it looks to the lane like an API server that is away.

Proof: the rules are there, and a TCP connection that was answered before is not answered any more,
from the node and from one of its pods. After `for_s` the agent removes the rules by itself and
proves it by the same connection; `clean` finds and removes rules that a killed agent left.
"""

from __future__ import annotations

from typing import Any

from nsm_resilience.faults.base import Method, PlannedFault
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors
from nsm_resilience.testbed.api import NODES, Cluster

TARGETS = frozenset({"network"})
METHODS = {
    "cut": Method(
        "dropped, both ways",
        "the agent removes its rules after their time, and proves it by a connection",
    )
}
KUBELET_PORT = 10250
"""A port of a node that answers independently of NSM, for the proof of a partition."""


def hits(planned: PlannedFault, _factors: Factors) -> tuple[str, ...]:
    """The other side of the cut."""
    other = "endpoint" if planned.fault.node == "client" else "client"
    if planned.fault.network == "api":
        return ("the API server, by address and port",)
    return (f"the {other}'s node and its pods",)


def order(planned: PlannedFault, mesh: Mesh) -> dict[str, Any]:
    """The agent's order: {"drop": [[address or network, TCP port or None]], "try": [[a, port]]}."""
    if planned.fault.network == "api":
        drop = tried = _api_servers(mesh.cluster)
    else:
        (peer,) = (node for role, node in mesh.lane.nodes.items() if role != planned.fault.node)
        addresses, networks = _of_node(mesh.cluster, peer)
        drop = [[address, None] for address in (*addresses, *networks)]
        tried = [[address, KUBELET_PORT] for address in addresses]
    what = {
        "drop": drop,
        "try": tried,
        "kubelets_server": planned.fault.network == "api",
        "from_pod_of": mesh.factors.components[mesh.system.api_client].program,
    }
    return planned.order("network", **what)


def _api_servers(cluster: Cluster) -> list[list[Any]]:
    """Address and port of every API server behind the service `kubernetes`."""
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    slices = cluster.find(path, selector="kubernetes.io/service-name=kubernetes", timeout_s=10)
    found = {
        (address, int(port["port"]))
        for one in slices
        for endpoint in one["endpoints"]
        for address in endpoint["addresses"]
        for port in one["ports"]
    }
    return [list(one) for one in sorted(found)]


def _of_node(cluster: Cluster, name: str) -> tuple[list[str], list[str]]:
    """A node's own addresses, and the networks (or single addresses) of its pods."""
    node = cluster.get(f"{NODES}/{name}", timeout_s=10)
    kinds = ("InternalIP", "ExternalIP")
    addresses = {a["address"] for a in node["status"].get("addresses") or [] if a["type"] in kinds}
    networks = list(node["spec"].get("podCIDRs") or [])
    if not networks:  # some network plugins set no podCIDRs: use the pods' current addresses
        pods = cluster.find("/api/v1/pods", fields=f"spec.nodeName={name}", timeout_s=10)
        networks = [ip["ip"] for pod in pods for ip in pod["status"].get("podIPs") or []]
    return sorted(addresses), sorted(set(networks) - addresses)
