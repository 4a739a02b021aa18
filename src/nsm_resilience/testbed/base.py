# SPDX-License-Identifier: Apache-2.0
"""Lanes, labels and errors of a cluster, for the rest of the code."""

from __future__ import annotations

from dataclasses import dataclass

LANE_LABEL = "nsm-resilience/lane"
ROLE_LABEL = "nsm-resilience/role"
CHECKED = "nsm-resilience/checked"
"""Annotation of somebody else's node from which a wipe would have removed nothing at first."""
AGENT_NAMESPACE = "nsm-resilience"


class TestbedError(RuntimeError):
    """The cluster is not available or not as it should be. The message says what to do."""

    __test__ = False


@dataclass(frozen=True)
class Lane:
    """Two worker nodes, a namespace and a network service name in which one trial runs, alone."""

    number: int
    client_node: str
    endpoint_node: str

    @property
    def name(self) -> str:
        """E.g. `lane-1`."""
        return f"lane-{self.number}"

    @property
    def namespace(self) -> str:
        """The namespace of NSM in this lane."""
        return f"nsm-lane-{self.number}"

    @property
    def service(self) -> str:
        """A service name of its own: nsmd-k8s reads the endpoints of all namespaces."""
        return f"icmp-responder-{self.number}"

    @property
    def nodes(self) -> dict[str, str]:
        """Node names by role."""
        return {"client": self.client_node, "endpoint": self.endpoint_node}
