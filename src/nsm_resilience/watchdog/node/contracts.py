# SPDX-License-Identifier: Apache-2.0
"""What NSM's components owe each other, as the watchdog's configuration describes it.

The facts (paths, programs, who serves what) come from the runner (nsm_resilience.systems, with
the files of NSM v0.2.0 they were read in), so that another release needs no change here.
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
        name: As scenarios call it, e.g. `nsmd`.
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
    """A unix socket that a component makes at its start and answers on for as long as it lives.

    `owner` is a component's name, or empty for one that a workload serves: those are watched and
    reported, but a workload is never restarted.
    """

    name: str
    pattern: str
    owner: str


@dataclass(frozen=True)
class Peer:
    """A connection that stays open between two components once one has made itself known.

    When it is missing while both live, one of them was restarted and the other did not notice.

    Attributes:
        component: Who has to make itself known (again), and is restarted to do so.
        known_to: With whom.
        socket: Path of the socket that the connection goes to.
        dialler: Program that opens the connection; empty for the node itself (kubelet).
    """

    component: str
    known_to: str
    socket: str
    dialler: str


@dataclass(frozen=True)
class Contracts:
    """Everything the watchdog knows of NSM, and where it is."""

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
    """Path of the socket that a client is served on, for any workspace."""

    @classmethod
    def of(cls, given: dict[str, Any], node: str) -> Contracts:
        """From the JSON of the deployment; KeyError or TypeError when it does not fit."""
        parts: dict[str, Any] = {
            "components": {c["name"]: Component(**c) for c in given["components"]},
            "sockets": [ServedSocket(**s) for s in given["sockets"]],
            "peers": [Peer(**p) for p in given["peers"]],
        }
        return cls(**{**given, **parts, "node": node})
