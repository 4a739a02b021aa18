# SPDX-License-Identifier: Apache-2.0
"""A component's process is killed (SIGKILL) or stopped (SIGSTOP) by the agent of its node.

Proof of a kill: the process with that pid and start time is gone; a restarted one has another start
time. Proof of a stop: its state is T. A stopped process is continued at the end.
"""

from __future__ import annotations

from typing import Any

from nsm_resilience.faults.base import PlannedFault
from nsm_resilience.mesh.system import components
from nsm_resilience.study.models import Factors

METHODS = frozenset({"kill", "hang"})
UNDONE = {
    "kill": "nothing to undo: the kubelet starts the container again",
    "hang": "continued with SIGCONT when the trial ends, or by the agent when its order expires",
}


def order(planned: PlannedFault, factors: Factors) -> dict[str, Any]:
    """The agent's order."""
    assert planned.fault.component is not None
    component = components(factors.plane)[planned.fault.component]
    return {
        "id": planned.id,
        "method": planned.failure,
        "program": component.program,
        "delay_ns": int(planned.fault.delay_s * 1e9),
    }
