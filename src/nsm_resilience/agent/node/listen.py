# SPDX-License-Identifier: Apache-2.0
"""Notification probe: what NSM tells a client that listens.

It opens the stream that the client's own program opens and asks for nothing: listening changes
nothing. The server only keeps a list of those who listen, sends each what it sends all, and takes
one off the list when its stream has ended; a connection is closed by a request alone. A listener
that does not read would hold up a server of 2019, so every byte is taken as it comes.

- NSM v0.2.0, as nsm-monitor (side-cars/pkg/nsm-monitor/nsm-monitor.go) does it: in clear, on the
  workspace that kubelet gave the pod. Server: MonitorEntities and Serve in sdk/monitor/
  monitor_server.go, Close in controlplane/pkg/common/monitor_service.go.
- NSM v1.18.0, as nsc (main.go of cmd-nsc) does it: on nsmgr's socket, by mutual TLS, with an
  identity that SPIRE gives (spiffe.py says which, why that one, and what it changes). Server:
  MonitorConnections and Send in pkg/networkservice/common/monitor/monitor_connection_server.go of
  sdk v1.18.0; it has a queue for each who listens. nsc dials within 5 s (NSM_DIAL_TIMEOUT) and
  tries again after 1 s at first, as gRPC does ("Connection Backoff").

The socket's folder is opened once and kept, as the client's containers keep their mount: when
another folder takes its place, a client does not see it either.

Order: {"pod_uid", "resource", "socket": path pattern} for a pod's workspace, {"socket": path}
without; {"identity": path of SPIRE's agent} for mutual TLS; {"client": name} for the connections of
one client by the ids that it knows (monitor_stream.py); {"retry_s", "answer_s"}: between two
attempts, and how long one may take, in seconds. Lines, all with "t_ns": connected {"path"}, with an
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
"""Between two attempts, unless ordered: nsmMonitorRetryDelay in nsm-monitor.go."""
ANSWER_S = 15.0
"""How long an attempt may take, unless ordered: dialTimeoutDefault in pkg/tools/socket.go."""


def say(kind: str, **fields: Any) -> None:
    """One line, stamped now."""
    emit(kind, t_ns=time.monotonic_ns(), **fields)


def unreachable(error: Exception, text: str = "") -> None:
    """Nobody is there to listen to."""
    # ssl keeps a number of OpenSSL's where other errors have the system's.
    number = 0 if isinstance(error, ssl.SSLError) else getattr(error, "errno", None) or 0
    name = errno.errorcode.get(number)
    say("unreachable", errno=name, text=text or f"{type(error).__name__}: {error}")


def open_folder(wanted: dict[str, Any]) -> tuple[int, str]:
    """A handle of the socket's folder, and the path of the socket; LookupError or OSError."""
    path = wanted["socket"]
    if "resource" in wanted:
        path = workspace.server_socket(wanted["pod_uid"], wanted["resource"], path)
    return os.open(os.path.dirname(HOST_ROOT + path), os.O_PATH), path


@dataclass
class Listener:
    """One who listens on a socket, again and again.

    Attributes:
        folder: Handle of the socket's folder.
        path: Of the socket on the node.
        answer_s: How long an attempt may take.
        client: Whose connections; None for all.
        source: Of the identity to show; None to speak in clear.
    """

    folder: int
    path: str
    answer_s: float
    client: str | None = None
    source: spiffe.Source | None = None

    def listen_once(self) -> None:
        """One attempt: until nobody answers or the stream ends."""
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
                # What never began cannot break: a client had nothing to lose there.
                if heard:
                    say("broken", text=str(end))
                else:
                    # With TLS 1.3 an identity is refused after the handshake only.
                    self._doubt()
                    unreachable(end, f"it ended before the initial state: {end}")

    def _connect(self) -> tuple[socket.socket, dict[str, str]]:
        """A connection, and what both sides have shown of themselves."""
        # First the identity: while SPIRE is asked, nobody is kept waiting at NSM's socket.
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
        """The other side took none of our identity, or we none of its: perhaps SPIRE has news."""
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
