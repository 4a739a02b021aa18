# SPDX-License-Identifier: Apache-2.0
"""A whole node is paused: all of its processes are stopped (SIGSTOP), and continued after `for_s`.

Kubelet, container runtime, NSM, its workloads and every other pod stand still. The node's first
process, kernel threads and the agent, which must undo the fault, run on. To Kubernetes and to NSM's
peers the node looks like a frozen machine, but not like one without power: its kernel forwards
packets, answers echoes and keeps TCP connections open. Works without Docker.

Proof: every process that was there has the state T. After `for_s` the agent continues the processes
that it stopped, and only those, and checks that none of them is stopped any more. A file on the
node lists them, so that `clean` continues them if the agent was killed.
"""

from __future__ import annotations

from typing import Any

from nsm_resilience.faults.base import Method, PlannedFault
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors

TARGETS = frozenset({"whole_node"})
METHODS = {
    "pause": Method(
        "SIGSTOP", "the agent continues what it stopped after its time, and checks that it runs"
    )
}


def hits(_planned: PlannedFault, _factors: Factors) -> tuple[str, ...]:
    """The stopped processes."""
    return ("every process of the node but the first and the agent's",)


def order(planned: PlannedFault, _mesh: Mesh) -> dict[str, Any]:
    """The agent's order."""
    return planned.order("node")
