# SPDX-License-Identifier: Apache-2.0
"""Everything one attempt of a trial needs, put together in one place."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nsm_resilience.agent.client import Agent, Clock
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.probes.pods import PodWatch
from nsm_resilience.record.writer import RecordWriter, utc_now
from nsm_resilience.study.models import Scenario, Study
from nsm_resilience.study.schedule import ScheduledTrial
from nsm_resilience.testbed.api import Cluster
from nsm_resilience.testbed.base import Lane


class TrialVoid(Exception):
    """The trial could not be carried out; says nothing about the system under test."""


@dataclass
class Setting:
    """One attempt: what is run, where, with which clocks, and where it is written."""

    study: Study
    scheduled: ScheduledTrial
    attempt: int
    cluster: Cluster
    cluster_id: str
    lane: Lane
    mesh: Mesh
    agents: dict[str, Agent]
    clocks: dict[str, Clock]
    writer: RecordWriter
    pods: PodWatch
    say: Callable[[str], None]
    client_uid: str = ""
    outage: int = 1
    opened_wall: str = field(default_factory=utc_now)
    handlers: dict[tuple[str, str], Callable[[dict[str, Any]], None]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def scenario(self) -> Scenario:
        """The scenario of the trial."""
        return self.study.scenario(self.scheduled.cell.scenario)

    def name_of(self, snapshot: str) -> str:
        """Name of a snapshot; those of a second outage are numbered."""
        return snapshot if self.outage == 1 else f"{snapshot}-{self.outage}"

    def pump(self) -> None:
        """Pull what the agents wrote and hand it to the probes. Unreachable agents are left be."""
        from nsm_resilience.testbed.api import ApiUnavailable

        for role, agent in self.agents.items():
            try:
                items = agent.pull()
            except ApiUnavailable as error:
                self.problems.append(f"{role}: {error}")
                continue
            for name, line in items:
                handler = self.handlers.get((role, name))
                if handler is not None:
                    handler(line)

    def pump_until(self, t_ns: int, done: Callable[[], bool] = lambda: False) -> bool:
        """Pump every half second until an instant, or until `done`; whether it was done."""
        while True:
            self.pump()
            if done():
                return True
            left = t_ns - time.monotonic_ns()
            if left <= 0:
                return False
            time.sleep(min(0.5, left / 1e9))
