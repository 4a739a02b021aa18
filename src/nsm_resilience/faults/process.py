# SPDX-License-Identifier: Apache-2.0
"""A component's process is killed (SIGKILL) or stopped (SIGSTOP) by the agent of its node.

Proof of a kill: the process with that pid and start time is gone; a restarted one has another start
time. Proof of a stop: its state is T. A stopped process is continued at the end.
"""

from __future__ import annotations

from typing import Any

from nsm_resilience.faults.base import PlannedFault
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.mesh.system import components
from nsm_resilience.study.models import Factors

METHODS = frozenset({"kill", "hang"})
UNDONE = {
    "kill": "nothing to undo: the kubelet starts the container again",
    "hang": "continued with SIGCONT after its time or when the trial ends, or by the agent when "
    "its order expires",
}
WORDS = {"kill": "SIGKILL", "hang": "SIGSTOP"}


def handles(planned: PlannedFault) -> bool:
    """A component that is killed or stopped."""
    return planned.fault.component is not None and planned.failure in METHODS


def hits(planned: PlannedFault, factors: Factors) -> tuple[str, ...]:
    """The program."""
    assert planned.fault.component is not None
    return (components(factors.plane)[planned.fault.component].program,)


def order(planned: PlannedFault, mesh: Mesh) -> dict[str, Any]:
    """The agent's order."""
    (program,) = hits(planned, mesh.factors)
    return {
        "id": planned.id,
        "kind": "process",
        "method": planned.failure,
        "program": program,
        **planned.timing(),
    }
