# SPDX-License-Identifier: Apache-2.0
"""The client's interface of the connection is set down, in the network of the client's own pod.

As `ip link set down` in that pod: addresses stay, routes through it are removed. The system names
the interface (`client_interface`). Nothing outside of the pod is touched, so no other lane is.

Proof: right after the injection the interface with the same index is not up. A healing system makes
another one within seconds, so a later check proves nothing. The agent sets it up again, with its
routes, after `for_s` or at the end, unless the old interface no longer exists. `clean` finds and
sets up an interface that a killed agent left down.
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
    """The interface, with its pod."""
    return (f"{factors.under_test.client_interface} in the pod of the {planned.fault.interface}",)


def order(planned: PlannedFault, mesh: Mesh) -> dict[str, Any]:
    """The agent's order."""
    assert planned.fault.interface is not None
    pod = pod_to_hit(mesh.workload(planned.fault.interface))
    return planned.order("interface", **pod, interface=mesh.system.client_interface)
