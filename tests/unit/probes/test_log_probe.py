# SPDX-License-Identifier: Apache-2.0
"""What the log probe's lines become in a record: logs, gaps, and what the wall clock did."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nsm_resilience.probes.logs import LogProbe


class Writer:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.content = b""

    def event(self, kind: str, **given: Any) -> None:
        self.events.append({"kind": kind, **given})

    def log(self, *_: str, content: bytes = b"") -> None:
        self.content += content


@pytest.fixture
def probe() -> LogProbe:
    agent: Any = SimpleNamespace(node="node-a", dropped=0, start=lambda *_: None)
    clock: Any = SimpleNamespace(to_runner=lambda t_ns: t_ns + 1000)
    writer: Any = Writer()
    writer.log = lambda node, pod, container, content: setattr(
        writer, "content", writer.content + content
    )
    probe = LogProbe("client", agent, clock, writer)
    probe.start("lane")
    return probe


def gaps(probe: LogProbe) -> list[dict[str, Any]]:
    events: Any = probe.writer
    return [e for e in events.events if e["kind"] == "log_gap"]


def test_a_log_is_written_and_a_gap_is_an_event_on_the_runners_clock(probe: LogProbe) -> None:
    probe.on_line({"kind": "log", "pod": "p", "container": "c", "data": "a\udcff\n"})
    probe.on_line({"kind": "gap", "t_ns": 5, "since_ns": 3, "pod": "p", "container": "c",
                   "bytes": 7, "why": "it was cut"})  # fmt: skip
    events: Any = probe.writer
    assert events.content == b"a?\n"
    (gap,) = gaps(probe)
    assert (gap["node"], gap["target"], gap["t_ns"]) == ("client", "p/c", 1005)
    assert gap["data"] == {"since_ns": 1003, "bytes": 7, "why": "it was cut"}
    assert probe.problem == "log of p/c: it was cut"


def test_a_probe_that_fails_leaves_a_gap_in_every_log_of_its_node(probe: LogProbe) -> None:
    probe.on_line({"kind": "exited", "code": 1, "error": "boom"})
    (gap,) = gaps(probe)
    assert gap.get("target") is None and "boom" in gap["data"]["why"]
    assert gap["data"]["bytes"] is None


def test_lines_that_the_agent_dropped_leave_a_gap(probe: LogProbe) -> None:
    probe.agent.dropped = 12
    ended = {"kind": "ended", "t_ns": 9, "because": "asked", "bytes": 0}
    probe.on_line(ended)
    probe.on_line(ended)
    (gap,) = gaps(probe)
    assert "12 lines" in gap["data"]["why"]


def test_a_probe_is_recorded_from_its_start_to_its_end(probe: LogProbe) -> None:
    probe.on_line({"kind": "ended", "t_ns": 9, "because": "asked to stop", "bytes": 4})
    probe.on_line({"kind": "exited", "code": 0, "error": ""})
    events: Any = probe.writer
    told = [e["data"]["what"] for e in events.events if e["kind"] == "log"]
    assert told == ["started", "ended"] and not gaps(probe) and probe.problem is None


def test_the_nodes_wall_clock_is_an_event_on_the_runners_clock(probe: LogProbe) -> None:
    probe.on_line({"kind": "clock", "t_ns": 5, "wall_ns": 99, "error_ns": 1, "slept_ns": 0,
                   "before": [4, 98, 2]})  # fmt: skip
    events: Any = probe.writer
    event = events.events[-1]
    assert (event["kind"], event["node"], event["t_ns"]) == ("clock", "client", 1005)
    assert event["data"] == {
        "wall_ns": 99, "wall_error_ns": 1, "slept_ns": 0, "before": [1004, 98, 2],
    }  # fmt: skip
