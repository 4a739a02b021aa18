# SPDX-License-Identifier: Apache-2.0
"""A component's process is killed (SIGKILL) or stopped (SIGSTOP) by the agent of its node.

Proof of a kill: the process with that pid and start time is gone; a restarted one has another start
time. Proof of a stop: its state is T. A stopped process is continued at the end.

Continuing a whole data plane (`vpp`) disturbs other lanes, so such trials run alone
(study/fault.py). Measured with two lanes of VPP, on a machine of two processors with other load, on
a `vpp` that was stopped for 20 to 180 s: eleven continuations, eight of them beside a living path
of the other lane.

- It processes the packets in its rings. In the 120 ms after the continuation, 230 to 2,060 frames
  went over the bridge that all nodes share (seven counted), at up to 44,000 a second; 24 are usual.
- It took about half a processor (47 to 53 %) for 35 to 128 ms. Meanwhile the other lane's two `vpp`
  waited for a processor: 9 to 22 ms, and once 0.13 s (three observed); 3 ms are usual.
- The other lane's path once lost six echoes in a row, sent from 12 ms before to 88 ms after the
  continuation, and otherwise none. The six were lost at its endpoint: the `vpp` of that node had
  written 6,461 packets to the endpoint's interface and read 6,455, and all 6,455 went on. So
  neither the bridge nor the tunnel lost them.
- Not seen: frames that the bridge flooded to ports of other nodes (entries gone from its table),
  drops of the kernel's backlog (`softnet_stat`), drops by its limit of ICMP replies.

In the recorded campaign `vpp-2026-11`, five lanes on two processors, three continuations cost five
paths 50 to 154 echoes in a row, 1.0, 2.0 or 3.1 s (the `vpp` of a sixth was killed meanwhile):
whole seconds, like the retries of neighbour resolution, one a second. That cause is not proved: in
five traced continuations the kernel dropped 153 or 154 packets for a neighbour that did not answer
(NEIGH_FAILED), but the other lane's path, where there was one, lost nothing.
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
