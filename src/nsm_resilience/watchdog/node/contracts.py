# SPDX-License-Identifier: Apache-2.0
"""The contracts between NSM's components, from the watchdog's configuration.

The facts (paths, programs, owners of sockets) come from the runner (nsm_resilience.systems, which
names their sources in NSM v0.2.0), so that another release needs no change here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Mode = Literal["observe", "heal"]


@dataclass(frozen=True)
class Component:
    """A part of NSM on every node.

    Attributes:
        name: Its name in scenarios, e.g. `nsmd`.
        app: Label of its pod.
        main: Program of its container's main process: when that ends, the kubelet starts it again.
        serving: Program that serves the component's sockets; mostly the same.
    """

    name: str
    app: str
    main: str
    serving: str


@dataclass(frozen=True)
class ServedSocket:
    """A unix socket that a component creates at its start and answers on while it lives.

    `owner` is a component's name, or empty for a socket of a workload: it is watched and reported,
    but a workload is never restarted.
    """

    name: str
    pattern: str
    owner: str


@dataclass(frozen=True)
class Peer:
    """A connection that stays open between two components after one has registered.

    If it is missing while both live, one of them was restarted and the other did not notice.

    Attributes:
        component: The component that registers; a restart makes it register again.
        known_to: The component at which it registers.
        socket: Path of the socket that the connection goes to.
        dialler: Program that opens the connection; empty for the node itself (kubelet).
    """

    component: str
    known_to: str
    socket: str
    dialler: str


@dataclass(frozen=True)
class Contracts:
    """The whole configuration of the watchdog: NSM's contracts, mode, node and namespace."""

    mode: Mode
    node: str
    namespace: str
    components: Mapping[str, Component]
    sockets: Sequence[ServedSocket]
    peers: Sequence[Peer]
    interface: str
    leftovers: Sequence[str]
    device: str
    workspace: str
    """Pattern of the path of a client's socket, for any workspace."""

    @classmethod
    def of(cls, given: dict[str, Any], node: str) -> Contracts:
        """From the JSON of the deployment; KeyError or TypeError when it does not fit."""
        parts: dict[str, Any] = {
            "components": {c["name"]: Component(**c) for c in given["components"]},
            "sockets": [ServedSocket(**s) for s in given["sockets"]],
            "peers": [Peer(**p) for p in given["peers"]],
        }
        return cls(**{**given, **parts, "node": node})
