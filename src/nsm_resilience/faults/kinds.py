# SPDX-License-Identifier: Apache-2.0
"""All kinds of fault. A new kind is a module and an entry here."""

from __future__ import annotations

from nsm_resilience.faults import (
    interface,
    network,
    node_pause,
    pod_delete,
    process,
    registry,
    socket_file,
    workload,
)
from nsm_resilience.faults.base import ApiFault, Kind, NodeFault, PlannedFault

NODE_FAULTS: tuple[NodeFault, ...] = (
    process, socket_file, workload, network, node_pause, interface,
)  # fmt: skip
"""Kinds that the agents inject."""
API_FAULTS: tuple[ApiFault, ...] = (pod_delete, registry)
"""Kinds that the runner injects through the API server."""


def injects(kind: Kind, planned: PlannedFault) -> bool:
    """Whether a kind injects a fault."""
    return planned.fault.kind in kind.TARGETS and planned.failure in kind.METHODS


def kind_of(planned: PlannedFault) -> Kind:
    """The kind that injects a fault; LookupError says where to write one."""
    kinds: tuple[Kind, ...] = (*NODE_FAULTS, *API_FAULTS)
    for kind in kinds:
        if injects(kind, planned):
            return kind
    raise LookupError(
        f"nothing injects `{planned.failure}` into {planned.fault.target}; write it into METHODS "
        f"of a module of faults/kinds.py with `{planned.fault.kind}` among its TARGETS"
    )
