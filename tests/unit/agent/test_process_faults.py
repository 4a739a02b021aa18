# SPDX-License-Identifier: Apache-2.0
"""A fault in a process proves itself by the process, and a stop is undone."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def victim(monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    import processes

    child = subprocess.Popen(["sleep", "60"])
    monkeypatch.setattr(processes, "in_any_pod", lambda pid: pid == child.pid)
    deadline = time.monotonic() + 5
    while processes.program_of(child.pid) not in ("sleep", "coreutils"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield child
    child.kill()
    child.wait()


def program_of(child: subprocess.Popen[bytes]) -> str:
    import processes

    return str(processes.program_of(child.pid))


def test_a_kill_is_proved_by_the_old_process_being_gone(victim: subprocess.Popen[bytes]) -> None:
    import inject

    fault = inject.Process({"id": "f", "method": "kill", "program": program_of(victim)})
    assert fault.before is not None and fault.before["pid"] == victim.pid
    assert not fault.prove(0)[0]
    fault.inject()
    victim.wait()
    proved, checks = fault.prove(0)
    assert proved
    assert [c["ok"] for c in checks] == [True, False]  # nothing restarted it


def test_a_stop_is_proved_by_the_state_and_undone(victim: subprocess.Popen[bytes]) -> None:
    import inject
    import processes

    fault = inject.Process({"id": "f", "method": "hang", "program": program_of(victim)})
    assert not fault.prove(0)[0]
    fault.inject()
    assert fault.prove(time.monotonic_ns() + 10**9)[0]
    assert fault.undo()[0]
    stat = processes.stat_of(victim.pid)
    assert stat is not None and stat[0] != "T"


def test_a_stop_whose_injector_was_killed_is_undone_by_whoever_comes(
    victim: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    import clean
    import inject
    import processes

    fault = inject.Process({"id": "f", "method": "hang", "program": program_of(victim)})
    fault.inject()
    assert fault.prove(time.monotonic_ns() + 10**9)[0]
    del fault
    monkeypatch.setattr(clean.rules, "remove", lambda: [])
    clean.undo_faults()
    stat = processes.stat_of(victim.pid)
    assert stat is not None and stat[0] != "T"


def test_a_component_that_does_not_run_cannot_be_hit(capsys: pytest.CaptureFixture[str]) -> None:
    import inject

    fault = inject.arm(
        {"id": "f", "kind": "process", "method": "kill", "program": "no-such-program"}
    )
    assert not inject.inject(fault)
    lines: list[dict[str, Any]] = [json.loads(x) for x in capsys.readouterr().out.splitlines()]
    assert lines[-1]["kind"] == "injected" and "no-such-program" in lines[-1]["error"]


def test_a_process_is_known_by_pid_and_start_time() -> None:
    import processes

    own = processes.stat_of(os.getpid())
    assert own is not None and own[0] == "R" and own[1] > 0
    assert processes.stat_of(2**22 + 1) is None
    assert not processes.in_pod(os.getpid(), "00000000-0000-0000-0000-000000000000")


def test_a_fault_that_nobody_comes_back_for_is_undone_when_it_expires(
    victim: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The runner was killed: no order to stop comes any more."""
    import inject
    import processes

    now_ns = time.monotonic_ns()
    order = {
        "at_ns": now_ns, "expires_ns": now_ns + 10**9, "prove_s": 0.5,
        "faults": [{"id": "f", "kind": "process", "method": "hang", "program": program_of(victim)}],
    }  # fmt: skip
    monkeypatch.setattr(inject, "order", lambda: order)
    for of_this_process in ("stop_on_term", "no_more_stops"):
        monkeypatch.setattr(inject, of_this_process, lambda: None)
    inject.main()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert next(line for line in lines if line["kind"] == "proof")["proved"]
    assert next(line for line in lines if line["kind"] == "undone")["ok"]
    assert time.monotonic_ns() >= order["expires_ns"]
    stat = processes.stat_of(victim.pid)
    assert stat is not None and stat[0] not in ("T", "t")
