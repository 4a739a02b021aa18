# SPDX-License-Identifier: Apache-2.0
"""How busy both nodes are."""

from dataclasses import dataclass
from typing import Any, ClassVar

from nsm_resilience.probes.node import NodeProbe
from nsm_resilience.study.models import Probes


@dataclass
class PressureProbe(NodeProbe):
    """The load of one node."""

    SCRIPT: ClassVar[str] = "pressure"

    def order(self, probes: Probes) -> dict[str, Any]:
        """As often as components are looked at."""
        return {"interval_ns": int(probes.component_interval_s * 1e9)}

    def take(self, line: dict[str, Any]) -> None:
        """One sample."""
        t_ns = self.clock.to_runner(line["t_ns"])
        row = {"t_ns": t_ns, "node": self.role, "load": line["load"]}
        self.writer.samples("pressure", [row])
