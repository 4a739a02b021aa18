# SPDX-License-Identifier: Apache-2.0
"""Talk to the agent of one node through the API server's pod proxy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Thread
from typing import Any, TypeVar

from kubernetes.client.exceptions import ApiException

from nsm_resilience.host.environment import boot
from nsm_resilience.testbed.api import NAMESPACES, ApiUnavailable, Cluster, is_signed_out
from nsm_resilience.testbed.base import AGENT_NAMESPACE

PORT = 8600
ROUNDS = 7
"""Round trips to measure a clock."""
PULL_S = 3.0
"""How long a pull may take; seconds. A failed pull loses nothing, and soon shows an absence."""
T = TypeVar("T")


class AgentError(RuntimeError):
    """The agent refused or failed an order, or was replaced since the order."""


@dataclass(frozen=True)
class Clock:
    """The offset of a node's monotonic clock from the runner's: runner = node + offset.

    `error_ns` bounds the offset's error (half the fastest round trip). If both run on the same
    kernel, the clocks are the same and the offset is exactly 0; `measured_ns` is always the
    measured offset. An event `clock` of a record has these fields.
    """

    offset_ns: int
    error_ns: int
    same_kernel: bool
    measured_ns: int

    def to_runner(self, node_ns: int) -> int:
        """A node's instant on the runner's clock."""
        return node_ns + self.offset_ns

    def to_node(self, runner_ns: int) -> int:
        """A runner's instant on the node's clock."""
        return runner_ns - self.offset_ns


class Agent:
    """The agent of one node."""

    def __init__(self, cluster: Cluster, node: str, pod: str, token: str) -> None:
        self.cluster = cluster
        self.node = node
        self._base = f"{NAMESPACES}/{AGENT_NAMESPACE}/pods/{pod}:{PORT}/proxy"
        self._headers = {"X-Agent-Token": token, "X-Agent-Node": node}
        self._next = 0
        self._instance: str | None = None
        self.dropped = 0

    def _call(self, method: str, path: str, body: Any = None, timeout_s: float = 10) -> Any:
        try:
            return self.cluster.request(
                method, self._base + path, body, timeout_s=timeout_s, headers=self._headers
            )
        except ApiException as error:
            if is_signed_out(error):  # the API server refused, not the agent
                raise
            raise AgentError(f"agent on {self.node}, {path}: {error.reason}") from error

    def clock(self) -> Clock:
        """Measure the offset of the node's clock: the fastest of several round trips counts."""
        trips = []
        for _ in range(ROUNDS):
            before = time.monotonic_ns()
            answer = self._call("GET", "/clock")
            after = time.monotonic_ns()
            trips.append((after - before, (before + after) // 2 - int(answer["mono_ns"])))
        took_ns, offset_ns = min(trips, key=lambda trip: trip[0])
        if answer["boot_id"] == boot():
            return Clock(0, 0, True, offset_ns)
        return Clock(offset_ns, took_ns // 2, False, offset_ns)

    def start(self, name: str, script: str, order: dict[str, Any]) -> None:
        """Start a script that runs until someone stops it."""
        self._call("POST", "/start", {"name": name, "script": script, "order": order})

    def stop(self, *names: str) -> None:
        """Stop scripts; after this, their last lines can be pulled."""
        self._call("POST", "/stop", {"names": list(names)}, timeout_s=20)

    def run(self, script: str, order: dict[str, Any], timeout_s: float = 20) -> list[Any]:
        """Run a script to its end and return its lines."""
        body = {"script": script, "order": order, "timeout_s": timeout_s}
        answer = self._call("POST", "/run", body, timeout_s=timeout_s + 5)
        if answer["error"]:
            raise AgentError(f"agent on {self.node}, {script}: {answer['error']}")
        return list(answer["lines"])

    def reset(self) -> None:
        """Stop all scripts (they undo their faults) and drop all lines that were not pulled."""
        answer = self._call("POST", "/reset", {}, timeout_s=30)
        self._next, self._instance = int(answer["next"]), answer["instance"]

    def pull(self) -> list[tuple[str, dict[str, Any]]]:
        """(script's name, line) of every line since the last pull, in order.

        Raises ApiUnavailable while the API server is away. That loses nothing, unless the agent has
        to drop lines after a long time: `dropped` counts them. Raises AgentError when the agent was
        replaced since `reset` or the first pull: its scripts and their lines are lost.
        """
        lines: list[tuple[str, dict[str, Any]]] = []
        more = True
        while more:
            try:
                answer = self._call("GET", f"/pull?since={self._next}", timeout_s=PULL_S)
            except ApiUnavailable:
                if not lines:
                    raise
                break  # the agent has already forgotten these lines
            self._instance = self._instance or answer["instance"]
            if answer["instance"] != self._instance:
                raise AgentError(
                    f"the agent on {self.node} was restarted: it undid what it had injected, and "
                    "what its probes saw is lost"
                )
            new = [item for item in answer["items"] if item[0] >= self._next]
            self.dropped += (new[0][0] if new else int(answer["next"])) - self._next
            self._next, more = int(answer["next"]), bool(answer.get("more"))
            lines += [(name, line) for _, name, line in new]
        return lines


def at_once(agents: Mapping[str, Agent], ask: Callable[[Agent], T]) -> dict[str, T]:
    """Call several agents at the same time; returns their answers by role.

    If any call fails, the first failure is raised when all have answered.
    """
    answers: dict[str, T] = {}
    failures: list[Exception] = []

    def one(role: str, agent: Agent) -> None:
        try:
            answers[role] = ask(agent)
        except Exception as error:  # raised in the calling thread
            failures.append(error)

    # Not a pool, which would delay the end of this process until every answer is there.
    threads = [Thread(target=one, args=pair, daemon=True) for pair in agents.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return {role: answers[role] for role in agents}
