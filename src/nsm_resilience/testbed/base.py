# SPDX-License-Identifier: Apache-2.0
"""What the rest of the code knows of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

LANE_LABEL = "nsm-resilience/lane"
ROLE_LABEL = "nsm-resilience/role"
CHECKED = "nsm-resilience/checked"
"""Annotation of a node of somebody else's that had nothing a wipe would take for NSM's."""
AGENT_NAMESPACE = "nsm-resilience"


class TestbedError(RuntimeError):
    """The cluster cannot be had or is not what it should be. The message says what to do."""

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
        """The namespace of everything NSM in this lane."""
        return f"nsm-lane-{self.number}"

    @property
    def service(self) -> str:
        """A service name of its own: nsmd-k8s reads the endpoints of all namespaces."""
        return f"icmp-responder-{self.number}"

    @property
    def nodes(self) -> dict[str, str]:
        """Node names by role."""
        return {"client": self.client_node, "endpoint": self.endpoint_node}


class Testbed(Protocol):
    """A cluster. Nothing else in the code knows about Docker or kind."""

    @property
    def name(self) -> str:
        """Name of the cluster."""
        ...

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig file to use (kind's is kept apart from the user's own)."""
        ...

    @property
    def context(self) -> str:
        """The context inside it."""
        ...

    def up(self) -> None:
        """Make the cluster unless it is there and healthy. May be repeated."""
        ...

    def down(self) -> None:
        """Remove it and what we put there. May be repeated; nothing to do is no error."""
        ...
