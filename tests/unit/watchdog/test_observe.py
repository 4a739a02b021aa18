# SPDX-License-Identifier: Apache-2.0
"""A look at a socket finds how it fails its contract, and nothing when it does not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from paused import paused

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="the watchdog runs on Linux nodes"
)
SERVER = Path(__file__).with_name("nsm_server.py")
PATH = "/s.sock"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import observe
    import sockets

    for module in (observe, sockets):
        monkeypatch.setattr(module, "HOST_ROOT", str(tmp_path))
    # a busy machine is no silent server; only one that cannot greet is waited for in vain
    monkeypatch.setattr(observe, "GREETING_S", 60.0)
    return tmp_path


@pytest.fixture
def server(root: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(SERVER), f"{root}{PATH}", "grant"]
    made = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert made.stdout is not None and made.stdout.readline() == "ready\n"
    yield made
    made.kill()
    made.communicate()


def look(program: str = "") -> str:
    import observe

    return observe.look_at_socket(PATH, program)


def test_a_server_that_greets_is_well(server: subprocess.Popen[str]) -> None:
    assert look() == ""
    assert look(os.path.basename(os.path.realpath(sys.executable))) == ""


def test_a_server_that_is_stopped_is_hung(
    server: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import observe

    with paused(server), monkeypatch.context() as patience:
        patience.setattr(observe, "GREETING_S", 0.2)
        assert look().startswith("hung: no greeting")
    assert look() == ""


def test_somebody_else_behind_the_socket_is_no_answer(server: subprocess.Popen[str]) -> None:
    assert "is behind it instead of nsmd" in look("nsmd")


def test_a_socket_that_is_gone_a_file_or_abandoned_is_lost(root: Path) -> None:
    assert look() == "lost: it is gone"
    (root / "s.sock").write_text("")
    assert look() == "lost: an ordinary file is in its place"
    (root / "s.sock").unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.bind(f"{root}{PATH}")
        made.listen()
    assert look() == "lost: Connection refused"


def test_open_connections_are_counted_in_the_callers_network(root: Path) -> None:
    import observe

    path = f"{root}{PATH}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(path)
        listening.listen()
        assert observe.connected_to(os.getpid(), path) == 0
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.connect(path)
            with listening.accept()[0]:
                assert observe.connected_to(os.getpid(), path) == 1
    assert observe.connected_to(os.getpid(), path) == 0


def test_a_socket_whose_name_is_no_utf_8_hides_no_other(tmp_path: Path) -> None:
    """Anybody's sockets stand in /proc/net/unix, beside those that are looked for."""
    import observe

    odd, ours = os.fsencode(tmp_path) + b"/\xff.sock", str(tmp_path / "ours.sock")
    for path in (odd, os.fsencode(ours)):
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as caller:
            server.bind(path)
            server.listen(1)
            caller.connect(path)
            with server.accept()[0]:
                assert observe.connected_to(os.getpid(), os.fsdecode(path)) == 1
                assert observe.connected_to(os.getpid(), ours + "x") == 0
