# SPDX-License-Identifier: Apache-2.0
"""The echoes of the established path and of a new client, on the runner's clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from nsm_resilience.agent.client import Agent, Clock
from nsm_resilience.probes.fates import Fates
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Probes
from nsm_resilience.systems.base import System

SCRIPT = "echo"


@dataclass
class PathProbe:
    """One echo prober. `table` is the table of its samples: `path` or `new`."""

    table: str
    agent: Agent
    clock: Clock
    writer: RecordWriter
    probes: Probes
    fates: Fates
    system: System
    node: str = "client"
    script_name: str = "path"
    client: str | None = None
    """Id of a new client, which its samples hold."""
    first_reply_ns: int | None = None
    last_reply_ns: int | None = None
    sent: int = 0
    unanswered: int = 0
    ended: str | None = None
    problem: str | None = None
    priority: str = ""

    def start(self, pod_uid: str, *, max_s: float, until_replies: int | None = None) -> None:
        """Begin to probe as soon as the pod has a process.

        It ends by itself after `max_s`, in case nobody stops it (a killed runner).
        """
        now_node = self.clock.to_node(time.monotonic_ns())
        self.agent.start(
            self.script_name,
            SCRIPT,
            {
                "pod_uid": pod_uid,
                "interface": self.system.client_interface,
                "peer": self.system.peer,
                "interval_ns": int(self.probes.echo_interval_s * 1e9),
                "deadline_ns": int(self.probes.echo_deadline_s * 1e9),
                "give_up_ns": now_node + int(max_s * 1e9),
                "until_replies": until_replies,
            },
        )

    def on_line(self, line: dict[str, Any]) -> None:
        """Take in one line of the script."""
        kind = line["kind"]
        if kind == "echoes":
            self._echoes(line["rows"])
        elif kind in ("address", "interface_lost"):
            data = {k: v for k, v in line.items() if k not in ("kind", "t_ns")}
            self.writer.event(
                kind, source="agent", node=self.node, target=self.table,
                t_ns=self.clock.to_runner(line["t_ns"]), data=data,
            )  # fmt: skip
        elif kind == "started":
            self.priority = line["priority"]
        elif kind == "ended":
            self.ended = line["because"]
        elif kind == "exited" and line["code"] != 0:
            self.problem = f"the prober ended with code {line['code']}: {line['error']}"

    def _echoes(self, rows: list[list[Any]]) -> None:
        to_runner = self.clock.to_runner
        named = {} if self.client is None else {"client": self.client}
        samples: list[dict[str, Any]] = [
            {
                "seq": seq, "due_ns": to_runner(due), "sent_ns": to_runner(sent), "rtt_ns": rtt,
                "fate": fate, "error": error, **named,
            }
            for seq, due, sent, rtt, fate, error in rows
        ]  # fmt: skip
        self.writer.samples(self.table, samples)
        for sample in samples:
            self.sent += 1
            answered = sample["fate"] == "reply"
            self.fates.add(
                sample["seq"], sample["due_ns"], sample["sent_ns"],
                sample["rtt_ns"] if answered else None,
            )  # fmt: skip
            if not answered:
                self.unanswered += 1
                continue
            came_ns = sample["sent_ns"] + sample["rtt_ns"]
            if self.first_reply_ns is None:
                self.first_reply_ns = came_ns
            self.last_reply_ns = max(came_ns, self.last_reply_ns or came_ns)

    def settled(self) -> bool:
        """Whether the path was interrupted, recovered, and has settled, by the judge's own rule.

        The state is that of `last_reply_ns`; the watch ends at that instant, for the judge as well.
        """
        return self.last_reply_ns is not None and self.fates.settled(self.last_reply_ns)

    def healed(self) -> bool:
        """Whether the path was never interrupted in the watch, or has recovered and settled."""
        if self.last_reply_ns is None:
            return False
        return all(state.answers for state in self.fates.states(self.last_reply_ns))

    def interrupted(self) -> bool:
        """Whether the watch has an interruption, as known at the last reply."""
        return self.last_reply_ns is not None and bool(
            self.fates.states(self.last_reply_ns)[1].hits  # unknown echoes count as late, not lost
        )

    def answers(self, t_ns: int) -> bool:
        """Whether a reply came within the echo's deadline before an instant."""
        deadline_ns = int(self.probes.echo_deadline_s * 1e9)
        return self.last_reply_ns is not None and t_ns - self.last_reply_ns <= deadline_ns
