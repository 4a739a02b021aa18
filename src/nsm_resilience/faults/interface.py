# SPDX-License-Identifier: Apache-2.0
"""The client's interface of the connection is set down, in the network of the client's own pod.

As `ip link set down` in that pod: addresses stay, routes through it go. Which interface it is, the
system says (`client_interface`). Nothing outside of the pod is touched, so no other lane is.

Proof: right after it the interface with the index of before is not up. A system that heals makes
another one within seconds, so that nothing later can tell. The agent sets it up again, with the
routes that it had, after `for_s` or at the end, unless the interface of before is not there any
more. One that a killed agent left down is found and set up by `clean`.
"""

from __future__ import annotations

from typing import Any

from nsm_resilience.faults.base import Method, PlannedFault, pod_to_hit
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors

TARGETS = frozenset({"interface"})
METHODS = {
    "down": Method(
        "set down",
        "set up again with its routes after its time or when the trial ends, unless the system has "
        "made another one",
    )
}


def hits(planned: PlannedFault, factors: Factors) -> tuple[str, ...]:
    """The interface, and in whose pod."""
    return (f"{factors.under_test.client_interface} in the pod of the {planned.fault.interface}",)


def order(planned: PlannedFault, mesh: Mesh) -> dict[str, Any]:
    """The agent's order."""
    assert planned.fault.interface is not None
    pod = pod_to_hit(mesh.workload(planned.fault.interface))
    return planned.order("interface", **pod, interface=mesh.system.client_interface)
