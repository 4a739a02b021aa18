# SPDX-License-Identifier: Apache-2.0
"""Inject all faults of a trial at one instant, on two nodes and through the API server."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from nsm_resilience.agent.client import Agent, Clock
from nsm_resilience.faults import through_api
from nsm_resilience.faults.base import ApiAction, ApiFault, PlannedFault, plan
from nsm_resilience.faults.kinds import API_FAULTS, NODE_FAULTS
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Factors, Scenario

SCRIPT = "inject"
PROVE_S = 30.0
"""How long the agent looks for the proof, and for the process that replaced a killed one."""


@dataclass
class Injector:
    """The faults of one trial: ordered ahead of time, injected at `at_ns` of the runner's clock."""

    scenario: Scenario
    factors: Factors
    mesh: Mesh
    agents: dict[str, Agent]
    clocks: dict[str, Clock]
    writer: RecordWriter
    planned: list[PlannedFault] = field(init=False)
    _orders: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _actions: list[tuple[ApiFault, ApiAction]] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _before: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Decide the failure of every fault."""
        self.planned = plan(self.scenario, self.factors)

    def prepare(self) -> None:
        """Find what is to be hit; LookupError when a target does not exist."""
        for kind in NODE_FAULTS:
            for planned in self.planned:
                if kind.handles(planned):
                    self._orders.setdefault(str(planned.role), []).append(
                        kind.order(planned, self.mesh)
                    )
        for api_kind in API_FAULTS:
            mine = [p for p in self.planned if api_kind.handles(p)]
            self._actions += [(api_kind, action) for action in api_kind.arm(mine, self.mesh)]

    def order(self, at_ns: int, expires_ns: int) -> None:
        """Arm the agents and the deletions with what was prepared."""
        for role, orders in self._orders.items():
            clock = self.clocks[role]
            self.agents[role].start(
                SCRIPT,
                SCRIPT,
                {
                    "at_ns": clock.to_node(at_ns),
                    "expires_ns": clock.to_node(expires_ns),
                    "prove_s": PROVE_S,
                    "faults": orders,
                },
            )
        actions = [action for _, action in self._actions]
        self._threads = through_api.start(actions, at_ns, self.mesh.cluster, self._report_action)

    def _report_action(self, one: ApiAction) -> None:
        for planned in one.faults:
            self._injection(planned, "runner", one.begin_ns, one.done_ns, one.error, one.before)

    def _injection(
        self, planned: PlannedFault, source: Any, begin_ns: int, done_ns: int, error: str | None,
        before: Any,
    ) -> None:  # fmt: skip
        self.writer.event(
            "injection",
            source=source,
            node=planned.role,
            target=planned.fault.target,
            t_ns=begin_ns,
            data={
                "id": planned.id,
                "method": planned.failure,
                "t_begin_ns": begin_ns,
                "t_done_ns": done_ns,
                "error": error,
                "before": before,
            },
        )

    def on_line(self, role: str, line: dict[str, Any]) -> None:
        """Turn a line of the agent's inject script into events."""
        planned = next((p for p in self.planned if p.id == line.get("id")), None)
        if planned is None:
            return
        clock = self.clocks[role]
        if line["kind"] == "armed":
            self._before[planned.id] = line["before"]
        elif line["kind"] == "injected":
            self._injection(
                planned, "agent", clock.to_runner(line["t_begin_ns"]),
                clock.to_runner(line["t_done_ns"]), line["error"], self._before.get(planned.id),
            )  # fmt: skip
        elif line["kind"] == "proof":
            self._proof(planned, line["proved"], line["checks"], clock.to_runner(line["t_ns"]))
        elif line["kind"] == "undone":
            self.writer.event(
                "undo", source="agent", node=planned.role, target=planned.fault.target,
                t_ns=clock.to_runner(line["t_ns"]),
                data={
                    "id": planned.id, "ok": line["ok"], "checks": line.get("checks", []),
                    "t_begin_ns": clock.to_runner(line["t_begin_ns"]),
                },
            )  # fmt: skip

    def prove_actions(self) -> None:
        """Look for the proof of what the runner did (those of agents come by themselves)."""
        for thread in self._threads:
            thread.join(timeout=10)
        for kind, one in self._actions:
            checks = kind.prove(one, self.mesh)
            for planned in one.faults:
                self._proof(planned, one.error is None and all(c["ok"] for c in checks), checks)

    def _proof(
        self, planned: PlannedFault, proved: bool, checks: list[Any], t_ns: int | None = None
    ) -> None:
        self.writer.event(
            "injection_proof",
            source="runner" if t_ns is None else "agent",
            node=planned.role,
            target=planned.fault.target,
            t_ns=t_ns,
            data={"id": planned.id, "proved": proved, "checks": checks},
        )
