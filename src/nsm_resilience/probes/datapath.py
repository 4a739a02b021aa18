# SPDX-License-Identifier: Apache-2.0
"""The echoes of the established path and of a new client, on the runner's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nsm_resilience.agent.client import Agent, Clock
from nsm_resilience.mesh.system import INTERFACE
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Probes

SCRIPT = "echo"
MAX_S = 3600.0
"""A prober that nobody stops (a killed runner) ends by itself after this."""


@dataclass
class PathProbe:
    """One echo prober. `table` is where its samples go: `path` or `new`."""

    table: str
    agent: Agent
    clock: Clock
    writer: RecordWriter
    probes: Probes
    interruption_ns: int
    node: str = "client"
    script_name: str = "path"
    first_reply_ns: int | None = None
    last_reply_ns: int | None = None
    recovered_ns: int | None = None
    interrupted: bool = False
    sent: int = 0
    unanswered: int = 0
    ended: str | None = None
    problem: str | None = None
    priority: str = ""
    _watching_since: int | None = field(default=None)
    _last_seq: int = -1

    def start(self, pod_uid: str, until_replies: int | None = None, max_s: float = MAX_S) -> None:
        """Begin to probe as soon as the pod has a process."""
        measured = self.agent.clock(rounds=1)
        now_node = self.clock.to_node(measured.measured_at_ns)
        self.agent.start(
            self.script_name,
            SCRIPT,
            {
                "pod_uid": pod_uid,
                "interface": INTERFACE,
                "interval_ns": int(self.probes.echo_interval_s * 1e9),
                "deadline_ns": int(self.probes.echo_deadline_s * 1e9),
                "give_up_ns": now_node + int(max_s * 1e9),
                "until_replies": until_replies,
            },
        )

    def watch_from(self, t_ns: int) -> None:
        """From this instant on interruptions count (for ending the watch early)."""
        self._watching_since = t_ns
        self.interrupted = False
        self.recovered_ns = None

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
        samples = [
            {
                "seq": seq, "due_ns": to_runner(due), "sent_ns": to_runner(sent), "rtt_ns": rtt,
                "fate": fate, "error": error,
            }
            for seq, due, sent, rtt, fate, error in rows
        ]  # fmt: skip
        self.writer.samples(self.table, samples)
        for sample in samples:
            self.sent += 1
            if sample["fate"] != "reply":
                self.unanswered += 1
                continue
            self._reply(sample["seq"], sample["sent_ns"] + sample["rtt_ns"])

    def _reply(self, seq: int, t_ns: int) -> None:
        if self.first_reply_ns is None or self.last_reply_ns is None:
            self.first_reply_ns = self.last_reply_ns = t_ns
        elif self._watching_since is not None and t_ns > self._watching_since:
            # Only echoes without a reply make an interruption: a late prober is none.
            missing = seq - self._last_seq > 1
            if missing and t_ns - self.last_reply_ns > self.interruption_ns:
                self.interrupted, self.recovered_ns = True, t_ns
        self.last_reply_ns = max(t_ns, self.last_reply_ns)
        self._last_seq = max(seq, self._last_seq)

    def settled(self, settle_ns: int) -> bool:
        """Whether the path was interrupted, came back, and has stayed so for the settle time."""
        if not self.interrupted or self.recovered_ns is None or self.last_reply_ns is None:
            return False
        return self.last_reply_ns - self.recovered_ns >= settle_ns

    def answers(self, t_ns: int) -> bool:
        """Whether a reply came within the echo's deadline before an instant."""
        deadline_ns = int(self.probes.echo_deadline_s * 1e9)
        return self.last_reply_ns is not None and t_ns - self.last_reply_ns <= deadline_ns
