# SPDX-License-Identifier: Apache-2.0
"""The watchdog asks as a client would, of a real gRPC server."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SERVER = Path(__file__).with_name("nsm_server.py")
Start = Callable[[str], tuple[str, Any]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def make(temper: str) -> tuple[str, Any]:
        path = str(tmp_path / "s.sock")
        command = [sys.executable, str(SERVER), path, temper]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(server)
        assert server.stdout is not None and server.stdout.readline() == "ready\n"
        return path, server

    yield make
    for server in running:
        server.kill()
        server.communicate()


def channel(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(5)
    made.connect(path)
    return made


def test_a_connection_is_asked_for_with_the_clients_own_wish(start: Start) -> None:
    import protobuf
    import request

    path, server = start("grant")
    wish = request.Wish("icmp-responder-1", {"app": "icmp"}, "nsm0", 4026535630)
    with channel(path) as made:
        assert request.ask(made, wish) == "8"
    kind, _, sent = server.stdout.readline().partition(" ")
    message = bytes.fromhex(sent)
    (connection,) = protobuf.messages(message, 1)
    (mechanism,) = protobuf.messages(message, 2)
    parameters = {protobuf.text(e, 1): protobuf.text(e, 2) for e in protobuf.messages(mechanism, 3)}
    assert kind == "request"
    assert protobuf.text(connection, 1) == "", "a new connection, not the life of an old one"
    assert protobuf.text(connection, 2) == "icmp-responder-1"
    assert (protobuf.text(mechanism, 1), protobuf.text(mechanism, 2)) == (
        "LOCAL", "KERNEL_INTERFACE",
    )  # fmt: skip
    assert parameters["netnsInode"] == "4026535630" and parameters["name"] == "nsm0"


def test_connections_are_shown_and_closed_by_their_id(start: Start) -> None:
    import request

    path, server = start("grant")
    with channel(path) as made:
        found = request.connections(made)
    assert [request.summary(one) for one in found] == ["7 up"]
    with channel(path) as made:
        request.close(made, "7")
    assert server.stdout.readline() == "close 0a0137\n"


def test_a_refusal_is_told_as_such(start: Start) -> None:
    import request

    path, _ = start("refuse")
    wish = request.Wish("icmp", {}, "nsm0", 1)
    with channel(path) as made, pytest.raises(request.Refused, match="Request: "):
        request.ask(made, wish)
    with channel(path) as made, pytest.raises(request.Refused, match="Close: "):
        request.close(made, "7")


def test_who_does_not_answer_in_time_has_refused(tmp_path: Path) -> None:
    import request

    path = str(tmp_path / "silent.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.bind(path)
        silent.listen()
        with channel(path) as made, pytest.raises(request.Refused):
            made.settimeout(0.2)
            request.connections(made)
