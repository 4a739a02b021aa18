# SPDX-License-Identifier: Apache-2.0
"""A made-up probe from the agent's script to the table of a record; prints what took it.

Run with a copy of the sources to which it was added (`tests/builders/sources.py`). The agent is the
real one, on this machine; the phases that start and stop probes have stand-ins around them.
"""

from __future__ import annotations

import sys
import time
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

from nsm_resilience.probes.kinds import NODE_PROBES
from nsm_resilience.record.reader import read_record
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Factors, Probes
from nsm_resilience.trial import phases

META: dict[str, Any] = {
    "format": 1, "trial": "S1-kernel-monitored-none/01", "cell": "S1-kernel-monitored-none",
    "attempt": 1, "scenario": {}, "factors": {}, "windows": {}, "probes": {}, "cluster": {},
}  # fmt: skip
ENOUGH = 3
"""Samples."""
WAIT_S = 20.0


def main() -> None:
    """From the node to a table, and as a trial starts and stops it."""
    sys.path.insert(0, str(resources.files("nsm_resilience.agent") / "node"))
    from agent import Agent  # type: ignore[import-not-found]

    kind = next(kind for kind in NODE_PROBES if kind.SCRIPT == "pressure")
    node = Agent()
    clock = SimpleNamespace(to_runner=lambda t_ns: t_ns)
    with TemporaryDirectory() as folder:
        writer = RecordWriter(Path(folder) / "record", META)
        given: Any = (node, clock, writer, Factors(), None)
        probe = kind("client", *given)
        probe.start(Probes())
        lines: list[Any] = []
        until = time.monotonic() + WAIT_S
        while len(lines) < ENOUGH and time.monotonic() < until:
            time.sleep(0.05)
            lines = node.pull(0)[0]
        node.stop([kind.SCRIPT])
        lines = node.pull(0)[0]
        for _, name, line in lines:
            assert name == kind.SCRIPT
            probe.on_line(line)
        assert probe.problem is None, probe.problem
        writer.close()
        table = read_record(Path(folder) / "record").table(kind.SCRIPT)
        assert len(table) >= ENOUGH and set(table["node"]) == {"client"}
    print("sampled")
    probe.on_line({"kind": "exited", "code": 1, "error": "boom"})
    assert probe.problem == f"the probe `{kind.SCRIPT}` ended with 1: boom"
    print("warned")
    setting = MagicMock(handlers={}, agents={})
    setting.windows.steady_s = 0.0
    setting.cluster.pods.return_value = []
    begun = MagicMock(role="client", SCRIPT=kind.SCRIPT)
    phases.steady(setting, MagicMock(unanswered=0, problem=None), [begun])
    begun.start.assert_called_once_with(setting.study.probes)
    assert setting.handlers == {("client", kind.SCRIPT): begun.on_line}
    print("started")
    agent = MagicMock()
    setting = MagicMock(agents={"client": agent}, events_before=set())
    setting.cluster.find.return_value = []
    setting.cluster.identity.return_value = setting.cluster_id
    phases.collect(setting)
    assert any(kind.SCRIPT in call.args for call in agent.stop.call_args_list)
    print("stopped")


if __name__ == "__main__":
    main()
