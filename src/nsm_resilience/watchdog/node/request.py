# SPDX-License-Identifier: Apache-2.0
"""Request a client's connection from NSM again, as the client itself would.

A client sends requests to the socket that its service manager serves in its workspace; any process
that can open that socket can do so in its place. Messages and field numbers are those of
controlplane/api (connection.proto, networkservice.proto, connectioncontext.proto), the content that
of nsm-init's own request (sdk/client/client.go, sdk/common: NewMechanism). The request is new and
has no old id: NSM would treat one with the old id as the healing of a connection that is gone.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

import grpc_stream
import protobuf
from protobuf import VARINT, delimited, written

REQUEST = "/networkservice.NetworkService/Request"
CLOSE = "/networkservice.NetworkService/Close"
MONITOR = "/connection.MonitorConnection/MonitorConnections"

ANSWER_S = 15.0
"""How long a client waits for an answer (ConnectTimeout in sdk/client/client.go)."""

CONNECTION, PREFERENCES = 1, 2
ID, SERVICE, MECHANISM, CONTEXT, LABELS, STATE = 1, 2, 3, 4, 5, 9
CLS, TYPE, PARAMETERS = 1, 2, 3
IP_CONTEXT, SOURCE_REQUIRED, DESTINATION_REQUIRED = 1, 3, 4
EVENT_CONNECTIONS, ENTRY_VALUE = 2, 2


class Refused(Exception):
    """NSM did not fulfil a request; the text names the failed call."""


@dataclass(frozen=True)
class Wish:
    """A client's request: a service with labels, as an interface of its network."""

    service: str
    labels: Mapping[str, str]
    interface: str
    network: int
    """Inode of the client's network namespace."""


def text(field: int, value: str) -> bytes:
    """A text field; an empty value is omitted, as in proto3."""
    return delimited(field, value.encode()) if value else b""


def texts(field: int, values: Mapping[str, str]) -> bytes:
    """A map of texts: one entry message each, in the order of the keys."""
    return b"".join(
        delimited(field, delimited(1, key.encode()) + delimited(2, value.encode()))
        for key, value in sorted(values.items())
    )


def request_message(wish: Wish) -> bytes:
    """A NetworkServiceRequest for a kernel interface; NSM chooses the addresses."""
    required = (SOURCE_REQUIRED, DESTINATION_REQUIRED)
    ip = b"".join(written(field << 3 | VARINT) + b"\x01" for field in required)
    connection = (
        text(SERVICE, wish.service)
        + delimited(CONTEXT, delimited(IP_CONTEXT, ip))
        + texts(LABELS, wish.labels)
    )
    mechanism = (
        text(CLS, "LOCAL")
        + text(TYPE, "KERNEL_INTERFACE")
        + texts(
            PARAMETERS,
            {
                "name": wish.interface,
                "description": "Primary interface",
                "socketfile": f"{wish.interface}/memif.sock",
                "netnsInode": str(wish.network),
            },
        )
    )
    return delimited(CONNECTION, connection) + delimited(PREFERENCES, mechanism)


def first_message(channel: socket.socket, method: str, message: bytes) -> bytes:
    """The first message of a call's answer; Refused when there is none."""
    try:
        stream = grpc_stream.ServerStream(channel, method, message)
        return next(stream.messages())
    except (grpc_stream.Broken, grpc_stream.Unreadable, OSError, ValueError) as error:
        what = method.rpartition("/")[2]
        raise Refused(f"{what}: {str(error) or type(error).__name__}") from error


def connections(channel: socket.socket) -> list[bytes]:
    """This workspace's connections in NSM's view, encoded."""
    event = first_message(channel, MONITOR, b"")
    found = []
    for entry in protobuf.messages(event, EVENT_CONNECTIONS):
        values = protobuf.messages(entry, ENTRY_VALUE)
        found += values[-1:]
    return found


def identity(connection: bytes) -> str:
    """Id of a connection."""
    return protobuf.text(connection, ID)


def summary(connection: bytes) -> str:
    """A connection in a few words: its id, and its state in NSM's view."""
    state = "down" if protobuf.number(connection, STATE) else "up"
    return f"{identity(connection)} {state}"


def ask(channel: socket.socket, wish: Wish) -> str:
    """Make the request; returns the new connection's id, or raises Refused."""
    answer = first_message(channel, REQUEST, request_message(wish))
    return protobuf.text(answer, ID)


def close(channel: socket.socket, known_as: str) -> None:
    """Close a connection by its id; Refused when NSM says that it could not."""
    first_message(channel, CLOSE, text(ID, known_as))
