# SPDX-License-Identifier: Apache-2.0
"""Notification probe: what NSM tells a client that listens on its own workspace's socket.

It opens the stream that the sidecar nsm-monitor opens (side-cars/pkg/nsm-monitor/nsm-monitor.go of
NSM v0.2.0) and asks for nothing: listening changes nothing. The server only keeps a list of those
who listen, sends each what it sends all, and takes one off the list when its stream ends
(MonitorEntities and Serve in sdk/monitor/monitor_server.go); a connection is closed by a request
alone (Close in controlplane/pkg/common/monitor_service.go). A listener that does not read would
hold it up, so every byte is taken as it comes.

The workspace's folder is opened once and kept, as the client's containers keep their mount: when
another folder takes its place, a client does not see it either.

Order: {"pod_uid", "resource", "socket": path pattern}. Lines, all with "t_ns": connected {"path"},
event {"type": INITIAL | UPDATE | DELETE, "connections": [[id, state], …]}, broken {"text"},
unreachable {"errno", "text"}, unreadable {"text"}; at the end ended.
"""

from __future__ import annotations

import errno
import os
import time
from typing import Any

import grpc_stream
import protobuf
import sockets
import workspace
from lines import Stop, emit, order, stop_on_term
from netns import HOST_ROOT

METHOD = "/connection.MonitorConnection/MonitorConnections"
TYPES = {0: "INITIAL", 1: "UPDATE", 2: "DELETE"}
STATES = {0: "UP", 1: "DOWN"}
TYPE, CONNECTIONS = 1, 2
KEY, VALUE = 1, 2
ID, STATE = 1, 9
"""Names and numbers of controlplane/api/connection/connection.proto: ConnectionEvent.type and
.connections, an entry of that map, Connection.id and .state."""

RETRY_S = 5.0
"""Between two attempts: nsmMonitorRetryDelay in nsm-monitor.go."""
ANSWER_S = 15.0
"""How long an attempt may take: dialTimeoutDefault in pkg/tools/socket.go."""


def connection_event(message: bytes) -> dict[str, Any]:
    """A ConnectionEvent as {type, connections}; ValueError when the bytes are none."""
    connections = []
    for entry in protobuf.messages(message, CONNECTIONS):
        known_as = protobuf.text(entry, KEY)
        values = protobuf.messages(entry, VALUE)
        connection = values[-1] if values else b""
        state = protobuf.number(connection, STATE)
        name = protobuf.text(connection, ID) or known_as
        connections.append([name, STATES.get(state, f"state {state}")])
    kind = protobuf.number(message, TYPE)
    return {"type": TYPES.get(kind, f"type {kind}"), "connections": sorted(connections)}


def say(kind: str, **fields: Any) -> None:
    """One line, stamped now."""
    emit(kind, t_ns=time.monotonic_ns(), **fields)


def unreachable(error: Exception, text: str = "") -> None:
    """Nobody is there to listen to."""
    number = error.errno if isinstance(error, OSError) else None
    name = errno.errorcode.get(number) if number is not None else None
    say("unreachable", errno=name, text=text or f"{type(error).__name__}: {error}")


def open_folder(wanted: dict[str, Any]) -> tuple[int, str]:
    """A handle of the workspace's folder, and the path of the socket; LookupError or OSError."""
    path = workspace.server_socket(wanted["pod_uid"], wanted["resource"], wanted["socket"])
    return os.open(os.path.dirname(HOST_ROOT + path), os.O_PATH), path


def listen_once(folder: int, path: str) -> None:
    """One attempt: until nobody answers or the stream ends."""
    try:
        channel = sockets.connect_in(folder, os.path.basename(path), ANSWER_S)
    except OSError as error:
        unreachable(error)
        return
    with channel:
        heard = False
        try:
            stream = grpc_stream.ServerStream(channel, METHOD)
            stream.wait_for_answer()
            channel.settimeout(None)
            say("connected", path=path)
            for message in stream.messages():
                heard = True
                report(message)
        except grpc_stream.Unreadable as problem:
            say("unreadable", text=str(problem))
        except (grpc_stream.Broken, OSError) as end:
            # What never began cannot break: a client had nothing to lose there.
            if heard:
                say("broken", text=str(end))
            else:
                unreachable(end, f"it ended before the initial state: {end}")


def report(message: bytes) -> None:
    """Say what one message tells."""
    try:
        found = connection_event(message)
    except ValueError as problem:
        say("unreadable", text=f"{problem}: {message[:200].hex()}")
    else:
        say("event", **found)


def main() -> None:
    """Listen, again and again, until stopped."""
    wanted = order()
    stop_on_term()
    folder: int | None = None
    path = ""
    try:
        while True:
            try:
                if folder is None:
                    folder, path = open_folder(wanted)
            except (LookupError, OSError) as error:
                unreachable(error)
            else:
                listen_once(folder, path)
            time.sleep(RETRY_S)
    except Stop:
        say("ended", because="asked to stop")


if __name__ == "__main__":
    main()
