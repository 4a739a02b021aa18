# SPDX-License-Identifier: Apache-2.0
"""NSM's notifications to a client that listens: the monitor stream of the client's workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nsm_resilience.agent.client import Agent, Clock
from nsm_resilience.record.events import MONITOR_STREAM
from nsm_resilience.record.writer import RecordWriter

SCRIPT = "listen"


@dataclass
class NotificationProbe:
    """A listener of our own on the workspace of the established client.

    It runs for every kind of client, so that a trial of a plain client also shows the notifications
    that a listening client would have had.
    """

    agent: Agent
    clock: Clock
    writer: RecordWriter
    listening: Mapping[str, Any]
    """How to listen as a client of the system under test does (systems/base.py)."""
    pod: str = ""
    problem: str | None = None

    def start(self, pod: str, pod_uid: str) -> None:
        """Begin to listen on the pod's socket of NSM, if the system has a stream."""
        self.pod = pod
        if self.listening:
            self.agent.start(SCRIPT, SCRIPT, {"pod_uid": pod_uid, **self.listening})

    def on_line(self, line: dict[str, Any]) -> None:
        """Take in one line of the script: an event of the record with the line's kind as `what`."""
        kind = line["kind"]
        if kind == "exited":
            if line["code"] != 0:
                self.problem = f"the listener ended with code {line['code']}: {line['error']}"
            return
        if "t_ns" not in line:
            return
        told = {k: v for k, v in line.items() if k not in ("kind", "t_ns")}
        self.writer.event(
            "notification", source="agent", node="client", target=self.pod,
            t_ns=self.clock.to_runner(line["t_ns"]),
            data={"channel": MONITOR_STREAM, "what": kind, **told},
        )  # fmt: skip
