# SPDX-License-Identifier: Apache-2.0
"""The objects that one attempt of a trial needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nsm_resilience.agent.client import Agent, AgentError, Clock
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.probes.logs import LogProbe
from nsm_resilience.probes.pods import PodWatch
from nsm_resilience.probes.watchdog import WatchdogProbe
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Scenario, Study
from nsm_resilience.study.schedule import ScheduledTrial
from nsm_resilience.study.windows import Windows
from nsm_resilience.testbed.api import API_FAULTS, ApiUnavailable, Cluster, wait_for
from nsm_resilience.testbed.base import Lane

SLOW_NS = 2_000_000_000
"""An answer of the API server that takes longer counts as an absence of the server; nanoseconds.

On a busy machine an answer may take some time, which must not count when a pull failed for another
reason. An absence that goes unnoticed is at most this long plus PULL_S, together API_LOSS_S.
"""


class TrialVoid(Exception):
    """The trial could not be carried out; that says nothing about the system under test."""


@dataclass
class Setting:
    """One attempt: its trial, lane, agents with their clocks, probes and record."""

    study: Study
    scheduled: ScheduledTrial
    cluster: Cluster
    cluster_id: str
    lane: Lane
    mesh: Mesh
    agents: dict[str, Agent]
    clocks: dict[str, Clock]
    writer: RecordWriter
    pods: PodWatch
    say: Callable[[str], None]
    remedy: WatchdogProbe | None = None
    outage: int = 1
    events_before: set[tuple[str, str]] = field(default_factory=set)
    """Kubernetes events (uid and version) that were in the namespace before."""
    handlers: dict[tuple[str, str], Callable[[dict[str, Any]], None]] = field(default_factory=dict)
    logs: list[LogProbe] = field(default_factory=list)
    problems: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By role, how many pulls failed, with the error of the last one."""
    api_away_s: float = 0.0
    _api_lost_ns: int | None = None

    @property
    def scenario(self) -> Scenario:
        """The scenario of the trial."""
        return self.study.scenario(self.scheduled.cell.scenario)

    @property
    def windows(self) -> Windows:
        """Lengths of the trial's phases."""
        return self.study.windows_of(self.scheduled.cell)

    def name_of(self, snapshot: str) -> str:
        """Name of a snapshot; those of a second outage are numbered."""
        return snapshot if self.outage == 1 else f"{snapshot}-{self.outage}"

    def pump(self) -> None:
        """Pull the agents' lines and pass them to the probes. Unreachable agents are skipped.

        TrialVoid when an agent was replaced during the trial, or the API server refuses the login.
        """
        for role, agent in self.agents.items():
            began_ns = time.monotonic_ns()
            try:
                items = agent.pull()
            except ApiUnavailable as error:
                self.problems[role] = (self.problems.get(role, (0, ""))[0] + 1, str(error))
                self._ask_api(began_ns)
                continue
            except (AgentError, *API_FAULTS) as error:
                raise TrialVoid(str(error)) from error
            if self._api_lost_ns is not None:
                self._ask_api(began_ns)
            for name, line in items:
                handler = self.handlers.get((role, name))
                if handler is not None:
                    handler(line)
        if self.remedy is not None:
            self.remedy.pull()

    def wait_for_api(self, timeout_s: float) -> None:
        """Wait until the API server answers; ApiUnavailable when it does not in time."""
        asked_ns = time.monotonic_ns()
        wait_for("an answer of the API server", self.cluster.identity, timeout_s)
        self._api_answered(asked_ns, asked_ns)

    def _ask_api(self, since_ns: int) -> None:
        """Measure how long the API server itself was away, apart from agents.

        `since_ns` is the begin of the pull that failed.
        """
        asked_ns = time.monotonic_ns()
        try:
            self.cluster.identity()
        except API_FAULTS:
            if self._api_lost_ns is None:
                self._api_lost_ns = since_ns
            return
        self._api_answered(asked_ns, since_ns)

    def _api_answered(self, asked_ns: int, since_ns: int) -> None:
        """Add an absence that is over: one that was seen, or that a slow answer shows."""
        now_ns = time.monotonic_ns()
        if self._api_lost_ns is None and now_ns - asked_ns > SLOW_NS:
            self._api_lost_ns = since_ns
        if self._api_lost_ns is not None:
            self.api_away_s += (now_ns - self._api_lost_ns) / 1e9
            self._api_lost_ns = None

    def pump_until(self, t_ns: int, done: Callable[[], bool] = lambda: False) -> bool:
        """Pump every half second until an instant, or until `done`; returns whether it was done."""
        while True:
            self.pump()
            if done():
                return True
            left = t_ns - time.monotonic_ns()
            if left <= 0:
                return False
            time.sleep(min(0.5, left / 1e9))
