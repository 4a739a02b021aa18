# SPDX-License-Identifier: Apache-2.0
"""Notification probe: NSM's notifications to a client that listens.

It opens the same stream as the client's own program and requests nothing, so listening does not
change the system. The server keeps a list of listeners, sends all of them the same, and removes one
when its stream has ended; only a request closes a connection. A listener that does not read would
block a server of 2019, so this one reads every byte at once.

- NSM v0.2.0, like nsm-monitor (side-cars/pkg/nsm-monitor/nsm-monitor.go): without TLS, on the
  workspace that kubelet gave the pod. Server: MonitorEntities and Serve in sdk/monitor/
  monitor_server.go, Close in controlplane/pkg/common/monitor_service.go.
- NSM v1.18.0, like nsc (main.go of cmd-nsc): on nsmgr's socket, by mutual TLS, with an identity
  from SPIRE (spiffe.py says which, why that one, and what it changes). Server: MonitorConnections
  and Send in pkg/networkservice/common/monitor/monitor_connection_server.go of sdk v1.18.0; it has
  a queue for each listener. nsc dials within 5 s (NSM_DIAL_TIMEOUT) and first retries after 1 s, as
  gRPC does ("Connection Backoff").

The socket's folder is opened once and kept open, as the client's containers keep their mount: a
client does not see a folder that replaces it either.

Order: {"pod_uid", "resource", "socket": path pattern} for a pod's workspace, {"socket": path}
without; {"identity": path of SPIRE's agent} for mutual TLS; {"client": name} for the connections of
one client by the ids that it knows (monitor_stream.py); {"retry_s", "answer_s"}: time between two
attempts, and length of one, in seconds. Lines, all with "t_ns": connected {"path"}, with an
identity also {"identity", "peer": SPIFFE IDs}; event {"type": INITIAL | UPDATE | DELETE,
"connections": [[id, state], …]}, broken {"text"}, unreachable {"errno", "text"}, unreadable
{"text"}; at the end ended.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

import grpc_stream
import monitor_stream
import mutual_tls
import sockets
import spiffe
import workspace
from lines import Stop, emit, no_more_stops, order, stop_on_term
from netns import HOST_ROOT

RETRY_S = 5.0
"""Default time between two attempts: nsmMonitorRetryDelay in nsm-monitor.go."""
ANSWER_S = 15.0
"""Default length of an attempt: dialTimeoutDefault in pkg/tools/socket.go."""


def say(kind: str, **fields: Any) -> None:
    """Emit one line with the current time."""
    emit(kind, t_ns=time.monotonic_ns(), **fields)


def unreachable(error: Exception, text: str = "") -> None:
    """Report a failed connection."""
    # An error of ssl has a number of OpenSSL, others have the system's.
    number = 0 if isinstance(error, ssl.SSLError) else getattr(error, "errno", None) or 0
    name = errno.errorcode.get(number)
    say("unreachable", errno=name, text=text or f"{type(error).__name__}: {error}")


def open_folder(wanted: dict[str, Any]) -> tuple[int, str]:
    """A handle of the socket's folder, and the socket's path; LookupError or OSError."""
    path = wanted["socket"]
    if "resource" in wanted:
        path = workspace.server_socket(wanted["pod_uid"], wanted["resource"], path)
    return os.open(os.path.dirname(HOST_ROOT + path), os.O_PATH), path


@dataclass
class Listener:
    """Listens on a socket, again and again.

    Attributes:
        folder: Handle of the socket's folder.
        path: Path of the socket on the node.
        answer_s: How long an attempt may take.
        client: The client whose connections are reported; None for all.
        source: Source of our identity; None for a connection without TLS.
    """

    folder: int
    path: str
    answer_s: float
    client: str | None = None
    source: spiffe.Source | None = None

    def listen_once(self) -> None:
        """One attempt, until the connection fails or the stream ends."""
        try:
            channel, shown = self._connect()
        except (OSError, spiffe.NoIdentity, ValueError) as error:
            unreachable(error)
            return
        with channel:
            heard = False
            try:
                asked = b"" if self.client is None else monitor_stream.selector(self.client)
                stream = grpc_stream.ServerStream(channel, monitor_stream.METHOD, asked)
                stream.wait_for_answer()
                channel.settimeout(None)
                say("connected", path=self.path, **shown)
                for message in stream.messages():
                    heard = True
                    self._report(message)
            except grpc_stream.Unreadable as problem:
                say("unreadable", text=str(problem))
            except (grpc_stream.Broken, OSError) as end:
                # A stream that never began cannot break: a client loses nothing.
                if heard:
                    say("broken", text=str(end))
                else:
                    # With TLS 1.3 an identity is refused only after the handshake.
                    self._doubt()
                    unreachable(end, f"it ended before the initial state: {end}")

    def _connect(self) -> tuple[socket.socket, dict[str, str]]:
        """A connection, with the identities of both sides."""
        # First the identity: a query of SPIRE must not keep NSM's socket waiting.
        identity = self.source.identity() if self.source is not None else None
        channel = sockets.connect_in(self.folder, os.path.basename(self.path), self.answer_s)
        if identity is None:
            return channel, {}
        try:
            encrypted, peer = mutual_tls.secured(channel, identity)
        except OSError:
            self._doubt()
            raise
        return encrypted, {"identity": identity.spiffe_id, "peer": peer}

    def _doubt(self) -> None:
        """Renew our identity, because one side rejected the other's."""
        if self.source is not None:
            self.source.doubt()

    def _report(self, message: bytes) -> None:
        try:
            found = monitor_stream.connection_event(message, self.client)
        except ValueError as problem:
            say("unreadable", text=f"{problem}: {message[:200].hex()}")
        else:
            if found is not None:
                say("event", **found)


def main() -> None:
    """Listen, again and again, until stopped."""
    wanted = order()
    stop_on_term()
    retry_s = float(wanted.get("retry_s", RETRY_S))
    answer_s = float(wanted.get("answer_s", ANSWER_S))
    source = spiffe.Source(wanted["identity"], answer_s) if "identity" in wanted else None
    listener: Listener | None = None
    try:
        while True:
            try:
                if listener is None:
                    place = open_folder(wanted)
                    listener = Listener(*place, answer_s, wanted.get("client"), source)
            except (LookupError, OSError) as error:
                unreachable(error)
            else:
                listener.listen_once()
            time.sleep(retry_s)
    except Stop:
        no_more_stops()
        say("ended", because="asked to stop")


if __name__ == "__main__":
    main()
