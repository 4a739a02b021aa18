# SPDX-License-Identifier: Apache-2.0
"""Processes and sockets of both nodes, joined with what Kubernetes says of their containers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nsm_resilience.agent.client import Agent, Clock
from nsm_resilience.probes.pods import PodWatch
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Factors, Probes

SCRIPT = "watch"


@dataclass
class ComponentProbe:
    """The components of one node."""

    role: str
    agent: Agent
    clock: Clock
    writer: RecordWriter
    factors: Factors
    pods: PodWatch
    problem: str | None = None

    def start(self, probes: Probes) -> None:
        """Begin to sample."""
        system = self.factors.under_test
        programs = {
            name: part.program
            for name, part in self.factors.components.items()
            if part.only_on in (None, self.role)
        }
        self.agent.start(
            SCRIPT,
            SCRIPT,
            {
                "programs": programs,
                "sockets": system.socket_patterns(),
                "interval_ns": int(probes.component_interval_s * 1e9),
            },
        )

    def on_line(self, line: dict[str, Any]) -> None:
        """Take in one line of the script."""
        if line["kind"] == "components":
            t_ns = self.clock.to_runner(line["t_ns"])
            rows = []
            for name, pid, start, state, cpu in line["rows"]:
                restarts, is_ready = self.pods.of_component(self.role, name, t_ns)
                rows.append(
                    {
                        "t_ns": t_ns, "node": self.role, "component": name, "pid": pid,
                        "start_ticks": start, "state": state, "restarts": restarts,
                        "ready": is_ready, "cpu_ticks": cpu,
                    }
                )  # fmt: skip
            self.writer.samples("components", rows)
        elif line["kind"] == "sockets":
            t_ns = self.clock.to_runner(line["t_ns"])
            self.writer.samples(
                "sockets",
                [
                    {
                        "t_ns": t_ns, "node": self.role, "socket": name, "path": path,
                        "inode": inode, "kind": kind, "answers": listening,
                    }
                    for name, path, inode, kind, listening in line["rows"]
                ],
            )  # fmt: skip
        elif line["kind"] == "exited" and line["code"] != 0:
            self.problem = f"the component probe ended with {line['code']}: {line['error']}"
