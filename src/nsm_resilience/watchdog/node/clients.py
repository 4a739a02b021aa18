# SPDX-License-Identifier: Apache-2.0
"""The clients of this node, and whether their paths answer."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import threading
import time
from collections import deque
from typing import Any

import echo
import processes
import request
import sockets
import workspace
from netns import HOST_ROOT, enter_network, run_on_node
from policy import Breach

BEAT_S = 0.5
"""Time between two echoes of a client's path."""
FAILED_S, SPAN_S = 15.0, 60.0
"""A path has failed if it was silent for FAILED_S within SPAN_S (policy.py)."""
ASK_S = 5.0
"""Time between two queries of NSM's view of a client's connections."""
IN_HAND_S = 6.0
"""Time in which NSM may still work on a connection after its close: it calls the forwarder ten
times with half a second between (controlplane/pkg/local/forwarder_service.go), and would remove a
new interface with the same name."""
PATH_ALIVE = "nsm-watchdog/PathAlive"
"""Condition of a client's pod."""
SERVICE, LABELS = "OUTGOING_NSC_NAME", "OUTGOING_NSC_LABELS"
"""Environment of a client (sdk/common of NSM v0.2.0)."""


def wish_of(pod: dict[str, Any]) -> tuple[str, dict[str, str]] | None:
    """(service, labels) that a pod's containers request from NSM; None when it is no client."""
    spec = pod["spec"]
    for container in [*spec.get("initContainers", []), *spec.get("containers", [])]:
        given = {e["name"]: e.get("value", "") for e in container.get("env", [])}
        if given.get(SERVICE):
            pairs = (part.partition("=") for part in given.get(LABELS, "").split(",") if part)
            return given[SERVICE], {key: value for key, _, value in pairs}
    return None


def is_connected(pod: dict[str, Any]) -> bool:
    """Whether a client got its connection: nsm-init, its init container, ended with 0.

    A watchdog that was itself restarted has no other knowledge of the time before.
    """
    status = pod.get("status", {})
    inits = status.get("initContainerStatuses") or []
    ended = [(s.get("state") or {}).get("terminated") for s in inits]
    return bool(ended) and all(one is not None and one.get("exitCode") == 0 for one in ended)


class Client:
    """One client's pod: regular echoes from its network, and its connection at NSM."""

    def __init__(self, pod: dict[str, Any], interface: str, device: str, pattern: str) -> None:
        """Begin to watch at once, in threads of its own."""
        self.pod = pod
        self.name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        self.uid = str(pod["metadata"]["uid"])
        self.interface = interface
        self.device = device
        self.pattern = pattern
        self.last_reply_s: float | None = None
        """When the path answered last, or the client was first seen connected; None before."""
        self.known: set[str] = set()
        """Ids of all connections that NSM has shown for this client."""
        self.thinks = "not asked yet"
        self.silent: deque[float] = deque()
        """When unanswered echoes were sent, at least those of the last SPAN_S."""
        self.stopped = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()
        threading.Thread(target=self._ask, daemon=True).start()

    def update(self, pod: dict[str, Any], now_s: float) -> None:
        """Take in the pod's current state in Kubernetes."""
        self.pod = pod
        if self.last_reply_s is None and is_connected(pod):
            self.last_reply_s = now_s

    @property
    def pid(self) -> int | None:
        """A process in the pod's network; None when it has none."""
        return processes.in_network_of(self.uid)

    @property
    def server(self) -> str:
        """Path of the socket on which NSM serves it; LookupError when kubelet knows none."""
        return workspace.server_socket(self.uid, self.device, self.pattern)

    def channel(self, timeout_s: float) -> socket.socket:
        """A connection to that socket; OSError or LookupError."""
        return sockets.connect(HOST_ROOT + self.server, timeout_s)

    def breaches(self, now_s: float) -> list[Breach]:
        """The breaches of a path that was alive and is silent now."""
        if self.last_reply_s is None or now_s - self.last_reply_s < 2 * BEAT_S:
            return []
        subject, thinks = f"client {self.name}", f"NSM's view of its connection: {self.thinks}"
        text = f"no reply for {now_s - self.last_reply_s:.0f} s; {thinks}"
        found = [Breach("path-dead", subject, text, client=self.name)]
        silent_s = self.silent_s(now_s)
        if silent_s >= FAILED_S:
            text = f"silent for {silent_s:.0f} of the last {SPAN_S:g} s; {thinks}"
            found.append(Breach("path-failed", subject, text, client=self.name))
        return found

    def silent_s(self, now_s: float) -> float:
        """How long the path was silent within the last SPAN_S: echoes without an answer."""
        beats = self.silent  # an act may replace it, from a thread of its own
        while beats and now_s - beats[0] > SPAN_S:
            beats.popleft()
        return len(beats) * BEAT_S

    def write(self, line: dict[str, Any]) -> bool:
        """Write a line to the client's workspace folder, where its containers can read it."""
        try:
            path = os.path.join(os.path.dirname(HOST_ROOT + self.server), "watchdog.jsonl")
            with open(path, "a") as stream:
                stream.write(json.dumps(line, separators=(",", ":")) + "\n")
        except (OSError, LookupError):
            return False
        return True

    def _watch(self) -> None:
        pid = None
        while pid is None and not self.stopped.is_set():
            pid = self.pid
            time.sleep(0 if pid else 0.5)
        if pid is None:
            return
        try:
            enter_network(pid)
        except OSError:
            return
        identifier, nonce = os.getpid() & 0xFFFF, int.from_bytes(os.urandom(8), "big")
        number = 0
        while not self.stopped.is_set():
            number += 1
            begin = time.monotonic()
            with contextlib.suppress(OSError):
                if self._echo(identifier, number, nonce):
                    self.last_reply_s = time.monotonic()
            if self.last_reply_s is not None and self.last_reply_s < begin:
                self.silent.append(begin)
            time.sleep(max(0.0, BEAT_S - (time.monotonic() - begin)))

    def _echo(self, identifier: int, number: int, nonce: int) -> bool:
        """Send one echo through the current interface; returns whether it was answered in time."""
        address = echo.address_of(self.interface)
        peer = echo.peer_of(*address) if address else None
        if peer is None:
            return False
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sent:
            name = self.interface.encode() + b"\0"
            sent.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
            sent.sendto(echo.packet(identifier, number, nonce), (peer, 0))
            end = time.monotonic() + BEAT_S
            while (left := end - time.monotonic()) > 0:
                if not select.select([sent], [], [], left)[0]:
                    return False
                if echo.reply_of(sent.recv(2048), identifier, nonce) == number:
                    return True
        return False

    def _ask(self) -> None:
        while not self.stopped.wait(ASK_S):
            try:
                with self.channel(2.0) as channel:
                    found = request.connections(channel)
            except (request.Refused, OSError, LookupError) as error:
                self.thinks = f"it does not say ({error})"
                continue
            self.known |= {request.identity(c) for c in found}
            self.thinks = ", ".join(map(request.summary, found)) or "none"

    def reconnect(self) -> str:
        """Request the connection again in the client's place; returns the new one's id.

        First the old connections are closed at NSM, or its healing would interfere, and NSM gets
        time to finish its work on them. Then the dead interface is removed, because the forwarder
        does not replace one. Raises request.Refused, OSError or LookupError for the first step that
        fails.
        """
        pid = self.pid
        wish = wish_of(self.pod)
        if pid is None or wish is None:
            raise LookupError(f"{self.name} has no process or no wish")
        with contextlib.suppress(request.Refused, OSError), self.channel(2.0) as channel:
            self.known |= {request.identity(c) for c in request.connections(channel)}
        for known in sorted(self.known):
            # NSM reports an error for a broken connection, but removes it
            with contextlib.suppress(request.Refused), self.channel(5.0) as channel:
                request.close(channel, known)
        self.stopped.wait(IN_HAND_S)
        for network in (pid, 1):
            run_on_node(["ip", "link", "delete", self.interface], network_of=network)
        inode = os.stat(f"/proc/{pid}/ns/net").st_ino
        asked = request.Wish(*wish, interface=self.interface, network=inode)
        with self.channel(request.ANSWER_S) as channel:
            new = request.ask(channel, asked)
        self.known = {new}
        self.silent = deque()  # earlier silence belongs to the old connection
        return new
