# SPDX-License-Identifier: Apache-2.0
"""The client or the endpoint is killed in place: all processes of its pod except the sandbox.

The pod stays, with its network and NSM's interface in it. The kubelet restarts the containers, but
not those that ask NSM for the connection (init containers run once in a sandbox). Proof: the
processes with those pids and start times are gone. (`delete` removes the pod: pod_delete.py.)
"""

from __future__ import annotations

from typing import Any

from nsm_resilience.faults.base import Method, PlannedFault, pod_to_hit
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors

TARGETS = frozenset({"workload"})
METHODS = {
    "kill": Method(
        "SIGKILL to all of its containers",
        "nothing to undo: the kubelet starts the containers again",
    )
}


def hits(planned: PlannedFault, _factors: Factors) -> tuple[str, ...]:
    """The pod, by its part."""
    return (f"pod of the {planned.fault.workload}",)


def order(planned: PlannedFault, mesh: Mesh) -> dict[str, Any]:
    """The agent's order."""
    assert planned.fault.workload is not None
    return planned.order("pod", **pod_to_hit(mesh.workload(planned.fault.workload)))
