# SPDX-License-Identifier: Apache-2.0
"""Inject all faults of a trial at one instant, on two nodes and through the API server."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from nsm_resilience.agent.client import Agent, Clock
from nsm_resilience.faults import pod_delete, process, socket_file
from nsm_resilience.faults.base import NodeFault, PlannedFault, plan
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Factors, Scenario

SCRIPT = "inject"
PROVE_S = 30.0
"""How long the agent looks for the proof, and for the process that replaced a killed one."""

NODE_FAULTS: tuple[NodeFault, ...] = (process, socket_file)
"""The kinds of fault that agents inject. A new kind is a module here."""


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
    _deletions: list[pod_delete.PodDelete] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _before: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Decide the failure of every fault."""
        self.planned = plan(self.scenario, self.factors)

    def order(self, at_ns: int, expires_ns: int) -> None:
        """Arm the agents and the deletions; LookupError when a target does not exist."""
        for role, agent in self.agents.items():
            orders = [
                kind.order(planned, self.factors)
                for planned in self.planned
                for kind in NODE_FAULTS
                if planned.node == role and planned.failure in kind.METHODS
            ]
            if orders:
                clock = self.clocks[role]
                agent.start(
                    SCRIPT,
                    SCRIPT,
                    {
                        "at_ns": clock.to_node(at_ns),
                        "expires_ns": clock.to_node(expires_ns),
                        "prove_s": PROVE_S,
                        "faults": orders,
                    },
                )
        deletes = [p for p in self.planned if p.failure in pod_delete.METHODS]
        self._deletions = pod_delete.arm(deletes, self.mesh)
        self._threads = pod_delete.start(self._deletions, at_ns, self.mesh, self._report_delete)

    def _report_delete(self, one: pod_delete.PodDelete) -> None:
        for planned in one.faults:
            self._injection(
                planned, "runner", one.begin_ns, one.done_ns, one.error,
                {"pod": one.name, "uid": one.uid},
            )  # fmt: skip

    def _injection(
        self, planned: PlannedFault, source: Any, begin_ns: int, done_ns: int, error: str | None,
        before: Any,
    ) -> None:  # fmt: skip
        self.writer.event(
            "injection",
            source=source,
            node=planned.node,
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
                "undo", source="agent", node=planned.node, target=planned.fault.target,
                t_ns=clock.to_runner(line["t_ns"]), data={"id": planned.id, "ok": line["ok"]},
            )  # fmt: skip

    def prove_deletes(self) -> None:
        """Look for the proof of every deletion (those of agents come by themselves)."""
        for thread in self._threads:
            thread.join(timeout=10)
        for one in self._deletions:
            checks = pod_delete.prove(one, self.mesh)
            for planned in one.faults:
                self._proof(planned, one.error is None and all(c["ok"] for c in checks), checks)

    def _proof(
        self, planned: PlannedFault, proved: bool, checks: list[Any], t_ns: int | None = None
    ) -> None:
        self.writer.event(
            "injection_proof",
            source="runner" if t_ns is None else "agent",
            node=planned.node,
            target=planned.fault.target,
            t_ns=t_ns,
            data={"id": planned.id, "proved": proved, "checks": checks},
        )
