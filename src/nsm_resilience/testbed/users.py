# SPDX-License-Identifier: Apache-2.0
"""Which campaigns use a cluster: written on the cluster itself, so that every checkout sees it.

A campaign is known by its host and folder. It uses the cluster from `cluster up` until its own
`cluster down`; one of this host that was killed does not count, because the kernel has released its
locks. Of another host nobody can tell that from here, so it counts. A cluster that is too busy to
answer is not one that nobody uses: campaigns beside this one are also known by their own files.
"""

from __future__ import annotations

import hashlib
import json
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException

from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.lock import is_held
from nsm_resilience.testbed.api import API_FAULTS, NAMESPACES, Cluster
from nsm_resilience.testbed.base import AGENT_NAMESPACE, TestbedError
from nsm_resilience.testbed.connection import KubeconfigError
from nsm_resilience.testbed.marker import read_marker

MARK = "nsm-resilience/user-"
"""Annotations of our namespace that begin so are campaigns."""
ASKED, ASKED_S, PAUSE_S = 3, 5.0, 1.0
"""How often a cluster is asked that does not answer, for how long each time, and the pause between;
seconds. One on a busy machine may be late."""
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


def others(kubeconfig: Path, context: str, campaign_folder: Path, name: str) -> list[User]:
    """Other campaigns that use the cluster of this name now; it need not be reachable."""
    users = set(_beside(campaign_folder, name))
    with suppress(KubeconfigError):  # it was never made, or its kubeconfig is gone
        users.update(_written_down(Cluster(kubeconfig, context)))
    own = user_of(campaign_folder)
    return sorted((u for u in users if u != own and u.runs), key=str)


def _written_down(cluster: Cluster) -> list[User]:
    """Those that the cluster knows; none where nothing of ours is, or answers."""
    found: dict[str, Any] = {}
    for nth in range(ASKED):
        if nth:
            time.sleep(PAUSE_S)
        try:
            found = cluster.get(_NAMESPACE, timeout_s=ASKED_S)
            break
        except ApiException:
            break
        except API_FAULTS:
            continue
    noted = found.get("metadata", {}).get("annotations") or {}
    values = (value for key, value in noted.items() if key.startswith(MARK))
    return [user for value in values if (user := _read(value)) is not None]


def _beside(campaign_folder: Path, name: str) -> list[User]:
    """Campaigns in the same folder whose own files name this cluster."""
    found = []
    for campaign in campaign_folder.resolve().parent.glob("[!.]*"):
        try:
            marker = read_marker(CampaignLayout(campaign).cluster)
        except TestbedError:
            continue
        if marker.name == name:
            found.append(user_of(campaign))
    return found


def _read(value: str) -> User | None:
    try:
        given = json.loads(value)
        return User(str(given["host"]), str(given["folder"]))
    except (ValueError, KeyError, TypeError):
        return None
