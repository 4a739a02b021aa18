# SPDX-License-Identifier: Apache-2.0
"""Which campaigns use a cluster: written on the cluster itself, so that every checkout sees it.

A campaign is known by its host and folder, and to itself by an id that its folder keeps, for hosts
change their names. It uses the cluster from `cluster up` until its own `cluster down`; one of this
host that was killed does not count, because the kernel has released its locks. Of another host
nobody can tell that from here, so it counts. A cluster that is too busy to answer is not one that
nobody uses: campaigns beside this one are also known by their own files. Of two that come at once
the API server lets one in first, and the other sees it (`enter`).
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
"""Annotations of our namespace that begin so are campaigns."""
ASKED, ASKED_S, PAUSE_S = 3, 5.0, 1.0
"""How often a cluster is asked that does not answer, for how long each time, and the pause between;
seconds. One on a busy machine may be late."""
ID_FILE = ".user"
"""The file of a campaign's folder with the id by which it knows itself on a cluster."""
MACHINE = Path("/etc/machine-id")
"""machine-id(5)."""
ENTER_S = 180.0
"""How long a campaign waits to be written down, for our namespace to go for one; seconds."""
_NAMESPACE = f"{NAMESPACES}/{AGENT_NAMESPACE}"


@dataclass(frozen=True, slots=True)
class User:
    """A campaign that uses a cluster: the host it is run from, its folder there, and its id.

    One that was written down before it had an id has none.
    """

    host: str
    folder: str
    id: str = field(default="", compare=False)
    machine: str = field(default="", compare=False)
    """Tells two machines of one name apart; empty where the system has no such id."""

    @property
    def key(self) -> str:
        """The name of its annotation; the same after a change of the host's name."""
        return f"{MARK}{_digest(self.id or self.host, self.folder)}"

    @property
    def is_far(self) -> bool:
        """Whether it is of another host, as far as names and ids of machines tell."""
        return self.host != socket.gethostname() or _differ(self.machine, _machine())

    @property
    def runs(self) -> bool:
        """Whether it is being run, as far as this host can tell."""
        if self.is_far:
            return True
        folder = Path(self.folder)
        return any(map(is_held, (folder / ".lock", *folder.glob("locks/*.lock"))))

    def __str__(self) -> str:
        return f"{self.folder} on {self.host}"

    def is_same(self, other: User) -> bool:
        """Whether both are one campaign, though its host may have got another name."""
        known = bool(self.id) and self.id == other.id
        near = self.host == other.host and not _differ(self.machine, other.machine)
        return self.folder == other.folder and (known or near)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _machine() -> str:
    """What this machine is known by: never its id itself, which is nobody else's business."""
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
    """The id of a campaign's folder; empty before it has one. That of a copy is another one."""
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
    """Write down that a campaign uses the cluster. May be repeated.

    Before that, `refuse` is given the others that run there, and raises what keeps this one away.
    Nobody comes in between: the API server changes no other version of the namespace than the one
    that was looked at (409), and then both are done again. `since` makes every entry a change.
    """
    if not _id_of(campaign_folder):
        campaign_folder.mkdir(parents=True, exist_ok=True)
        (campaign_folder / ID_FILE).write_text(f"{secrets.token_hex(8)}\n", encoding="ascii")
    user = user_of(campaign_folder)

    def entered() -> bool:
        meta = _our_namespace(cluster)["metadata"]
        if meta.get("deletionTimestamp"):  # the campaign before is only just leaving
            return False
        refuse(running(_users_in(meta), campaign_folder))
        note = {**asdict(user), "since": utc_now()}
        entry = {"annotations": {user.key: json.dumps(note)}}
        seen = {"resourceVersion": meta["resourceVersion"]}
        cluster.merge(_NAMESPACE, {"metadata": {**seen, **entry}})
        return True

    wait_for("the entry of this campaign on the cluster", entered, ENTER_S)


def _our_namespace(cluster: Cluster) -> dict[str, Any]:
    """The namespace as it is; it is made where it is not there."""
    found = cluster.look(_NAMESPACE, timeout_s=ASKED_S)
    if found is not None:
        return found
    body = {"metadata": {"name": AGENT_NAMESPACE}}
    return cluster.request("POST", NAMESPACES, body, timeout_s=ASKED_S)


def hold(kubeconfig: Path, context: str, campaign_folder: Path) -> None:
    """Write a campaign down anew that is about to leave: from now on no other one comes up.

    Nothing is done where nothing of ours is, or answers, or it is going already.
    """
    with suppress(KubeconfigError, *API_FAULTS):
        cluster = Cluster(kubeconfig, context)
        space = cluster.look(_NAMESPACE, timeout_s=ASKED_S)
        if space and not space["metadata"].get("deletionTimestamp"):
            enter(cluster, campaign_folder)


def leave(cluster: Cluster, campaign_folder: Path) -> None:
    """Take that back."""
    cluster.merge(_NAMESPACE, {"metadata": {"annotations": {user_of(campaign_folder).key: None}}})


def others(kubeconfig: Path, context: str, campaign_folder: Path, name: str) -> list[User]:
    """Other campaigns that use the cluster of this name now; it need not be reachable."""
    users = {*written_down(kubeconfig, context), *_beside(campaign_folder, name)}
    return running(users, campaign_folder)


def running(users: Iterable[User], campaign_folder: Path) -> list[User]:
    """Those of them that are run now and are another campaign than that of the folder."""
    own = user_of(campaign_folder)
    return sorted((u for u in set(users) if not u.is_same(own) and u.runs), key=str)


def shares_locks(user: User, campaign_folder: Path) -> bool:
    """Whether its trials lock lanes where those of the folder's campaign do (unusable_lanes)."""
    return not user.is_far and Path(user.folder).parent == campaign_folder.resolve().parent


def told(users: Iterable[User]) -> str:
    """Campaigns as a list for people."""
    return ", ".join(map(str, users))


def way_out(users: Iterable[User], kubeconfig: Path, context: str) -> str:
    """What to do about campaigns of other hosts when such a host is gone; empty without any."""
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
    """Campaigns that the cluster knows; none where nothing of ours is, or answers."""
    found: dict[str, Any] = {}
    try:
        cluster = Cluster(kubeconfig, context)
    except KubeconfigError:  # it was never made, or its kubeconfig is gone
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
