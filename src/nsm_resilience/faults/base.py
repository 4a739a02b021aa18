# SPDX-License-Identifier: Apache-2.0
"""What every kind of fault offers, and the plan made out of a scenario's faults."""

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
    """One fault of a trial with its failure decided. `id` is unique in the trial."""

    id: str
    fault: Fault
    failure: str
    placed: NodeRole | None = None
    """Role of the node of a component that a lane has one of."""

    @property
    def role(self) -> NodeRole | None:
        """The role of the node it goes to; None when it goes to the registry."""
        return self.fault.role or self.placed

    def order(self, kind: str, **what: Any) -> dict[str, Any]:
        """The agent's order: of which kind, what to hit, when, and for how long if not to the end.

        Args:
            kind: name of the kind of fault in the agent (`KINDS` of agent/node/inject.py).
            what: what this kind has to know besides.
        """
        for_s = self.fault.for_s
        when = {"delay_ns": int(self.fault.delay_s * 1e9)}
        lasting = {} if for_s is None else {"for_ns": int(for_s * 1e9)}
        return {"id": self.id, "kind": kind, "method": self.failure, **what, **when, **lasting}


def pod_to_hit(pod: Mapping[str, Any]) -> dict[str, str]:
    """A pod, as an order names it: by its name for people, and by its uid."""
    return {"pod": name_of(pod), "pod_uid": str(pod["metadata"]["uid"])}


@dataclass(frozen=True)
class Method:
    """A way to fail: what it does to what it hits, in a word or two, and how it ends, in words."""

    does: str
    undone: str


class Kind(Protocol):
    """A kind of fault: a module with these names."""

    TARGETS: frozenset[str]
    """Keys of `TARGET_FAILURES` that name what it breaks."""
    METHODS: dict[str, Method]
    """The failures that it injects."""

    def hits(self, planned: PlannedFault, factors: Factors) -> tuple[str, ...]:
        """What is hit: programs, pods, paths or addresses, by name."""
        ...


class NodeFault(Kind, Protocol):
    """A kind of fault that the node agent injects."""

    def order(self, planned: PlannedFault, mesh: Mesh) -> dict[str, Any]:
        """The agent's order for this fault (see agent/node/inject.py).

        LookupError when what is to be hit does not exist.
        """
        ...


@dataclass
class ApiAction:
    """Deletions through the API server in one instant, for every fault that asks for them.

    `before` says what is deleted; the other fields are set when it is done.
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
        """Find what is to be hit; LookupError for what does not exist."""
        ...

    def prove(self, action: ApiAction, mesh: Mesh) -> list[dict[str, Any]]:
        """Checks {check, ok, before, …} of a deletion, all of which must hold."""
        ...


def plan(scenario: Scenario, factors: Factors) -> list[PlannedFault]:
    """A scenario's faults with the failure of the cell where the fault names none."""

    def placed(fault: Fault) -> NodeRole | None:
        return factors.components[fault.component].only_on if fault.component is not None else None

    return [
        PlannedFault(fault_id(n), fault, fault.failure_in(factors.failure), placed(fault))
        for n, fault in enumerate(scenario.faults, start=1)
    ]


def hits_shared(planned: PlannedFault, factors: Factors) -> bool:
    """Whether a fault hits what the whole cluster shares, which no wipe of a lane makes anew."""
    system, fault = factors.under_test, planned.fault
    if system.shared is None:
        return False
    if fault.component is not None:
        return factors.components[fault.component].shared
    if fault.socket is not None:
        return not system.shared_sockets().keys().isdisjoint(system.socket_patterns(fault.socket))
    return fault.whole_node is not None
