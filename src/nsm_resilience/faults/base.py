# SPDX-License-Identifier: Apache-2.0
"""What every kind of fault offers, and the plan made out of a scenario's faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from nsm_resilience.study.models import Factors, Fault, NodeRole, Scenario


@dataclass(frozen=True)
class PlannedFault:
    """One fault of a trial with its failure decided. `id` is unique in the trial."""

    id: str
    fault: Fault
    failure: str

    @property
    def node(self) -> NodeRole:
        """The role of the node it goes to."""
        return self.fault.node


class NodeFault(Protocol):
    """A kind of fault that the node agent injects: a module-level pair of names."""

    METHODS: frozenset[str]
    UNDONE: dict[str, str]
    """What is done about each method when the trial ends, in words."""

    def order(self, planned: PlannedFault, factors: Factors) -> dict[str, Any]:
        """The agent's order for this fault (see agent/node/inject.py)."""
        ...


def plan(scenario: Scenario, factors: Factors) -> list[PlannedFault]:
    """A scenario's faults with the failure of the cell where the fault names none."""
    return [
        PlannedFault(f"fault-{n}", fault, fault.failure or factors.failure)
        for n, fault in enumerate(scenario.faults, start=1)
    ]
