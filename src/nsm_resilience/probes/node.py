# SPDX-License-Identifier: Apache-2.0
"""The base of a node's probe: a script of the agent that runs from before the fault to the end.

A new one is a class like `ComponentProbe`, listed in `kinds.py`; its script in `agent/node/`,
listed in `SCRIPTS` of agent.py there; and the table that it fills, in record/samples.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from nsm_resilience.agent.client import Agent, Clock
from nsm_resilience.probes.pods import PodWatch
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Factors, Probes


@dataclass
class NodeProbe(ABC):
    """A probe of one of a trial's two nodes.

    Attributes:
        role: Role of its node: `client` or `endpoint`.
        problem: Its problem in words; the record keeps it as a warning.
    """

    SCRIPT: ClassVar[str]
    """The agent's script, which also runs under this name."""

    role: str
    agent: Agent
    clock: Clock
    writer: RecordWriter
    factors: Factors
    pods: PodWatch
    problem: str | None = None

    @abstractmethod
    def order(self, probes: Probes) -> dict[str, Any]:
        """The script's order; `probes` are the rates that the study declares."""

    @abstractmethod
    def take(self, line: dict[str, Any]) -> None:
        """Take in one line of the script; its times are of the node's clock."""

    def start(self, probes: Probes) -> None:
        """Begin to sample."""
        self.agent.start(self.SCRIPT, self.SCRIPT, self.order(probes))

    def on_line(self, line: dict[str, Any]) -> None:
        """Take in one line, or the end of the script."""
        if line["kind"] != "exited":
            self.take(line)
        elif line["code"] != 0:
            self.problem = f"the probe `{self.SCRIPT}` ended with {line['code']}: {line['error']}"
