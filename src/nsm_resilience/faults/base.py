# SPDX-License-Identifier: Apache-2.0
"""The interface of all kinds of fault, and the plan of a scenario's faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.fault import Fault, NodeRole, fault_id
from nsm_resilience.study.models import Factors, Scenario
from nsm_resilience.testbed.api import name_of


@dataclass(frozen=True)
class PlannedFault:
    """One fault of a trial with its failure. `id` is unique in the trial."""

    id: str
    fault: Fault
    failure: str
    placed: NodeRole | None = None
    """Role of the node of a component of which a lane has only one."""

    @property
    def role(self) -> NodeRole | None:
        """The role of the target's node; None for the registry."""
        return self.fault.role or self.placed

    def order(self, kind: str, **what: Any) -> dict[str, Any]:
        """The agent's order: kind, target, time, and duration if it does not last to the end.

        Args:
            kind: Name of the kind of fault in the agent (`KINDS` of agent/node/inject.py).
            what: Further keys for this kind.
        """
        for_s = self.fault.for_s
        when = {"delay_ns": int(self.fault.delay_s * 1e9)}
        lasting = {} if for_s is None else {"for_ns": int(for_s * 1e9)}
        return {"id": self.id, "kind": kind, "method": self.failure, **what, **when, **lasting}


def pod_to_hit(pod: Mapping[str, Any]) -> dict[str, str]:
    """A pod in an order: its name, for people, and its uid."""
    return {"pod": name_of(pod), "pod_uid": str(pod["metadata"]["uid"])}


@dataclass(frozen=True)
class Method:
    """A way to fail: its effect on the target in a word or two, and its undo in words."""

    does: str
    undone: str


class Kind(Protocol):
    """A kind of fault: a module with these names."""

    TARGETS: frozenset[str]
    """Keys of `TARGET_FAILURES` that name its targets."""
    METHODS: dict[str, Method]
    """The failures that it injects."""

    def hits(self, planned: PlannedFault, factors: Factors) -> tuple[str, ...]:
        """The targets: programs, pods, paths or addresses, by name."""
        ...


class NodeFault(Kind, Protocol):
    """A kind of fault that the node agent injects."""

    def order(self, planned: PlannedFault, mesh: Mesh) -> dict[str, Any]:
        """The agent's order for this fault (see agent/node/inject.py).

        LookupError when the target does not exist.
        """
        ...


@dataclass
class ApiAction:
    """Deletions through the API server at one instant, for one or more faults.

    `before` names the deleted objects; the other fields are set afterwards.
    """

    faults: list[PlannedFault]
    paths: list[str]
    before: dict[str, Any]
    begin_ns: int = 0
    done_ns: int = 0
    error: str | None = None


class ApiFault(Kind, Protocol):
    """A kind of fault that the runner injects through the API server."""

    def arm(self, planned: Sequence[PlannedFault], mesh: Mesh) -> list[ApiAction]:
        """Find the targets; LookupError when one does not exist."""
        ...

    def prove(self, action: ApiAction, mesh: Mesh) -> list[dict[str, Any]]:
        """Checks {check, ok, before, …} of a deletion, all of which must hold."""
        ...


def plan(scenario: Scenario, factors: Factors) -> list[PlannedFault]:
    """A scenario's faults; one that names no failure has the cell's."""

    def placed(fault: Fault) -> NodeRole | None:
        return factors.components[fault.component].only_on if fault.component is not None else None

    return [
        PlannedFault(fault_id(n), fault, fault.failure_in(factors.failure), placed(fault))
        for n, fault in enumerate(scenario.faults, start=1)
    ]


def hits_shared(planned: PlannedFault, factors: Factors) -> bool:
    """Whether a fault hits a shared part of the cluster, which no wipe of a lane recreates."""
    system, fault = factors.under_test, planned.fault
    if system.shared is None:
        return False
    if fault.component is not None:
        return factors.components[fault.component].shared
    if fault.socket is not None:
        return not system.shared_sockets().keys().isdisjoint(system.socket_patterns(fault.socket))
    return fault.whole_node is not None
