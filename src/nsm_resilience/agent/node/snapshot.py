# SPDX-License-Identifier: Apache-2.0
"""The state of this node at one moment: interfaces, routes, sockets, processes.

Order: {"programs": [...], "sockets": {name: path pattern}, "pods": {pod name: uid}}. One line:
snapshot {"t_ns", "node": {...}, "pods": {pod name: {interfaces, routes}}, "sockets", "processes"}.
"""

from __future__ import annotations

import json
import time
from typing import Any

import processes
import sockets
from lines import emit, order
from netns import run_on_node


def interface(raw: dict[str, Any]) -> dict[str, Any]:
    """The relevant fields of an interface in `ip -json -details address`."""
    link = raw.get("linkinfo", {})
    data = link.get("info_data", {})
    return {
        "name": raw.get("ifname"),
        "index": raw.get("ifindex"),
        "up": "UP" in raw.get("flags", []),
        "kind": link.get("info_kind"),
        "vxlan": {k: data[k] for k in ("id", "remote", "local") if k in data} or None,
        "mac": raw.get("address"),
        "addresses": [f"{a.get('local')}/{a.get('prefixlen')}" for a in raw.get("addr_info", [])],
    }


def route(raw: dict[str, Any]) -> dict[str, Any]:
    """The relevant fields of a route."""
    return {k: raw[k] for k in ("dst", "gateway", "dev", "prefsrc") if k in raw}


def network(pid: int) -> dict[str, Any]:
    """Interfaces and routes in the network of a process, by the node's own `ip`."""
    state: dict[str, Any] = {}
    for name, what, shorten in (
        ("interfaces", ["-details", "address"], interface),
        ("routes", ["route"], route),
    ):
        code, text, problem = run_on_node(["ip", "-json", *what], network_of=pid)
        try:
            state[name] = (
                [shorten(raw) for raw in json.loads(text)]
                if code == 0
                else {"error": problem.strip()}
            )
        except ValueError:
            state[name] = {"error": "no JSON", "text": text[:2000]}
    return state


def main() -> None:
    """Take a snapshot and write it."""
    wanted = order()
    t_ns = time.monotonic_ns()
    pods: dict[str, Any] = {}
    for pod, uid in wanted["pods"].items():
        pid = processes.in_network_of(uid)
        pods[pod] = {"error": "the pod has no process"} if pid is None else network(pid)
    found = processes.Finder(wanted["programs"]).find()
    emit(
        "snapshot",
        t_ns=t_ns,
        node=network(1),
        pods=pods,
        sockets=[
            {"name": name, "path": path, **sockets.describe(path)}
            for name, path in sockets.expand(wanted["sockets"])
        ],
        processes={
            program: [{"pid": p, "state": s, "start_ticks": t} for p, s, t in rows]
            for program, rows in found.items()
        },
    )


if __name__ == "__main__":
    main()
