# SPDX-License-Identifier: Apache-2.0
"""Processes and sockets of both nodes, with restarts and readiness of their containers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from nsm_resilience.probes.node import NodeProbe
from nsm_resilience.study.models import Probes


@dataclass
class ComponentProbe(NodeProbe):
    """The components of one node."""

    SCRIPT: ClassVar[str] = "watch"

    def order(self, probes: Probes) -> dict[str, Any]:
        """Programs of the components on this node, and every socket."""
        programs = {
            name: part.program
            for name, part in self.factors.components.items()
            if part.only_on in (None, self.role)
        }
        return {
            "programs": programs,
            "sockets": self.factors.under_test.socket_patterns(),
            "interval_ns": int(probes.component_interval_s * 1e9),
        }

    def take(self, line: dict[str, Any]) -> None:
        """Samples of all components, or of all sockets."""
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
