# SPDX-License-Identifier: Apache-2.0
"""The acts of the watchdog on a finding. Each returns a sentence about its result."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Mapping

import processes
import request
import sockets
from clients import Client
from contracts import Contracts
from netns import HOST_ROOT, run_on_node
from observe import greets
from policy import Breach, Decision

BACK_S = 20.0
"""How long to wait for a restarted component."""


class Failed(Exception):
    """An act had no effect; the text says why."""


def restart(contracts: Contracts, name: str) -> str:
    """End a component's main process and wait until the kubelet has started another.

    SIGKILL also ends a process that is stopped or waits for ever, and NSM's components are made to
    survive a crash. Ordinary files in the places of its sockets are removed first: at its start it
    removes a dead socket there, but not a file (SocketCleanup in pkg/tools/tools.go).
    """
    component = contracts.components[name]
    removed = []
    for served in contracts.sockets:
        if served.owner != name:
            continue
        for _, path in sockets.expand({served.name: served.pattern}):
            if sockets.describe(path)["kind"] == "file":
                os.unlink(HOST_ROOT + path)
                removed.append(os.path.basename(path))
    before = processes.component(component.main)
    if before is None:
        raise Failed(f"{component.main} does not run; the kubelet is about to start it")
    os.kill(before["pid"], signal.SIGKILL)
    end = time.monotonic() + BACK_S
    while time.monotonic() < end:
        now = processes.component(component.main)
        if now is not None and now["start_ticks"] != before["start_ticks"]:
            files = f"; removed the files {', '.join(removed)}" if removed else ""
            return f"{component.main} was killed and runs again{files}"
        time.sleep(0.2)
    raise Failed(f"{component.main} was killed and did not come back within {BACK_S:g} s")


def remove(interface: str) -> str:
    """Remove an interface from the node's own network."""
    code, _, problem = run_on_node(["ip", "link", "delete", interface])
    if code != 0:
        raise Failed(f"{interface} could not be removed: {problem.strip()}")
    return f"{interface} was removed from the node's network"


def reconnect(client: Client) -> str:
    """Ask for a client's connection again."""
    try:
        new = client.reconnect()
    except (request.Refused, OSError, LookupError) as error:
        raise Failed(f"NSM gave {client.name} no connection: {error}") from error
    return f"NSM gave {client.name} the connection {new}"


def do(decision: Decision, contracts: Contracts, clients: Mapping[str, Client]) -> tuple[bool, str]:
    """Carry out a decision; (whether it succeeded, its result in words). Never raises."""
    breach: Breach = decision.finding.breach
    try:
        if decision.act == "restart":
            return True, restart(contracts, breach.component)
        if decision.act == "remove":
            return True, remove(breach.subject)
        if breach.client not in clients:
            raise Failed(f"{breach.client} is no longer on this node")
        return True, reconnect(clients[breach.client])
    except Failed as error:
        return False, str(error)
    except Exception as error:  # an act without an outcome would look unfinished
        return False, f"{type(error).__name__}: {error}"


def answers(url: str, timeout_s: float = 2.0) -> bool:
    """Whether a remote service manager greets a caller on its public address, `host:port`."""
    host, _, port = url.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout_s) as channel:
            channel.settimeout(timeout_s)
            return greets(channel)
    except (OSError, ValueError):
        return False
