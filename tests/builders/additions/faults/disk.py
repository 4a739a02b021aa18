# SPDX-License-Identifier: Apache-2.0
"""A node's disk is full."""

from __future__ import annotations

from typing import Any

from nsm_resilience.faults.base import Method, PlannedFault
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors

TARGETS = frozenset({"disk"})
METHODS = {"fill": Method("full", "the file is removed")}


def hits(planned: PlannedFault, factors: Factors) -> tuple[str, ...]:
    """Its folder."""
    return (f"/{planned.fault.disk}",)


def order(planned: PlannedFault, mesh: Mesh) -> dict[str, Any]:
    """The agent's order."""
    return planned.order("disk", folder=planned.fault.disk)
