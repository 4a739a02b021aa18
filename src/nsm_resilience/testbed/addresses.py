# SPDX-License-Identifier: Apache-2.0
"""Addresses of the cluster's own parts, as the API tells them."""

from __future__ import annotations

from nsm_resilience.testbed.api import Cluster


def api_servers(cluster: Cluster) -> list[tuple[str, int]]:
    """Address and port of every API server, as the service `kubernetes` leads to them."""
    path = (
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
        "?labelSelector=kubernetes.io/service-name=kubernetes"
    )
    slices = cluster.request("GET", path, timeout_s=10, headers={})["items"]
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
    node = cluster.core.read_node(name, _request_timeout=10)
    kinds = ("InternalIP", "ExternalIP")
    addresses = {a.address for a in node.status.addresses or [] if a.type in kinds}
    networks = list(node.spec.pod_cidrs or [])
    if not networks:  # some networks keep their own books: then those of the pods there now
        pods = cluster.core.list_pod_for_all_namespaces(
            field_selector=f"spec.nodeName={name}", _request_timeout=10
        ).items
        networks = [ip.ip for pod in pods for ip in pod.status.pod_ips or []]
    return sorted(addresses), sorted(set(networks) - addresses)
