# SPDX-License-Identifier: Apache-2.0
"""A whole node is paused: every process of it is stopped (SIGSTOP), and continued after `for_s`.

Kubelet, container runtime, NSM, its workloads and every other pod stand still; left out are the
node's first process, the kernel's own threads and the agent, which must undo it. To Kubernetes and
to NSM's peers it looks like a frozen machine. It is not one without power: the kernel goes on, so
that it forwards packets, answers echoes and keeps TCP connections open. Works without Docker.

Proof: the state of every process that was there is T. After its time the agent continues those
that it stopped, and only those, and looks that none of them is stopped any more. Which they are
stands in a file on the node, so that `clean` continues them when the agent was killed.
"""

from __future__ import annotations

from typing import Any

from nsm_resilience.faults.base import Method, PlannedFault
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors

TARGETS = frozenset({"whole_node"})
METHODS = {
    "pause": Method(
        "SIGSTOP", "the agent continues what it stopped after its time, and looks that it runs"
    )
}


def hits(_planned: PlannedFault, _factors: Factors) -> tuple[str, ...]:
    """What is stopped."""
    return ("every process of the node but the first and the agent's",)


def order(planned: PlannedFault, _mesh: Mesh) -> dict[str, Any]:
    """The agent's order."""
    return planned.order("node")
