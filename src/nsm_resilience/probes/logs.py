# SPDX-License-Identifier: Apache-2.0
"""The logs of all containers of the lane, copied as their nodes write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nsm_resilience.agent.client import Agent
from nsm_resilience.record.writer import RecordWriter

SCRIPT = "follow"


@dataclass
class LogProbe:
    """The logs of one node."""

    node: str
    agent: Agent
    writer: RecordWriter
    problem: str | None = None

    def start(self, namespace: str) -> None:
        """Begin to follow every log file of the namespace's pods."""
        self.agent.start(SCRIPT, SCRIPT, {"namespace": namespace})

    def on_line(self, line: dict[str, Any]) -> None:
        """Take in one line of the script."""
        if line["kind"] == "log":
            self.writer.log(
                self.node, line["pod"], line["container"], line["data"].encode(errors="replace")
            )
        elif line["kind"] == "exited" and line["code"] != 0:
            self.problem = f"the log probe ended with {line['code']}: {line['error']}"
