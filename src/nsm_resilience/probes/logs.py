# SPDX-License-Identifier: Apache-2.0
"""The logs of all containers of the lane, copied as their nodes write them, with their gaps.

An event `log_gap` reports a gap in a container's log: between `since_ns` and `t_ns` (both the
runner's clock) so many `bytes` were written and not read (null: an unknown number), and `why`. Its
target is `<pod>/<container>`, or empty when it is about every log of that node. Events `log` mark
the begin (`what`: `started`) and the end (`ended`) of following a node's logs: without `ended` the
gaps are not known.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from nsm_resilience.agent.client import Agent, Clock
from nsm_resilience.record.writer import RecordWriter

SCRIPT = "follow"


@dataclass
class LogProbe:
    """The logs of one node, and its wall clock, which stamps them."""

    role: str
    agent: Agent
    clock: Clock
    writer: RecordWriter
    problem: str | None = None
    _heard_ns: int = field(default_factory=time.monotonic_ns)
    """When the last line came."""
    _dropped: int = 0

    def start(self, namespace: str) -> None:
        """Begin to follow every log file of the namespace's new pods."""
        self.agent.start(SCRIPT, SCRIPT, {"namespace": namespace})
        self._heard_ns, self._dropped = time.monotonic_ns(), self.agent.dropped
        self.writer.event("log", node=self.role, data={"what": "started"})

    def on_line(self, line: dict[str, Any]) -> None:
        """Take in one line of the script."""
        kind = line["kind"]
        if self.agent.dropped > self._dropped:
            self._lost(f"the agent had to drop {self.agent.dropped - self._dropped} lines")
            self._dropped = self.agent.dropped
        if kind == "log":
            content = line["data"].encode(errors="replace")
            self.writer.log(self.agent.node, line["pod"], line["container"], content)
        elif kind == "gap":
            log, why = f"{line['pod']}/{line['container']}", line["why"]
            since_ns = self.clock.to_runner(line["since_ns"])
            self._event("log_gap", line, log, since_ns=since_ns, bytes=line["bytes"], why=why)
            self.problem = f"log of {log}: {why}"
        elif kind == "clock":
            before = line["before"]
            self._event(
                "clock", line, wall_ns=line["wall_ns"], wall_error_ns=line["error_ns"],
                slept_ns=line["slept_ns"],
                before=before and [self.clock.to_runner(before[0]), *before[1:]],
            )  # fmt: skip
        elif kind == "ended":
            self._event("log", line, what="ended", bytes=line["bytes"])
        elif kind == "garbled":
            self._lost("a line of the log probe was garbled")
        elif kind == "exited" and line["code"] != 0:
            self._lost(f"the log probe ended with {line['code']}: {line['error']}")
        self._heard_ns = time.monotonic_ns()

    def _event(self, kind: str, line: dict[str, Any], log: str | None = None, **data: Any) -> None:
        self.writer.event(
            kind, source="agent", node=self.role, target=log,
            t_ns=self.clock.to_runner(line["t_ns"]), data=data,
        )  # fmt: skip

    def _lost(self, why: str) -> None:
        """Record a gap in an unknown log of this node."""
        self.problem = why
        data = {"since_ns": self._heard_ns, "bytes": None, "why": why}
        self.writer.event("log_gap", node=self.role, data=data)
