# SPDX-License-Identifier: Apache-2.0
"""The notification probe hears what a real gRPC server says, and when there is none to hear."""

from __future__ import annotations

import base64
import json
import os
import queue
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paused import paused

from tests.unit.agent.listening import (
    DELETE,
    DOWN,
    INITIAL,
    UP,
    UPDATE,
    Process,
    event,
    field,
    heard,
)

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="the agent's scripts run on Linux nodes"
)
SERVER = Path(__file__).with_name("monitor_server.py")
UID = "0f9c6a2e-1111-2222-3333-444455556666"
DEVICE = "networkservicemesh.io/socket"
PATTERN = "/nsm/nsm-*/nsm.server.io.sock"
CHECKPOINT = "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint"


class Client:
    """A client's workspace on a node of the test, who serves it and who listens to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "nsm" / "nsm-4"
        self.folder.mkdir(parents=True)
        self.socket = self.folder / "nsm.server.io.sock"
        self.started: list[Process] = []
        write_checkpoint(root, {UID: ["/nsm/nsm-4"]})

    def serve(self, initial: bytes) -> Process:
        # From inside the folder: a unix address is short.
        server = self._start([str(SERVER), self.socket.name, initial.hex()], self.folder)
        assert server.line() == "ready"
        return server

    def listen(self) -> Process:
        import netns

        code = (
            f"import sys; sys.path.insert(0, {str(Path(netns.__file__).parent)!r}); import netns; "
            f"netns.HOST_ROOT = {str(self.root)!r}; import listen; "
            "listen.RETRY_S, listen.ANSWER_S = 0.1, 0.5; listen.main()"
        )
        order = {"pod_uid": UID, "resource": DEVICE, "socket": PATTERN}
        return self._start(["-c", code, json.dumps(order)], self.root)

    def _start(self, command: list[str], folder: Path) -> Process:
        process = Process(command, folder)
        self.started.append(process)
        return process


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    made = Client(tmp_path)
    yield made
    for process in made.started:
        process.end()


def write_checkpoint(root: Path, mounted: dict[str, list[str]]) -> None:
    """Kubelet's file: for each pod an answer to Allocate, with an environment and mounts."""
    entries = []
    for uid, folders in mounted.items():
        environment = field(1, field(1, "INSECURE") + field(2, "true"))
        mounts = [field(2, field(1, "/var/lib/nsm/") + field(2, f)) for f in folders]
        entries.append(
            {
                "PodUID": uid, "ContainerName": "nsm-init", "ResourceName": DEVICE,
                "DeviceIDs": {"-1": ["nsm-4"]},
                "AllocResp": base64.b64encode(environment + b"".join(mounts)).decode(),
            }
        )  # fmt: skip
    file = root / CHECKPOINT.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    data = {"PodDeviceEntries": entries, "RegisteredDevices": {DEVICE: ["nsm-4"]}}
    file.write_text(json.dumps({"Data": data, "Checksum": 1}))


def test_every_event_of_the_stream_is_heard_and_nothing_is_asked_for(client: Client) -> None:
    server = client.serve(event(INITIAL, ("1", UP)))
    listener = client.listen()
    assert heard(listener, "connected") == {"path": "/nsm/nsm-4/nsm.server.io.sock"}
    assert heard(listener, "event") == {"type": "INITIAL", "connections": [["1", "UP"]]}
    assert server.line() == "asked"  # with an empty message
    for sent, type_, state in ((UPDATE, "UPDATE", DOWN), (DELETE, "DELETE", UP)):
        server.order(event(sent, ("1", state)).hex())
        shown = [["1", "DOWN" if state else "UP"]]
        assert heard(listener, "event") == {"type": type_, "connections": shown}
    listener.end(signal.SIGTERM)
    assert heard(listener, "ended") == {"because": "asked to stop"}
    assert server.line() == "gone"
    assert server.lines.empty()  # there was one call, and no other


def test_a_stream_that_the_server_ends_is_broken_and_opened_again(client: Client) -> None:
    server = client.serve(event(INITIAL, ("1", UP)))
    listener = client.listen()
    heard(listener, "connected"), heard(listener, "event")
    server.order("end")
    assert heard(listener, "broken") == {"text": "the other side ended the stream"}
    heard(listener, "connected")
    assert heard(listener, "event")["type"] == "INITIAL"


def test_a_killed_server_breaks_the_stream_and_its_successor_is_heard(client: Client) -> None:
    server = client.serve(event(INITIAL, ("1", UP)))
    listener = client.listen()
    heard(listener, "connected"), heard(listener, "event")
    server.end()
    assert "connection" in heard(listener, "broken")["text"].lower()
    assert heard(listener, "unreachable")["errno"] == "ECONNREFUSED"
    client.socket.unlink()
    client.serve(event(INITIAL))
    while (line := json.loads(listener.line()))["kind"] == "unreachable":
        assert line["errno"] in ("ECONNREFUSED", "ENOENT")
    assert line["kind"] == "connected"
    assert heard(listener, "event") == {"type": "INITIAL", "connections": []}


def test_a_socket_replaced_by_a_file_leaves_the_stream_alone_and_stops_the_next(
    client: Client,
) -> None:
    server = client.serve(event(INITIAL, ("1", UP)))
    listener = client.listen()
    heard(listener, "connected"), heard(listener, "event")
    client.socket.unlink()
    client.socket.touch()
    server.order(event(UPDATE, ("1", UP)).hex())
    assert heard(listener, "event")["type"] == "UPDATE"
    server.order("end")
    heard(listener, "broken")
    assert heard(listener, "unreachable")["errno"] == "ECONNREFUSED"


def test_a_server_that_hangs_says_nothing_to_who_listens_and_answers_nobody_else(
    client: Client,
) -> None:
    server = client.serve(event(INITIAL, ("1", UP)))
    listener = client.listen()
    heard(listener, "connected"), heard(listener, "event")
    with paused(server.child):
        with pytest.raises(queue.Empty):
            listener.line(timeout=0.7)  # longer than an attempt may take
        other = client.listen()
        assert "timed out" in heard(other, "unreachable")["text"]
    server.order(event(UPDATE, ("1", UP)).hex())
    assert heard(listener, "event")["type"] == "UPDATE"


def test_a_new_folder_in_the_place_of_the_old_is_not_seen_as_the_client_does_not(
    client: Client,
) -> None:
    server = client.serve(event(INITIAL, ("1", UP)))
    listener = client.listen()
    heard(listener, "connected"), heard(listener, "event")
    client.folder.rename(client.root / "away")
    client.socket.parent.mkdir()
    os.unlink(client.root / "away" / client.socket.name)
    client.serve(event(INITIAL))
    server.end()
    heard(listener, "broken")
    assert heard(listener, "unreachable")["errno"] == "ENOENT"


def test_a_message_that_is_none_is_said_and_the_stream_goes_on(client: Client) -> None:
    server = client.serve(event(INITIAL, ("1", UP)))
    listener = client.listen()
    heard(listener, "connected"), heard(listener, "event")
    server.order("12ff")
    assert heard(listener, "unreadable") == {"text": "a number is cut off: 12ff"}
    server.order(event(UPDATE, ("1", DOWN)).hex())
    assert heard(listener, "event")["connections"] == [["1", "DOWN"]]


def test_a_stream_without_initial_state_was_never_one(client: Client) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        before = os.getcwd()
        os.chdir(client.folder)
        try:
            other.bind(client.socket.name)
        finally:
            os.chdir(before)
        other.listen()
        listener = client.listen()
        caller, _ = other.accept()
        caller.close()
        assert "before the initial state" in heard(listener, "unreachable")["text"]
        caller, _ = other.accept()
        with caller:
            caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            assert heard(listener, "unreadable")["text"].startswith("no HTTP/2")


@pytest.mark.parametrize(
    ("mounted", "text"),
    [
        ({}, "the workspaces \\[\\]"),
        ({"another": ["/nsm/nsm-4"]}, "the workspaces \\[\\]"),
        ({UID: ["/run/spire/sockets"]}, "the workspaces \\[\\]"),
        ({UID: ["/nsm/nsm-4", "/nsm/nsm-5"]}, "nsm-4.*nsm-5.*and one is expected"),
    ],
)
def test_a_pod_without_one_workspace_is_an_error_that_says_so(
    node_root: Path, mounted: dict[str, list[str]], text: str
) -> None:
    import workspace

    write_checkpoint(node_root, mounted)
    with pytest.raises(LookupError, match=text):
        workspace.server_socket(UID, DEVICE, PATTERN)


@pytest.mark.parametrize("content", ["", "[]", '{"Data": {}}', "{"])
def test_a_checkpoint_that_is_none_is_an_error_that_says_so(node_root: Path, content: str) -> None:
    import workspace

    write_checkpoint(node_root, {})
    (node_root / CHECKPOINT.lstrip("/")).write_text(content)
    with pytest.raises(LookupError, match="checkpoint cannot be read"):
        workspace.server_socket(UID, DEVICE, PATTERN)


SETTINGS = bytes.fromhex("000000040000000000")


@given(st.binary(max_size=300), st.booleans())
def test_bytes_of_any_kind_end_a_stream_in_one_of_two_ways(data: bytes, greeted: bool) -> None:
    import grpc_stream

    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall((SETTINGS if greeted else b"") + data)
        theirs.shutdown(socket.SHUT_WR)
        stream = grpc_stream.ServerStream(ours, "/a.B/C")
        with pytest.raises((grpc_stream.Broken, grpc_stream.Unreadable)):
            for message in stream.messages():
                assert len(message) <= len(data)


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        ("00000403000000000100000008", "reset, HTTP/2 error 8"),
        ("0000080700000000000000000000000000", "goes away, HTTP/2 error 0"),
        ("000008070000000000000000010000000b", "goes away, HTTP/2 error 11"),
        # one that lets our stream go on until the connection ends
        ("0000080700000000007fffffff00000000", "the connection was closed"),
    ],
)
def test_frames_that_end_a_stream_say_how(frame: str, text: str) -> None:
    import grpc_stream

    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(SETTINGS + bytes.fromhex(frame))
        theirs.shutdown(socket.SHUT_WR)
        stream = grpc_stream.ServerStream(ours, "/a.B/C")
        with pytest.raises(grpc_stream.Broken, match=text):
            list(stream.messages())


def test_a_ping_is_answered_and_the_room_of_data_returned() -> None:
    import grpc_stream

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ping = bytes.fromhex("000008060000000000") + b"12345678"
        padded = bytes.fromhex("00000a000800000001") + b"\x02" + b"\0\0\0\0\x02hi" + b"\0\0"
        theirs.sendall(SETTINGS + ping + padded)
        stream = grpc_stream.ServerStream(ours, "/a.B/C")
        assert next(stream.messages()) == b"hi"
        sent = theirs.recv(10_000)
        assert sent.startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert bytes.fromhex("000000040100000000") in sent
        assert bytes.fromhex("000008060100000000") + b"12345678" in sent
        for place in ("00000000", "00000001"):
            assert bytes.fromhex("0000040800" + place + "0000000a") in sent
