# SPDX-License-Identifier: Apache-2.0
"""A whole node is stopped and continued; who was stopped is known to whoever comes later."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
Children = list[subprocess.Popen[bytes]]


@pytest.fixture
def node(node_root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Children]:
    """A node that consists of three processes."""
    import pause
    import processes

    children = [subprocess.Popen(["sleep", "60"]) for _ in range(3)]

    def candidates() -> list[tuple[int, int, str]]:
        found = []
        for child in children:
            stat = processes.stat_of(child.pid)
            if stat is not None and stat[0] not in "ZX":
                found.append((child.pid, stat[1], stat[0]))
        return found

    monkeypatch.setattr(pause, "candidates", candidates)
    yield children
    for child in children:
        child.kill()
        child.wait()


def state_of(child: subprocess.Popen[bytes]) -> str:
    import processes

    stat = processes.stat_of(child.pid)
    assert stat is not None
    return stat[0]


def test_a_pause_is_proved_when_everything_is_stopped_and_undone(node: Children) -> None:
    import pause

    fault = pause.Node({"id": "f", "method": "pause"})
    assert not fault.prove(0)[0]
    fault.inject()
    proved, (check,) = fault.prove(2**63)
    assert proved and check["after"] == {"stopped": 3, "running": []}
    undone, _ = fault.undo()
    assert undone
    assert {state_of(child) for child in node} == {"S"}


def test_one_that_is_not_stopped_makes_it_no_pause(
    node: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pause
    import stopped

    fault = pause.Node({"id": "f", "method": "pause"})
    tough, send = node[1].pid, stopped.send
    monkeypatch.setattr(stopped, "send", lambda pid, n: None if pid == tough else send(pid, n))
    fault.inject()
    proved, (check,) = fault.prove(time.monotonic_ns() + 10**9)
    assert not proved
    assert len(check["after"]["running"]) == 1
    fault.undo()


def test_a_process_that_was_stopped_before_stays_stopped(node: Children) -> None:
    import pause

    node[0].send_signal(19)
    while state_of(node[0]) != "T":
        pass
    fault = pause.Node({"id": "f", "method": "pause"})
    fault.inject()
    fault.prove(2**63)
    fault.undo()
    assert [state_of(child) for child in node] == ["T", "S", "S"]


def test_what_a_killed_agent_left_stopped_is_found_and_continued(
    node: Children, node_root: Path
) -> None:
    import pause
    import stopped

    fault = pause.Node({"id": "f", "method": "pause"})
    fault.inject()
    fault.prove(2**63)
    del fault  # nobody undoes it
    assert sorted(stopped.left()) == sorted(child.pid for child in node)
    assert stopped.resume() == []
    assert stopped.left() == [] and not list((node_root / "safe").iterdir())
    assert {state_of(child) for child in node} == {"S"}


def test_neither_the_first_process_nor_a_thread_of_the_kernel_nor_our_own_is_stopped() -> None:
    import os

    import pause

    pids = [pid for pid, _, _ in pause.candidates()]
    assert 1 not in pids and os.getpid() not in pids
