# SPDX-License-Identifier: Apache-2.0
"""Which campaigns use a cluster: written on the cluster itself, so that every checkout sees it.

A campaign is known by its host and folder. It uses the cluster from `cluster up` until its own
`cluster down`; one of this host that was killed does not count, because the kernel has released its
locks. Of another host nobody can tell that from here, so it counts.
"""

from __future__ import annotations

import hashlib
import json
import socket
from dataclasses import dataclass
from pathlib import Path

from nsm_resilience.record.lock import is_held
from nsm_resilience.testbed.api import API_FAULTS, NAMESPACES, Cluster
from nsm_resilience.testbed.base import AGENT_NAMESPACE

MARK = "nsm-resilience/user-"
"""Annotations of our namespace that begin so are campaigns."""
_NAMESPACE = f"{NAMESPACES}/{AGENT_NAMESPACE}"


@dataclass(frozen=True, slots=True)
class User:
    """A campaign that uses a cluster: the host it is run from, and its folder there."""

    host: str
    folder: str

    @property
    def key(self) -> str:
        """The name of its annotation."""
        digest = hashlib.sha256(f"{self.host}\n{self.folder}".encode()).hexdigest()
        return f"{MARK}{digest[:12]}"

    @property
    def runs(self) -> bool:
        """Whether it is being run, as far as this host can tell."""
        if self.host != socket.gethostname():
            return True
        folder = Path(self.folder)
        return any(map(is_held, (folder / ".lock", *folder.glob("locks/*.lock"))))

    def __str__(self) -> str:
        """For people."""
        return f"{self.folder} on {self.host}"


def user_of(campaign_folder: Path) -> User:
    """The campaign of a folder of this host."""
    return User(socket.gethostname(), str(campaign_folder.resolve()))


def enter(cluster: Cluster, campaign_folder: Path) -> None:
    """Write down that a campaign uses the cluster. May be repeated."""
    user = user_of(campaign_folder)
    value = json.dumps({"host": user.host, "folder": user.folder})
    cluster.merge(_NAMESPACE, {"metadata": {"annotations": {user.key: value}}})


def leave(cluster: Cluster, campaign_folder: Path) -> None:
    """Take that back."""
    cluster.merge(_NAMESPACE, {"metadata": {"annotations": {user_of(campaign_folder).key: None}}})


def others(cluster: Cluster, campaign_folder: Path) -> list[User]:
    """Other campaigns that use the cluster now; none where nothing of ours answers."""
    try:
        found = cluster.get(_NAMESPACE, timeout_s=5)
    except API_FAULTS:
        return []
    marks = {
        key: value
        for key, value in (found["metadata"].get("annotations") or {}).items()
        if key.startswith(MARK)
    }
    users = [user for value in marks.values() if (user := _read(value)) is not None]
    own = user_of(campaign_folder)
    return sorted((u for u in users if u != own and u.runs), key=str)


def _read(value: str) -> User | None:
    try:
        given = json.loads(value)
        return User(str(given["host"]), str(given["folder"]))
    except (ValueError, KeyError, TypeError):
        return None
