# SPDX-License-Identifier: Apache-2.0
"""The campaigns that use a cluster, listed on the cluster itself, so that every checkout sees them.

A campaign is identified by its host and folder, and also by an id in its folder, because hosts
change their names. It uses the cluster from `cluster up` until its own `cluster down`. A killed
campaign of this host does not count, because the kernel has released its locks; one of another host
counts, because its locks cannot be seen from here. A busy cluster that does not answer may still be
in use: campaigns in the same place are also found by their own files. If two campaigns come at
once, the API server accepts one first, and the other sees it (`enter`).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shlex
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException

from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.lock import is_held
from nsm_resilience.record.writer import utc_now
from nsm_resilience.testbed.api import API_FAULTS, NAMESPACES, Cluster, wait_for
from nsm_resilience.testbed.base import AGENT_NAMESPACE, TestbedError
from nsm_resilience.testbed.connection import KubeconfigError
from nsm_resilience.testbed.marker import read_marker

MARK = "nsm-resilience/user-"
"""Prefix of the annotations of our namespace that list campaigns."""
ASKED, ASKED_S, PAUSE_S = 3, 5.0, 1.0
"""Number of queries, timeout of each, and pause between them, in seconds, for a cluster that does
not answer. A busy machine may be late."""
ID_FILE = ".user"
"""The file in a campaign's folder with its id on clusters."""
MACHINE = Path("/etc/machine-id")
"""machine-id(5)."""
ENTER_S = 180.0
"""How long a campaign waits for its entry, e.g. until an old namespace is removed; seconds."""
_NAMESPACE = f"{NAMESPACES}/{AGENT_NAMESPACE}"


@dataclass(frozen=True, slots=True)
class User:
    """A campaign that uses a cluster: its host, its folder there, and its id.

    Entries of older versions have no id.
    """

    host: str
    folder: str
    id: str = field(default="", compare=False)
    machine: str = field(default="", compare=False)
    """Distinguishes machines with one name; empty if the system has no such id."""

    @property
    def key(self) -> str:
        """The name of its annotation, which a change of the host's name does not affect."""
        return f"{MARK}{_digest(self.id or self.host, self.folder)}"

    @property
    def is_far(self) -> bool:
        """Whether it is of another host, according to names and ids of machines."""
        return self.host != socket.gethostname() or _differ(self.machine, _machine())

    @property
    def runs(self) -> bool:
        """Whether it is running; assumed for another host."""
        if self.is_far:
            return True
        folder = Path(self.folder)
        return any(map(is_held, (folder / ".lock", *folder.glob("locks/*.lock"))))

    def __str__(self) -> str:
        return f"{self.folder} on {self.host}"

    def is_same(self, other: User) -> bool:
        """Whether both are the same campaign, even after a change of the host's name."""
        known = bool(self.id) and self.id == other.id
        near = self.host == other.host and not _differ(self.machine, other.machine)
        return self.folder == other.folder and (known or near)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _machine() -> str:
    """A digest that identifies this machine; its id itself is confidential (machine-id(5))."""
    try:
        own = MACHINE.read_text(encoding="ascii").strip()
        return own and _digest("nsm-resilience", own)
    except (OSError, ValueError):
        return ""


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other


def user_of(campaign_folder: Path) -> User:
    """The campaign of a folder of this host."""
    folder = campaign_folder.resolve()
    return User(socket.gethostname(), str(folder), _id_of(folder), _machine())


def _id_of(folder: Path) -> str:
    """The id of a campaign's folder, or empty. A copy of the folder has another id."""
    file = folder / ID_FILE
    try:
        token, number = file.read_text(encoding="ascii").strip(), file.stat().st_ino
    except (OSError, ValueError):
        return ""
    return token and f"{token}-{number}"


def enter(
    cluster: Cluster,
    campaign_folder: Path,
    refuse: Callable[[list[User]], None] = lambda _: None,
) -> None:
    """Enter a campaign as a user of the cluster. May be repeated.

    Before that, `refuse` gets the other campaigns that run there, and raises if this one must stay
    away. No other entry can come in between: the API server refuses a change of a namespace that
    has changed since it was read (409), and then both steps are repeated. `since` makes every entry
    a change.
    """
    if not _id_of(campaign_folder):
        campaign_folder.mkdir(parents=True, exist_ok=True)
        (campaign_folder / ID_FILE).write_text(f"{secrets.token_hex(8)}\n", encoding="ascii")
    user = user_of(campaign_folder)

    def entered() -> bool:
        meta = _our_namespace(cluster)["metadata"]
        if meta.get("deletionTimestamp"):  # an earlier campaign is just leaving
            return False
        refuse(running(_users_in(meta), campaign_folder))
        note = {**asdict(user), "since": utc_now()}
        entry = {"annotations": {user.key: json.dumps(note)}}
        seen = {"resourceVersion": meta["resourceVersion"]}
        cluster.merge(_NAMESPACE, {"metadata": {**seen, **entry}})
        return True

    wait_for("the entry of this campaign on the cluster", entered, ENTER_S)


def _our_namespace(cluster: Cluster) -> dict[str, Any]:
    """Our namespace; it is created if it does not exist."""
    found = cluster.look(_NAMESPACE, timeout_s=ASKED_S)
    if found is not None:
        return found
    body = {"metadata": {"name": AGENT_NAMESPACE}}
    return cluster.request("POST", NAMESPACES, body, timeout_s=ASKED_S)


def hold(kubeconfig: Path, context: str, campaign_folder: Path) -> None:
    """Renew the entry of a campaign that is about to leave, so that no other one can come up.

    Does nothing if our namespace does not exist, does not answer, or is being deleted.
    """
    with suppress(KubeconfigError, *API_FAULTS):
        cluster = Cluster(kubeconfig, context)
        space = cluster.look(_NAMESPACE, timeout_s=ASKED_S)
        if space and not space["metadata"].get("deletionTimestamp"):
            enter(cluster, campaign_folder)


def leave(cluster: Cluster, campaign_folder: Path) -> None:
    """Remove the entry of a campaign."""
    cluster.merge(_NAMESPACE, {"metadata": {"annotations": {user_of(campaign_folder).key: None}}})


def others(kubeconfig: Path, context: str, campaign_folder: Path, name: str) -> list[User]:
    """Other campaigns that use the cluster now, even if it cannot be reached."""
    users = {*written_down(kubeconfig, context), *_beside(campaign_folder, name)}
    return running(users, campaign_folder)


def running(users: Iterable[User], campaign_folder: Path) -> list[User]:
    """Those users that are running, without the folder's own campaign."""
    own = user_of(campaign_folder)
    return sorted((u for u in set(users) if not u.is_same(own) and u.runs), key=str)


def shares_locks(user: User, campaign_folder: Path) -> bool:
    """Whether its trials and those of the folder's campaign lock lanes in one place."""
    return not user.is_far and Path(user.folder).parent == campaign_folder.resolve().parent


def told(users: Iterable[User]) -> str:
    """Campaigns as a list in words."""
    return ", ".join(map(str, users))


def way_out(users: Iterable[User], kubeconfig: Path, context: str) -> str:
    """Advice about campaigns of other hosts that may be gone; empty without any."""
    far = [user for user in users if user.is_far]
    if not far:
        return ""
    reach = f"--kubeconfig {shlex.quote(str(kubeconfig))} --context {shlex.quote(context)}"
    commands = (
        f"\n  kubectl {reach} annotate namespace {AGENT_NAMESPACE} {user.key}-" for user in far
    )
    return (
        f"\nWhether a campaign of another host runs cannot be seen from {socket.gethostname()}. "
        "When it has ended, or that host is gone, take it off the cluster with" + "".join(commands)
    )


def written_down(kubeconfig: Path, context: str) -> list[User]:
    """Campaigns that the cluster lists; empty if our namespace does not exist or answer."""
    found: dict[str, Any] = {}
    try:
        cluster = Cluster(kubeconfig, context)
    except KubeconfigError:  # it was never made, or its kubeconfig is missing
        return []
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
    return _users_in(found.get("metadata", {}))


def _users_in(meta: Mapping[str, Any]) -> list[User]:
    noted = meta.get("annotations") or {}
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
        known = (str(given.get(key, "")) for key in ("id", "machine"))
        return User(str(given["host"]), str(given["folder"]), *known)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
