# SPDX-License-Identifier: Apache-2.0
"""Findings and acts of a trial's watchdog, copied from its journals into the record."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nsm_resilience.agent.client import Clock
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.testbed.api import ApiUnavailable
from nsm_resilience.watchdog.deploy import Watchdog

PULL_S = 1.0
LOOK_FOR_S = 10.0
"""How long a watchdog may be silent before its pod is looked up again."""


@dataclass
class WatchdogProbe:
    """Pulls the journals of the watchdog's two pods; a replaced pod is looked up again.

    The journal's instants are of the node's monotonic clock, which the agent's clock describes.
    """

    watchdog: Watchdog
    clocks: Mapping[str, Clock]
    writer: RecordWriter
    problem: str | None = None
    _pods: dict[str, str] = field(default_factory=dict)
    _next: dict[str, tuple[str, int]] = field(default_factory=dict)
    _heard_s: dict[str, float] = field(default_factory=dict)
    _pulled_s: float = 0.0

    def start(self) -> None:
        """Install the watchdog and take in its first entries."""
        self.watchdog.install()
        self.pull(force=True)

    def pull(self, *, force: bool = False) -> None:
        """Take in new entries, at most once a second unless forced; no entry is lost in between."""
        now_s = time.monotonic()
        if now_s - self._pulled_s < PULL_S and not force:
            return
        self._pulled_s = now_s
        if len(self._pods) < len(self.clocks):
            self._find()  # at first, and if one was not ready at the last search
        for role, pod in list(self._pods.items()):
            journal, since = self._next.get(role, ("", 0))
            try:
                answer = self.watchdog.journal(pod, since)
                if answer["id"] != journal and since:  # another process: from its beginning
                    answer = self.watchdog.journal(pod, 0)
            except ApiUnavailable as error:
                self._missed(role, now_s, str(error))
                continue
            self._heard_s[role] = now_s
            self._next[role] = (answer["id"], int(answer["next"]))
            for entry in answer["entries"]:
                self._record(role, entry)

    def stop(self) -> None:
        """Take in the last entries, and record the end for each node that was heard."""
        self.pull(force=True)
        for role in self._pods:
            if time.monotonic() - self._heard_s.get(role, 0.0) < LOOK_FOR_S:
                self.writer.event("watchdog", node=role, data={"what": "ended"})
            else:
                self.problem = f"the watchdog on the {role}'s node was not heard at the end"

    def _missed(self, role: str, now_s: float, problem: str) -> None:
        if now_s - self._heard_s.get(role, now_s) > LOOK_FOR_S:
            self.problem = f"{role}: {problem}"
            self._find()

    def _find(self) -> None:
        try:
            self._pods |= self.watchdog.pods()
        except ApiUnavailable as error:
            self.problem = str(error)
        for role in self._pods:
            self._heard_s.setdefault(role, time.monotonic())

    def _record(self, role: str, entry: dict[str, Any]) -> None:
        data = {k: v for k, v in entry.items() if k not in ("t_ns", "wall_ns", "node", "subject")}
        self.writer.event(
            "watchdog",
            source="watchdog",
            node=role,
            target=entry["subject"] or None,
            t_ns=self.clocks[role].to_runner(entry["t_ns"]),
            data=data,
        )
