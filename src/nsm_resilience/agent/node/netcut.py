# SPDX-License-Identifier: Apache-2.0
"""The node is cut off from addresses by rules of its own, and joined again."""

from __future__ import annotations

import os
import re
import socket
import time
from typing import Any

import foreign
import processes
import rules
from lines import seen
from netns import HOST_ROOT, in_network, network_of_process, run_on_node

KUBECONFIGS = ("/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/kubeconfig")
SERVER = re.compile(r"^\s*server:\s*['\"]?https://(\[[^]]+\]|[^:/\s'\"]+)(?::(\d+))?", re.MULTILINE)
TRY_S = 1.0
"""Time limit of a connection."""
BACK_S = 2.0
"""How long to wait for an answer after the removal of the rules."""


def kubelets_server() -> list[tuple[str, int | None]]:
    """The addresses under which this node's kubelet knows the API server; empty if unknown."""
    for path in KUBECONFIGS:
        try:
            found = SERVER.search(foreign.text_of(foreign.read(HOST_ROOT + path)))
        except OSError:
            continue
        if found is not None:
            host, port = found[1].strip("[]"), int(found[2] or 443)
            _, text, _ = run_on_node(["getent", "ahosts", host])
            return [(a, port) for a in sorted({line.split()[0] for line in text.splitlines()})]
    return []


def reached(network: int, address: str, port: int) -> bool:
    """Whether `address` accepts a connection from the network that is open as `network`."""

    def connect() -> bool:
        with socket.create_connection((address, port), TRY_S):
            return True

    try:
        return in_network(network, connect)
    except OSError:
        return False


class Network:
    """A fault that cuts the node off from `drop`; TCP connections to `try` prove it."""

    METHODS = frozenset({"cut"})

    def __init__(self, wanted: dict[str, Any]) -> None:
        """Find the addresses that answer before the fault."""
        self.id, self.method = wanted["id"], wanted["method"]
        self.drop: list[tuple[str, int | None]] = [(a, port) for a, port in wanted["drop"]]
        if wanted["kubelets_server"]:
            self.drop += [one for one in kubelets_server() if one not in self.drop]
        self.tried: list[tuple[str, int]] = [(address, port) for address, port in wanted["try"]]
        self.networks = {"node": network_of_process(1)}
        pod = processes.component(wanted["from_pod_of"])
        if pod is not None and processes.in_own_network(pod["pid"]):
            # kept open, because the pod may be gone at the proof
            self.networks["pod"] = network_of_process(pod["pid"])
        self.before: dict[str, Any] = {
            "drop": [list(one) for one in self.drop], "reached": self._reached()
        }  # fmt: skip

    def _reached(self) -> list[str]:
        return [
            f"{address}:{port} from the {name}"
            for name, network in self.networks.items()
            for address, port in self.tried
            if reached(network, address, port)
        ]

    def inject(self) -> None:
        """Add the rules; LookupError when there is nothing to drop."""
        if not self.drop:
            raise LookupError("there is no address to cut the node off from")
        rules.drop(self.drop, self.id)

    def prove(self, _until_ns: int) -> tuple[bool, list[dict[str, Any]]]:
        """(proved, checks): the rules are there, and no address answers any more."""
        there, now = rules.find(self.id), self._reached()
        silent = bool(self.before["reached"]) and not now
        checks = [
            seen("the rules are there", bool(there), None, there),
            seen("nothing answers any more", silent, self.before["reached"], now),
        ]
        return all(c["ok"] for c in checks), checks

    def undo(self) -> tuple[bool, list[dict[str, Any]]]:
        """Remove our rules; (undone, checks): an address that answered before answers again."""
        left = rules.remove(self.id)
        end, now = time.monotonic() + BACK_S, self._reached()
        while set(now) < set(self.before["reached"]) and time.monotonic() < end:
            now = self._reached()
        for handle in self.networks.values():
            os.close(handle)
        back = bool(now)
        checks = [
            seen("the rules are gone", not left, None, left),
            seen("it answers again", back, self.before["reached"], now),
        ]
        return not left and back, checks
