# SPDX-License-Identifier: Apache-2.0
"""Names that are no UTF-8, of whatever others have on a node, end no probe and reach no record."""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

NODE = Path(__file__).parents[3] / "src" / "nsm_resilience" / "agent" / "node"
ODD = b"odd \xff\xfe) (R 1\n\xe2\x82"
"""No UTF-8, and what a naive reader of /proc/<pid>/stat takes for the end of the name."""
PR_SET_NAME = 15


def wait_for(what: Any) -> None:
    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def odd_program(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose program, command line and name are no UTF-8."""
    program = os.fsencode(tmp_path) + b"/" + ODD.replace(b"\n", b"")
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    child = subprocess.Popen([b"\xff argv0", b"60"], executable=program)
    exe = f"/proc/{child.pid}/exe".encode()
    wait_for(lambda: os.readlink(exe) == program)
    yield child
    child.kill()
    child.wait()


@pytest.fixture
def odd_thread() -> Iterator[None]:
    """This process itself has such a name meanwhile, as any process can give itself one."""
    libc = ctypes.CDLL(None)
    before = Path("/proc/self/comm").read_bytes().strip()
    libc.prctl(PR_SET_NAME, ODD, 0, 0, 0)
    yield
    libc.prctl(PR_SET_NAME, before, 0, 0, 0)


def test_the_state_of_a_process_with_an_odd_name_is_read(odd_thread: None) -> None:
    import processes

    stat = processes.stat_of(os.getpid())
    assert stat is not None and stat[0] in "RS"
    plain = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    assert stat[1] == int(plain[19])


def test_its_program_is_a_text_that_utf_8_can_hold(
    odd_program: subprocess.Popen[bytes],
) -> None:
    import processes

    name = processes.program_of(odd_program.pid)
    assert name == r"odd \xff\xfe) (R 1\xe2\x82"


def test_a_zombie_with_an_odd_name_has_one_too(odd_program: subprocess.Popen[bytes]) -> None:
    import processes

    odd_program.send_signal(signal.SIGKILL)
    wait_for(lambda: (processes.stat_of(odd_program.pid) or "?")[0] == "Z")
    name = processes.program_of(odd_program.pid)
    assert name is not None and name.encode("utf-8")
    found = processes.Finder([name])
    assert found.find()[name] == []  # it runs in no pod


def test_a_process_that_ends_while_it_is_read_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    import foreign
    import processes

    for error in (ProcessLookupError(), FileNotFoundError(), PermissionError()):

        def fails(_path: str, error: OSError = error) -> bytes:
            raise error

        monkeypatch.setattr(foreign, "read", fails)
        assert processes.stat_of(1) is None
        assert processes.cgroups_of(1) == ""
    for content in (b"", b"1", b"1 (x) S 1"):
        monkeypatch.setattr(foreign, "read", lambda _path, content=content: content)
        assert processes.stat_of(1) is None


def test_the_component_probe_goes_on_beside_odd_names(
    odd_program: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """The script itself, on this machine: it samples beat after beat and says why it ended."""
    order = {"programs": {"nsmd": "no-such-program"}, "sockets": {}, "interval_ns": 20_000_000}
    script = subprocess.Popen(
        [sys.executable, "-u", NODE / "watch.py", json.dumps(order)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert script.stdout is not None
    for _ in range(6):
        line = script.stdout.readline()
        assert json.loads(line)["kind"] in ("components", "sockets"), line
    script.terminate()
    _, problem = script.communicate(timeout=10)
    assert script.returncode == 0, problem.decode()


def test_a_fault_finds_its_process_beside_odd_names(
    odd_program: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    import inject
    import processes

    other = subprocess.Popen(["sleep", "60"])
    try:
        monkeypatch.setattr(processes, "in_any_pod", lambda pid: pid == other.pid)
        wait_for(lambda: processes.program_of(other.pid) in ("sleep", "coreutils"))
        program = str(processes.program_of(other.pid))
        fault = inject.Process({"id": "f", "method": "kill", "program": program})
        assert fault.before is not None and fault.before["pid"] == other.pid
    finally:
        other.kill()
        other.wait()


def test_sockets_with_odd_names_are_sampled_and_told_apart(
    node_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import lines
    import watch

    folder = os.fsencode(node_root) + b"/nsm-\xff"
    os.mkdir(folder)
    served = []
    for name in (b"a\xfe.sock", b"a\xff.sock"):
        served.append(socket.socket(socket.AF_UNIX))
        served[-1].bind(folder + b"/" + name)
        served[-1].listen(8)
    rows = watch.socket_rows({"s": "/nsm-*/*.sock"})
    for one in served:
        one.close()
    lines.emit("sockets", rows=rows)
    told = json.loads(capsys.readouterr().out)["rows"]
    assert [row[1] for row in told] == [r"/nsm-\xff/a\xfe.sock", r"/nsm-\xff/a\xff.sock"]
    assert [row[3:] for row in told] == [["socket", True], ["socket", True]]


def test_damage_to_a_socket_with_an_odd_name_is_proved_and_mended(
    node_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import inject

    path = os.fsencode(node_root) + b"/odd-\xff.sock"
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(path)
        served.listen(8)
        inode = os.stat(path).st_ino
        fault = inject.arm(
            {"id": "f", "kind": "sockets", "method": "replace", "sockets": {"s": "/odd-*.sock"}}
        )
        assert inject.inject(fault)
        inject.prove(fault, 0)
        inject.undo(fault)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["kind"] for line in told] == ["armed", "injected", "proof", "undone"]
    assert told[2]["proved"] and told[3]["ok"]
    assert os.stat(path).st_ino == inode
    json.dumps(told, ensure_ascii=False).encode()  # no lone surrogate


@pytest.mark.parametrize("odd", ["\udcff", "a\ud800", {"k\udcff": ["\udcfe"]}, ("x", "\udfff")])
def test_no_line_of_a_script_has_a_lone_surrogate(
    odd: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    import lines

    lines.emit("k", held=odd, emoji="\N{OCTOPUS}")
    told = json.loads(capsys.readouterr().out)
    assert told["emoji"] == "\N{OCTOPUS}"
    json.dumps(told, ensure_ascii=False).encode()


def test_what_a_tool_of_the_node_prints_may_be_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    import netns

    monkeypatch.setattr(netns, "enter_network", lambda _pid: None)
    monkeypatch.setattr(netns, "HOST_ROOT", "/")
    code, text, problem = netns.run_on_node(["sh", "-c", r"printf 'a\377b'; printf '\376' >&2"])
    assert (code, text, problem) == (0, "a\N{REPLACEMENT CHARACTER}b", "\N{REPLACEMENT CHARACTER}")


def test_the_agents_answers_hold_what_a_script_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    import agent

    monkeypatch.setattr(
        agent, "command", lambda *_: ["sh", "-c", r"printf '\377' >&2; printf '\376\n'; exit 1"]
    )
    keeper = agent.Agent()
    keeper.start("follow", "follow", {})
    wait_for(lambda: any(line[2]["kind"] == "exited" for line in keeper.pull(0)[0]))
    garbled, exited = (line for _, _, line in keeper.pull(0)[0])
    assert garbled["kind"] == "garbled" and exited["code"] == 1
    json.dumps([garbled, exited], ensure_ascii=False).encode()
