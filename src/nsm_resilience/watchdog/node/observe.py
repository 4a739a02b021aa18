# SPDX-License-Identifier: Apache-2.0
"""One look at this node: the breaches of NSM's contracts."""

from __future__ import annotations

import fnmatch
import json
import os
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc_stream
import processes
import sockets
from contracts import Contracts, Peer, ServedSocket
from netns import HOST_ROOT, run_on_node
from policy import Breach

GREETING_S = 2.0
"""How long a server may take to greet a caller."""
START_S = 5.0
"""Time after its start in which a process creates its sockets and connects to its peers."""
CONNECTED = b"03"
"""SS_CONNECTED in the column St of /proc/net/unix."""
PEER_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True)
class Running:
    """A process of a component: its identity and its age in seconds."""

    pid: int
    start_ticks: int
    age_s: float


def greets(channel: socket.socket) -> bool:
    """Whether the other side speaks HTTP/2 within the channel's timeout: it sends its settings."""
    try:
        channel.sendall(grpc_stream.PREFACE + grpc_stream.frame(grpc_stream.SETTINGS, 0, 0))
        head = b""
        while len(head) < 9:
            part = channel.recv(9 - len(head))
            if not part:
                return False
            head += part
    except OSError:
        return False
    return head[3] == grpc_stream.SETTINGS


def look_at_socket(path: str, program: str) -> str:
    """How a socket breaks its contract: `lost …`, `hung …`, or empty.

    `program` is the program that must serve it; empty for any.
    """
    kind = sockets.describe(path)["kind"]
    if kind != "socket":
        return f"lost: {'it is gone' if kind == 'missing' else 'an ordinary file is in its place'}"
    try:
        channel = sockets.connect(HOST_ROOT + path, GREETING_S)
    except TimeoutError:
        return "hung: its queue of callers is full"
    except OSError as error:
        return f"lost: {error.strerror or error}"
    with channel:
        if program:
            raw = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER_CREDENTIALS.size)
            pid = PEER_CREDENTIALS.unpack(raw)[0]
            behind = processes.program_of(pid) if pid else None
            if behind is not None and behind != program:
                return f"lost: {behind} is behind it instead of {program}"
        if not greets(channel):
            return f"hung: no greeting within {GREETING_S:g} s"
    return ""


def connected_to(pid: int, path: str) -> int:
    """Number of connections to a unix socket opened in the network namespace of a process.

    The accepting end of a connection is listed in the namespace of the process that opened it, with
    the socket's name (unix_stream_connect in net/unix/af_unix.c of Linux).
    """
    found = 0
    name = os.fsencode(path)
    with open(f"/proc/{pid}/net/unix", "rb") as stream:  # names of sockets may hold any bytes
        for line in stream:
            part = line.split(maxsplit=7)
            if len(part) == 8 and part[5] == CONNECTED and part[7].rstrip(b"\n") == name:
                found += 1
    return found


def leftover_interfaces(patterns: Iterable[str]) -> list[str]:
    """Interfaces in the node's own network that a forwarder makes for pods.

    Only kinds that its kernel implementation makes (vxlan, veth), and only by their names; those of
    the Kubernetes network have other names.
    """
    code, text, _ = run_on_node(["ip", "-json", "-details", "link"])
    if code != 0:
        return []
    found = []
    for link in json.loads(text or "[]"):
        kind = link.get("linkinfo", {}).get("info_kind")
        name = str(link.get("ifname", ""))
        if kind in ("vxlan", "veth") and any(fnmatch.fnmatch(name, p) for p in patterns):
            found.append(name)
    return sorted(found)


class Node:
    """Looks at the node repeatedly; remembers processes to detect restarts."""

    def __init__(self, contracts: Contracts) -> None:
        """Begin without known processes: the first look never finds a restart."""
        self.contracts = contracts
        programs = {c.main for c in contracts.components.values()}
        programs |= {c.serving for c in contracts.components.values()}
        programs |= {p.dialler for p in contracts.peers if p.dialler}
        self.finder = processes.Finder(programs)
        self.before: dict[str, tuple[int, int]] = {}
        self.ticks = os.sysconf("SC_CLK_TCK")
        self.pool = ThreadPoolExecutor(max_workers=8)

    def look(self) -> list[Breach]:
        """All current breaches, except those of clients."""
        running = self._running()
        return [
            *self._components(running),
            *self._sockets(running),
            *self._peers(running),
            *(
                Breach("leftover-interface", name, f"{name} is in the node's own network")
                for name in leftover_interfaces(self.contracts.leftovers)
            ),
        ]

    def _running(self) -> dict[str, Running]:
        """The oldest living process of each program: a container's main process."""
        with open("/proc/uptime") as stream:
            uptime_s = float(stream.read().split()[0])
        found: dict[str, Running] = {}
        for program, rows in self.finder.find().items():
            alive = [row for row in rows if row[1] not in "ZX"]
            if alive:
                pid, _, start = min(alive, key=lambda row: row[2])
                found[program] = Running(pid, start, uptime_s - start / self.ticks)
        return found

    def _components(self, running: Mapping[str, Running]) -> Iterator[Breach]:
        for component in self.contracts.components.values():
            now = running.get(component.main)
            before = self.before.get(component.name)
            if now is None:
                yield Breach("component-gone", component.name, f"{component.main} does not run")
                continue
            if before is not None and before != (now.pid, now.start_ticks):
                text = f"{component.main} is another process than before"
                yield Breach("component-restarted", component.name, text, is_event=True)
            self.before[component.name] = (now.pid, now.start_ticks)

    def _sockets(self, running: Mapping[str, Running]) -> list[Breach]:
        jobs = []
        for served in self.contracts.sockets:
            owner = self.contracts.components.get(served.owner)
            process = running.get(owner.serving) if owner is not None else None
            if owner is not None and (process is None or process.age_s < START_S):
                continue  # the kubelet restarts it, or it is still creating its sockets
            for _, path in sockets.expand({served.name: served.pattern}):
                program = owner.serving if owner is not None else ""
                jobs.append((served, path, self.pool.submit(look_at_socket, path, program)))
        found = []
        for served, path, job in jobs:
            problem = job.result()
            if problem:
                found.append(self._socket_breach(served, path, problem))
        return found

    def _socket_breach(self, served: ServedSocket, path: str, problem: str) -> Breach:
        text = f"{path}: {problem.partition(': ')[2]}"
        blocks = "" if served.owner else "a workload serves it, and workloads are not restarted"
        if problem.startswith("hung") and served.owner:
            return Breach("component-hung", served.owner, text, component=served.owner)
        return Breach("socket-lost", f"socket {path}", text, component=served.owner, blocks=blocks)

    def _peers(self, running: Mapping[str, Running]) -> Iterator[Breach]:
        for peer in self.contracts.peers:
            component = self.contracts.components[peer.component]
            process = running.get(component.serving)
            pid = self._dialler(peer, running)
            if process is None or pid is None:
                continue
            try:
                if connected_to(pid, peer.socket):
                    continue
            except OSError:
                continue
            yield Breach(
                "peer-unaware",
                f"{peer.component} with {peer.known_to}",
                f"no connection to {peer.socket} is open",
                component=peer.component,
            )

    def _dialler(self, peer: Peer, running: Mapping[str, Running]) -> int | None:
        if not peer.dialler:
            return 1
        found = running.get(peer.dialler)
        return found.pid if found is not None else None
