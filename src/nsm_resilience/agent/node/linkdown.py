# SPDX-License-Identifier: Apache-2.0
"""An interface in a pod's own network is set down, and set up again.

The kernel's own requests (netdevice(7)) read and set its state: they take microseconds and need no
tool. The kernel removes the routes of a link that is set down, and restores only those that follow
from its addresses; the node's `ip` restores the others. A note on the node (see `damage`) lists the
interface, so that the agent can set it up again when the injector is gone.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from typing import Any

import damage
import processes
from lines import seen
from netns import in_network, network_of_process, run_on_node

GET_FLAGS, SET_FLAGS, GET_INDEX = 0x8913, 0x8914, 0x8933
"""SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCGIFINDEX of linux/sockios.h."""
UP = 0x1
"""IFF_UP of linux/if.h."""
REQUEST = "16s{}"
"""struct ifreq: a name, then the value."""
LONGEST = 15
"""Bytes of a name (IFNAMSIZ less its end)."""


def channel_in(pid: int) -> socket.socket:
    """A socket in the network of a process, for requests about its interfaces.

    The open socket keeps the network alive. OSError when the process is gone.
    """
    network = network_of_process(pid)
    try:
        return in_network(network, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    finally:
        os.close(network)


def state(channel: socket.socket, name: str) -> dict[str, Any] | None:
    """An interface as {index, up}; None when no interface has that name."""
    if len(name.encode()) > LONGEST:
        return None
    try:
        index = _ask(channel, GET_INDEX, name, "i20x")
        flags = _ask(channel, GET_FLAGS, name, "H22x")
    except OSError:
        return None
    return {"index": index, "up": bool(flags & UP)}


def set_link(channel: socket.socket, name: str, up: bool) -> None:
    """Set an interface up or down and keep its other flags. OSError when that is impossible."""
    flags = _ask(channel, GET_FLAGS, name, "H22x")
    _ask(channel, SET_FLAGS, name, "H22x", flags | UP if up else flags & ~UP)


def _ask(channel: socket.socket, number: int, name: str, value: str, given: int = 0) -> int:
    form = REQUEST.format(value)
    answer = fcntl.ioctl(channel, number, struct.pack(form, name.encode(), given))
    return int(struct.unpack(form, answer)[1])


def routes(pid: int, name: str) -> list[str]:
    """The routes through an interface, as the node's `ip` prints them; empty without `ip`."""
    code, text, _ = run_on_node(["ip", "-4", "route", "show", "dev", name], network_of=pid)
    return [line.strip() for line in text.splitlines() if line.strip()] if code == 0 else []


def whole(route: str) -> list[str]:
    """The words of a printed route, with its scope.

    `ip` omits a global scope when it prints a route, but assumes `link` when it reads one without a
    scope: a client's route that was restored as printed differed from the original.
    """
    words = route.split()
    return words if "scope" in words else [*words, "scope", "global"]


def set_up_again(kept: dict[str, Any]) -> bool:
    """Set an interface up again; returns whether it is up with its routes.

    True as well when the interface no longer exists: the pod is gone, or the system under test has
    removed the interface or made another one with its name.
    """
    pid = processes.in_network_of(kept["pod_uid"])
    if pid is None:
        return True
    name = kept["interface"]
    with channel_in(pid) as channel:
        now = state(channel, name)
        if now is None or now["index"] != kept["index"] or now["up"]:
            return True
        set_link(channel, name, up=True)
        for route in kept["routes"]:
            run_on_node(
                ["ip", "-4", "route", "replace", *whole(route), "dev", name], network_of=pid
            )
        now = state(channel, name)
    back = set(kept["routes"]) <= set(routes(pid, name))
    return now is not None and now["up"] and back


def set_all_up(fault: str = "*") -> list[bool]:
    """Set up the interfaces of a fault, or of all, and remove the notes; whether each is up."""
    found = []
    for file, kept in damage.noted("down", fault):
        try:
            found.append(kept is not None and set_up_again(kept))
        except (OSError, KeyError, TypeError):
            found.append(False)
        damage.forget(file)
    return found


class Interface:
    """A fault that sets an interface of a pod down."""

    METHODS = frozenset({"down"})

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.id, self.method = wanted["id"], wanted["method"]
        self.pod, self.uid, self.name = wanted["pod"], wanted["pod_uid"], wanted["interface"]
        self.channel: socket.socket | None = None
        self.before: dict[str, Any] | None = None
        self.after: dict[str, Any] | None = None
        pid = processes.in_network_of(self.uid)
        if pid is None:
            return
        self.channel = channel_in(pid)
        found = state(self.channel, self.name)
        if found is not None:
            self.before = {"interface": self.name, **found, "routes": routes(pid, self.name)}
        if self.before is not None and self.before["up"]:
            damage.note("down", self.id, {"pod_uid": self.uid, **self.before})

    def inject(self) -> None:
        """Set it down and read its state; LookupError without an interface, or if it is down."""
        if self.channel is None or self.before is None:
            raise LookupError(f"pod {self.pod} has no interface {self.name} on this node")
        if not self.before["up"]:
            raise LookupError(f"the interface {self.name} of pod {self.pod} is down already")
        set_link(self.channel, self.name, up=False)
        # at once, because the system under test may make another one within a second
        self.after = state(self.channel, self.name)

    def prove(self, _until_ns: int) -> tuple[bool, list[dict[str, Any]]]:
        """(proved, checks): right after the injection the same interface was not up."""
        before, after = self.before or {}, self.after or {}
        ok = after.get("index") == before.get("index") and after.get("up") is False
        return ok, [seen("the same interface is down", ok, self.before, self.after)]

    def undo(self) -> tuple[bool, list[dict[str, Any]]]:
        """Set it up again, if it still exists; (undone, checks)."""
        if self.channel is None:
            return True, []
        with self.channel as channel:
            if self.before is None:
                return True, []
            ok = all(set_all_up(self.id))
            now = state(channel, self.name)
        return ok, [seen("it is up, or not there any more", ok, self.before, now)]
