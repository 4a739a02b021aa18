# SPDX-License-Identifier: Apache-2.0
"""Messages of NSM on a monitor stream, as one client reads them.

The messages have not changed since 2019: ConnectionEvent and Connection of controlplane/api/
connection/connection.proto of NSM v0.2.0 have the same field numbers as in pkg/api/networkservice/
connection.proto of the API v1.18.0, and the method has the same name. Newer connections also have a
path, with a segment for each component that they go through, and two more states.
"""

from __future__ import annotations

from typing import Any

import protobuf

METHOD = "/connection.MonitorConnection/MonitorConnections"
TYPES = {0: "INITIAL", 1: "UPDATE", 2: "DELETE"}
STATES = {0: "UP", 1: "DOWN", 2: "REFRESH_REQUESTED", 3: "RESELECT_REQUESTED"}
TYPE, CONNECTIONS = 1, 2
KEY, VALUE = 1, 2
ID, PATH, STATE = 1, 6, 9
"""Fields: ConnectionEvent.type and .connections, an entry of that map, Connection.id, .path and
.state."""
INDEX, SEGMENTS = 1, 2
NAME, SEGMENT_ID = 1, 2
"""Fields: Path.index and .path_segments, PathSegment.name and .id."""
WANTED_SEGMENTS = 1
"""Field: MonitorScopeSelector.path_segments."""


def selector(client: str) -> bytes:
    """A request for connections whose path goes through a component with this name.

    nsc requests by its name and the connection's id (newEventLoop in pkg/networkservice/common/
    heal/eventloop.go of sdk v1.18.0); it makes that id from its name.
    """
    segment = protobuf.delimited(NAME, client.encode())
    return protobuf.delimited(WANTED_SEGMENTS, segment)


def connection_event(message: bytes, client: str | None = None) -> dict[str, Any] | None:
    """A ConnectionEvent as {type, connections: [[id, state], …]}; ValueError for other bytes.

    With a client's name only its connections, by the id that the client knows. A manager that is
    several times in a path has a connection for each time; a client acts only on that of its next
    hop (Recv in pkg/networkservice/common/heal/client_filter.go of sdk v1.18.0). None for events of
    others, which the client receives and ignores. The initial state is never None.
    """
    kind = protobuf.number(message, TYPE)
    connections = []
    for entry in protobuf.messages(message, CONNECTIONS):
        values = protobuf.messages(entry, VALUE)
        connection = values[-1] if values else b""
        name: str | None = protobuf.text(connection, ID) or protobuf.text(entry, KEY)
        if client is not None:
            name = _known_to(client, connection)
        if name is not None:
            state = protobuf.number(connection, STATE)
            connections.append([name, STATES.get(state, f"state {state}")])
    if client is not None and kind and not connections:
        return None
    return {"type": TYPES.get(kind, f"type {kind}"), "connections": sorted(connections)}


def _known_to(client: str, connection: bytes) -> str | None:
    """The id by which a client knows a connection; None when the client ignores it."""
    path = b"".join(protobuf.messages(connection, PATH)[-1:])
    segments = protobuf.messages(path, SEGMENTS)
    for place, segment in enumerate(segments):
        if protobuf.text(segment, NAME) == client:
            relevant = protobuf.number(path, INDEX) in (place, place + 1)
            return protobuf.text(segment, SEGMENT_ID) if relevant else None
    return None
