# SPDX-License-Identifier: Apache-2.0
"""Data path probe: one ICMP echo per interval, from a pod's network namespace to its NSM peer.

Order: {"pod_uid", "interface", "peer": network | route, "interval_ns", "deadline_ns",
"give_up_ns", "until_replies"}.
Lines: started, address, interface_lost, echoes {"rows": [[seq, due_ns, sent_ns, rtt_ns, fate,
error], …]}, ended. Times are this node's CLOCK_MONOTONIC. Every echo has a fate: `reply` with its
round trip, `lost` without a reply within the deadline, `send_error` when the kernel refused to send
it. The socket is bound to the interface, so that no echo leaves by another one.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import socket
import struct
import sys
import time
from typing import Any

import processes
from lines import Stop, be_punctual, emit, no_more_stops, order, stop_on_term
from netns import enter, enter_network, network_of_process

SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFNETMASK = 0x8913, 0x8915, 0x891B
IFF_UP = 1
ECHO, ECHO_REPLY = 8, 0
FLUSH_NS = 250_000_000
LOOK_NS = 100_000_000
SEARCH_NS = 1_000_000_000


def checksum(data: bytes) -> int:
    """Internet checksum of an even number of bytes (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def packet(identifier: int, seq: int, nonce: int) -> bytes:
    """An echo request whose payload carries the full sequence number and this run's nonce."""
    payload = struct.pack("!IQ", seq, nonce)
    header = struct.pack("!BBHHH", ECHO, 0, 0, identifier, seq & 0xFFFF)
    value = checksum(header + payload)
    return struct.pack("!BBHHH", ECHO, 0, value, identifier, seq & 0xFFFF) + payload


def reply_of(data: bytes, identifier: int, nonce: int) -> int | None:
    """Sequence number if the packet is a reply to one of ours, else None."""
    start = (data[0] & 0x0F) * 4
    if len(data) < start + 20:
        return None
    kind, _code, _sum, ident, _seq = struct.unpack_from("!BBHHH", data, start)
    seq, theirs = struct.unpack_from("!IQ", data, start + 8)
    return seq if (kind, ident, theirs) == (ECHO_REPLY, identifier, nonce) else None


def address_of(interface: str) -> tuple[bytes, int] | None:
    """(address, prefix length) of an interface, or None when it is missing or has none."""
    request = struct.pack("256s", interface.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        try:
            address = fcntl.ioctl(handle, SIOCGIFADDR, request)[20:24]
            mask = fcntl.ioctl(handle, SIOCGIFNETMASK, request)[20:24]
        except OSError:
            return None
    return address, bin(int.from_bytes(mask, "big")).count("1")


def is_up(interface: str) -> bool:
    """Whether an interface is administratively up."""
    request = struct.pack("256s", interface.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        try:
            flags = fcntl.ioctl(handle, SIOCGIFFLAGS, request)[16:18]
        except OSError:
            return False
    return bool(struct.unpack("H", flags)[0] & IFF_UP)


def peer_of(address: bytes, prefix: int) -> str | None:
    """The other end of a point-to-point network; NSM gives each connection a /30 (or /31)."""
    value = int.from_bytes(address, "big")
    if prefix == 31:
        other = value ^ 1
    elif prefix == 30 and value & 3 in (1, 2):
        other = value ^ 3
    else:
        return None
    return socket.inet_ntoa(other.to_bytes(4, "big"))


def behind(interface: str, own: bytes) -> str | None:
    """The destination of the first host route through an interface to another address, or None.

    NSM of today gives both ends a /32 and such a route.
    """
    with open("/proc/thread-self/net/route") as table:
        rows = [line.split() for line in table][1:]
    for row in rows:
        # addresses are in the machine's byte order (net/ipv4/fib_trie.c, fib_route_seq_show)
        address = int(row[1], 16).to_bytes(4, sys.byteorder)
        if row[0] == interface and row[7] == "FFFFFFFF" and address != own:
            return socket.inet_ntoa(address)
    return None


class Target:
    """The current NSM interface, also after it was removed, recreated or renumbered."""

    def __init__(self, interface: str, by_route: bool = False) -> None:
        """`by_route`: the other end is the destination of a route."""
        self.interface = interface
        self.by_route = by_route
        self.index: int | None = None
        self.address: tuple[bytes, int] | None = None
        self.up = False
        self.peer: str | None = None
        self.socket: socket.socket | None = None

    def look(self) -> None:
        """Read the interface; when it has changed, report it and reopen the socket."""
        try:
            index: int | None = socket.if_nametoindex(self.interface)
        except OSError:
            index = None
        address = address_of(self.interface) if index is not None else None
        up = index is not None and is_up(self.interface)
        peer = self._peer(*address) if address else None
        if (index, address, up, peer) == (self.index, self.address, self.up, self.peer):
            return
        had = self.index is not None
        self.index, self.address, self.up, self.peer = index, address, up, peer
        self.close()
        if index is None:
            if had:
                emit("interface_lost", t_ns=time.monotonic_ns(), interface=self.interface)
            return
        emit(
            "address",
            t_ns=time.monotonic_ns(),
            interface=self.interface,
            interface_index=index,
            address=f"{socket.inet_ntoa(address[0])}/{address[1]}" if address else None,
            peer=self.peer,
            up=up,
        )
        if self.peer:
            self.open()

    def _peer(self, address: bytes, prefix: int) -> str | None:
        return behind(self.interface, address) if self.by_route else peer_of(address, prefix)

    def open(self) -> None:
        """Open a socket bound to the interface, unless that has disappeared since `look`."""
        made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        made.setblocking(False)
        try:
            name = self.interface.encode() + b"\0"
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
        except OSError:
            made.close()
            self.index = None  # so that the next look sees a change
            return
        self.socket = made

    def close(self) -> None:
        """Close the socket."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None


class Prober:
    """Sends at every interval, receives in between, and determines the fate of every echo."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.target = Target(wanted["interface"], by_route=wanted.get("peer") == "route")
        self.interval = wanted["interval_ns"]
        self.deadline = wanted["deadline_ns"]
        self.identifier = os.getpid() & 0xFFFF
        self.nonce = int.from_bytes(os.urandom(8), "big")
        self.pending: dict[int, tuple[int, int]] = {}
        self.rows: list[list[Any]] = []
        self.replies = 0
        self.flushed = 0

    def send(self, seq: int, due: int) -> None:
        """Send one echo, or record why it could not be sent."""
        error = "ENODEV"
        if self.target.socket is not None:
            sent = time.monotonic_ns()
            try:
                self.target.socket.sendto(
                    packet(self.identifier, seq, self.nonce), (self.target.peer, 0)
                )
            except OSError as problem:
                error = errno.errorcode.get(problem.errno or 0, str(problem.errno))
            else:
                self.pending[seq] = (due, sent)
                return
        elif self.target.index is not None:
            error = "EADDRNOTAVAIL"
        self.rows.append([seq, due, time.monotonic_ns(), None, "send_error", error])

    def receive_until(self, due: int) -> None:
        """Receive replies until the next echo is due."""
        while True:
            left = due - time.monotonic_ns()
            if left <= 0:
                return
            if self.target.socket is None:
                time.sleep(left / 1e9)
                return
            readable, _, _ = select.select([self.target.socket], [], [], left / 1e9)
            if not readable:
                return
            try:
                data = self.target.socket.recv(2048)
            except OSError:
                continue
            now = time.monotonic_ns()
            seq = reply_of(data, self.identifier, self.nonce)
            if seq is not None and seq in self.pending:
                asked, sent = self.pending.pop(seq)
                self.rows.append([seq, asked, sent, now - sent, "reply", None])
                self.replies += 1

    def settle(self, everything: bool = False) -> None:
        """Give up echoes older than the deadline (at the end: all) and emit rows."""
        now = time.monotonic_ns()
        for seq, (due, sent) in list(self.pending.items()):
            if not everything and now - sent < self.deadline:
                break
            self.rows.append([seq, due, sent, None, "lost", None])
            del self.pending[seq]
        if self.rows and (everything or now - self.flushed >= FLUSH_NS):
            emit("echoes", rows=self.rows)
            self.rows, self.flushed = [], now


def find_pod(pod_uid: str, give_up_ns: int) -> int | None:
    """A process of the pod in the pod's network, or None when none starts in time."""
    while time.monotonic_ns() < give_up_ns:
        pid = processes.in_network_of(pod_uid)
        if pid is not None:
            return pid
        time.sleep(0.05)
    return None


class Inside:
    """Keeps this thread in the pod's network while the pod has one.

    A network exists while any process is in it. So this thread leaves a network without its pod;
    else the interface of a dead client would stay and answer.
    """

    def __init__(self, pod_uid: str, pid: int) -> None:
        self.pod_uid = pod_uid
        self._own = network_of_process(os.getpid())
        self._enter(pid)

    def _enter(self, pid: int) -> None:
        stat = processes.stat_of(pid)
        enter_network(pid)
        self._holder: tuple[int, int] | None = (pid, stat[1]) if stat is not None else None
        self._looked = time.monotonic_ns()

    def _held(self) -> bool:
        if self._holder is None:
            return False
        return processes.state_of(*self._holder) not in processes.GONE

    def look(self, target: Target) -> None:
        """Leave a network without its pod; enter the pod's new one."""
        if self._held():
            return
        now = time.monotonic_ns()
        if self._holder is None and now - self._looked < SEARCH_NS:
            return
        self._looked = now
        pid = processes.in_network_of(self.pod_uid)
        target.close()
        try:
            self._leave() if pid is None else self._enter(pid)
        except OSError:  # the process ended just now
            self._leave()

    def _leave(self) -> None:
        enter(self._own)
        self._holder = None


def probe(prober: Prober, wanted: dict[str, Any], inside: Inside) -> str:
    """Send an echo per interval; returns why it ended. Stop is not caught."""
    start = time.monotonic_ns() + prober.interval
    emit("started", t_ns=start, priority=be_punctual())
    seq, looked = 0, 0
    while True:
        due = start + seq * prober.interval
        prober.receive_until(due)
        now = time.monotonic_ns()
        if now - looked >= LOOK_NS:
            inside.look(prober.target)
            prober.target.look()
            looked = now
        prober.send(seq, due)
        prober.settle()
        seq += 1
        if wanted.get("until_replies") and prober.replies >= wanted["until_replies"]:
            return "enough replies"
        if now >= wanted["give_up_ns"]:
            return "the time was over"


def main() -> None:
    """Probe until stopped, until the time is over, or until enough replies have come."""
    wanted = order()
    stop_on_term()
    prober = Prober(wanted)
    because = "asked to stop"
    with contextlib.suppress(Stop):
        pid = find_pod(wanted["pod_uid"], wanted["give_up_ns"])
        if pid is None:
            because = "the pod never had a process"
        else:
            because = probe(prober, wanted, Inside(wanted["pod_uid"], pid))
    with contextlib.suppress(Stop):  # replies that are still in flight
        prober.receive_until(time.monotonic_ns() + 200_000_000)
    no_more_stops()
    prober.settle(everything=True)
    emit("ended", t_ns=time.monotonic_ns(), because=because)


if __name__ == "__main__":
    main()
