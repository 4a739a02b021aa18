# SPDX-License-Identifier: Apache-2.0
"""A component's process is killed (SIGKILL) or stopped (SIGSTOP) by the agent of its node.

Proof of a kill: the process with that pid and start time is gone; a restarted one has another start
time. Proof of a stop: its state is T. A stopped process is continued at the end.

Continuing a whole data plane (`vpp`) disturbs other lanes, so such trials run alone
(study/fault.py). It processes the packets in its rings at once: measured with two lanes on two
processors, up to 44,000 frames a second went over the bridge of all nodes, and for 9 to 130 ms the
other lane's `vpp` waited for a processor. One of eight continuations beside a living path cost that
path six echoes; in `vpp-2026-11`, with five lanes, three cost five paths 50 to 154 echoes each.
"""

from __future__ import annotations

from typing import Any

from nsm_resilience.faults.base import Method, PlannedFault
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors

TARGETS = frozenset({"component"})
METHODS = {
    "kill": Method("SIGKILL", "nothing to undo: the kubelet starts the container again"),
    "hang": Method(
        "SIGSTOP",
        "continued with SIGCONT after its time or when the trial ends, or by the agent when its "
        "order expires",
    ),
}


def hits(planned: PlannedFault, factors: Factors) -> tuple[str, ...]:
    """The program."""
    assert planned.fault.component is not None
    return (factors.components[planned.fault.component].program,)


def order(planned: PlannedFault, mesh: Mesh) -> dict[str, Any]:
    """The agent's order."""
    (program,) = hits(planned, mesh.factors)
    return planned.order("process", program=program)
