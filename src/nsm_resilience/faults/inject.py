# SPDX-License-Identifier: Apache-2.0
"""Inject all faults of a trial at one instant, on two nodes and through the API server."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from kubernetes.client.exceptions import ApiException

from nsm_resilience.agent.client import Clock
from nsm_resilience.faults.base import ApiAction, ApiFault, PlannedFault, plan
from nsm_resilience.faults.kinds import API_FAULTS, NODE_FAULTS, injects, kind_of
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.record.events import Actor
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Scenario
from nsm_resilience.testbed.api import ApiUnavailable

SCRIPT = "inject"
PROVE_S = 30.0
"""How long the agent looks for the proof, and for the replacement of a killed process."""


@dataclass
class Injector:
    """The faults of one trial: ordered ahead of time, injected at `at_ns` of the runner's clock."""

    scenario: Scenario
    mesh: Mesh
    clocks: dict[str, Clock]
    writer: RecordWriter
    planned: list[PlannedFault] = field(init=False)
    _orders: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _actions: list[tuple[ApiFault, ApiAction]] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _before: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.planned = plan(self.scenario, self.mesh.factors)

    def prepare(self) -> None:
        """Find the targets; LookupError when a target, or a kind of fault, does not exist."""
        for planned in self.planned:
            kind_of(planned)
        for kind in NODE_FAULTS:
            for planned in self.planned:
                if injects(kind, planned):
                    self._orders.setdefault(str(planned.role), []).append(
                        kind.order(planned, self.mesh)
                    )
        for api_kind in API_FAULTS:
            mine = [p for p in self.planned if injects(api_kind, p)]
            self._actions += [(api_kind, action) for action in api_kind.arm(mine, self.mesh)]

    def order(self, at_ns: int, expires_ns: int) -> None:
        """Arm the agents and the deletions with the prepared orders."""
        for role, orders in self._orders.items():
            at, end = map(self.clocks[role].to_node, (at_ns, expires_ns))
            wanted = {"at_ns": at, "expires_ns": end, "prove_s": PROVE_S, "faults": orders}
            self.mesh.agents[role].start(SCRIPT, SCRIPT, wanted)
        self._threads = [
            threading.Thread(target=self._delete, args=(one, at_ns), daemon=True)
            for _, one in self._actions
        ]
        for thread in self._threads:
            thread.start()

    def _delete(self, one: ApiAction, at_ns: int) -> None:
        """Delete through the API server at `at_ns` and the delay, in a thread of its own.

        It queries its object first, so that the connection is open and the request at the instant
        needs no handshake (on a busy runner, handshakes made the skew longer than half a second).
        """
        cluster = self.mesh.cluster
        delay = max(f.fault.delay_s for f in one.faults)
        # no answer now is no error: the deletion itself will report the problem
        with suppress(ApiException, ApiUnavailable):
            cluster.get(one.paths[0], timeout_s=5)
        time.sleep(max(0.0, (at_ns - time.monotonic_ns()) / 1e9 + delay))
        one.begin_ns = time.monotonic_ns()
        try:
            for path in one.paths:
                cluster.request("DELETE", path, timeout_s=5)
        except (ApiException, ApiUnavailable) as error:
            one.error = str(error)
        one.done_ns = time.monotonic_ns()
        for planned in one.faults:
            self._injected(planned, "runner", one.begin_ns, one.done_ns, one.error, one.before)

    def _event(
        self, kind: str, planned: PlannedFault, source: Actor, t_ns: int | None, **data: Any
    ) -> None:
        self.writer.event(
            kind, source=source, node=planned.role, target=planned.fault.target, t_ns=t_ns,
            data={"id": planned.id, **data},
        )  # fmt: skip

    def _injected(
        self, planned: PlannedFault, source: Actor, begin_ns: int, done_ns: int,
        error: str | None, before: Any,
    ) -> None:  # fmt: skip
        self._event(
            "injection", planned, source, begin_ns, method=planned.failure, t_begin_ns=begin_ns,
            t_done_ns=done_ns, error=error, before=before,
        )  # fmt: skip

    def on_line(self, role: str, line: dict[str, Any]) -> None:
        """Turn a line of the agent's inject script into events."""
        planned = next((p for p in self.planned if p.id == line.get("id")), None)
        if planned is None:
            return
        to_runner = self.clocks[role].to_runner
        if line["kind"] == "armed":
            self._before[planned.id] = line["before"]
        elif line["kind"] == "injected":
            begin_ns, done_ns = to_runner(line["t_begin_ns"]), to_runner(line["t_done_ns"])
            before = self._before.get(planned.id)
            self._injected(planned, "agent", begin_ns, done_ns, line["error"], before)
        elif line["kind"] == "proof":
            self._event(
                "injection_proof", planned, "agent", to_runner(line["t_ns"]),
                proved=line["proved"], checks=line["checks"],
            )  # fmt: skip
        elif line["kind"] == "undone":
            self._event(
                "undo", planned, "agent", to_runner(line["t_ns"]), ok=line["ok"],
                checks=line.get("checks", []), t_begin_ns=to_runner(line["t_begin_ns"]),
            )  # fmt: skip

    def prove_actions(self) -> None:
        """Look for the proofs of the runner's deletions (agents send their proofs)."""
        for thread in self._threads:
            thread.join(timeout=10)
        for kind, one in self._actions:
            checks = kind.prove(one, self.mesh)
            proved = one.error is None and all(c["ok"] for c in checks)
            for planned in one.faults:
                self._event(
                    "injection_proof", planned, "runner", None, proved=proved, checks=checks
                )
