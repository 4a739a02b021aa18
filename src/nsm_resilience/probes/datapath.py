# SPDX-License-Identifier: Apache-2.0
"""The echoes of the established path and of a new client, on the runner's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nsm_resilience.agent.client import Agent, Clock
from nsm_resilience.mesh.system import INTERFACE
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Probes

if TYPE_CHECKING:
    from nsm_resilience.judge.outages import Interruption

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
    _fates: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Of every echo so far: number, due, sent, time to its reply (-1: lost)."""

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
            answered = sample["fate"] == "reply"
            self._fates.append(
                (sample["seq"], sample["due_ns"], sample["sent_ns"],
                 sample["rtt_ns"] if answered else -1)
            )  # fmt: skip
            if not answered:
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
        """Whether the path was interrupted, came back, and has stayed so for the settle time.

        What was gathered reply by reply is confirmed by the judge's own rule over all echoes: to it
        replies that come late and all at once are an interruption as well, and a watch that ends
        before it agrees leaves the trial without a verdict. Where it does not agree, its own
        last interruption is the one to settle from.
        """
        if not self._quiet_for(settle_ns):
            return False
        found = self._interruptions()
        self.interrupted = bool(found)
        self.recovered_ns = found[-1].end_ns if found else None
        return self._quiet_for(settle_ns)

    def _quiet_for(self, settle_ns: int) -> bool:
        if not self.interrupted or self.recovered_ns is None or self.last_reply_ns is None:
            return False
        return self.last_reply_ns - self.recovered_ns >= settle_ns

    def _interruptions(self) -> list[Interruption]:
        """Interruptions until the last reply that were not over when the watch began.

        An echo whose fate is not known yet counts as lost, sent when it was its turn.
        """
        import numpy as np

        from nsm_resilience.judge.outages import Echoes, find_stretches

        known, *times = np.array(sorted(self._fates), dtype=np.int64).T
        seq = np.arange(known[0], known[-1] + 1)
        due, sent = (np.interp(seq, known, of - times[0][0]).astype(np.int64) for of in times[:2])
        rtt = np.full(len(seq), -1, dtype=np.int64)
        rtt[known - known[0]] = times[2]
        due, sent = due + times[0][0], sent + times[0][0]  # small numbers: floats have 53 bits
        found = find_stretches(
            Echoes(seq, due, sent, rtt >= 0, sent + rtt),
            int(sent[0]),
            self.last_reply_ns or 0,
            interruption_s=self.interruption_ns / 1e9,
            interval_s=self.probes.echo_interval_s,
        )
        return [one for one in found.interruptions if one.end_ns > (self._watching_since or 0)]

    def answers(self, t_ns: int) -> bool:
        """Whether a reply came within the echo's deadline before an instant."""
        deadline_ns = int(self.probes.echo_deadline_s * 1e9)
        return self.last_reply_ns is not None and t_ns - self.last_reply_ns <= deadline_ns
