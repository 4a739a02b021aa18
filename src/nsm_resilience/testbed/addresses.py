# SPDX-License-Identifier: Apache-2.0
"""Addresses of the cluster's own parts, as the API tells them."""

from __future__ import annotations

from nsm_resilience.testbed.api import NODES, Cluster


def api_servers(cluster: Cluster) -> list[tuple[str, int]]:
    """Address and port of every API server, as the service `kubernetes` leads to them."""
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    slices = cluster.find(path, selector="kubernetes.io/service-name=kubernetes", timeout_s=10)
    return sorted(
        {
            (address, int(port["port"]))
            for one in slices
            for endpoint in one["endpoints"]
            for address in endpoint["addresses"]
            for port in one["ports"]
        }
    )


def of_node(cluster: Cluster, name: str) -> tuple[list[str], list[str]]:
    """A node's own addresses, and the networks (or single addresses) of its pods."""
    node = cluster.get(f"{NODES}/{name}", timeout_s=10)
    kinds = ("InternalIP", "ExternalIP")
    addresses = {a["address"] for a in node["status"].get("addresses") or [] if a["type"] in kinds}
    networks = list(node["spec"].get("podCIDRs") or [])
    if not networks:  # some networks keep their own books: then those of the pods there now
        pods = cluster.find("/api/v1/pods", fields=f"spec.nodeName={name}", timeout_s=10)
        networks = [ip["ip"] for pod in pods for ip in pod["status"].get("podIPs") or []]
    return sorted(addresses), sorted(set(networks) - addresses)
