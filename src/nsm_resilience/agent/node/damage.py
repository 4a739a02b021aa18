# SPDX-License-Identifier: Apache-2.0
"""Break a socket file in one of four ways, and mend it.

The listener keeps its inode, so moving the original back mends the damage. The original is kept
under a second name on the same file system, if possible outside of NSM's directory. A file for each
fault lists the damage, so that the agent can mend it when the injector is gone. A socket in a
container's own file system is kept beside its place; the damage disappears with the container.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

from lines import seen
from netns import HOST_ROOT
from sockets import INSIDE, alive, answers, describe, reachable

METHODS = frozenset({"unlink", "replace", "orphan", "mode"})
SAFE = HOST_ROOT + "/var/lib/nsm-resilience"
KEPT = ".nsm-resilience-"
"""Prefix of the second name of a socket in a container."""


def note(kind: str, fault: str, data: Any) -> None:
    """Write a note about a fault to the node before it is injected, in one step."""
    os.makedirs(SAFE, exist_ok=True)
    file = os.path.join(SAFE, f"{kind}-{fault}.json")
    with open(file + ".new", "w") as stream:
        json.dump(data, stream)
    os.replace(file + ".new", file)


def noted(kind: str, fault: str = "*") -> Iterator[tuple[str, Any]]:
    """Notes of a fault, or of all: each file with its content, None if that is not readable."""
    for file in sorted(glob.glob(os.path.join(SAFE, f"{kind}-{fault}.json"))):
        try:
            with open(file) as stream:
                content = json.load(stream)
        except (OSError, ValueError):
            content = None
        yield file, content


def forget(file: str) -> None:
    """Remove a file, unless somebody else has done so."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(file)


def keep(path: str) -> str | None:
    """Give the original a second name; returns it, or None if that is impossible."""
    os.makedirs(SAFE, exist_ok=True)
    try:
        names = list(_second_names(path))
    except OSError:
        return None
    for kept in names:
        try:
            if os.path.lexists(kept):
                os.unlink(kept)
            os.link(reachable(path), kept, follow_symlinks=False)
        except OSError:
            continue
        return kept
    return None


def _second_names(path: str) -> Iterator[str]:
    """Possible second names, the best first; FileNotFoundError without the socket's container.

    They are outside of the folders of the system under test, but on the same file system. If that
    is not the one of SAFE (a node's /run is often separate), its topmost folder is used, or the
    next one below.
    """
    folder = os.path.dirname(reachable(path))
    if INSIDE.fullmatch(path):
        yield os.path.join(folder, KEPT + os.path.basename(path))
        return
    name = path.strip("/").replace("/", "_")
    yield os.path.join(SAFE, name)
    device, folders = os.stat(folder).st_dev, [folder]
    while folders[-1] != HOST_ROOT and os.stat(os.path.dirname(folders[-1])).st_dev == device:
        folders.append(os.path.dirname(folders[-1]))
    for one in reversed(folders):
        yield os.path.join(one, KEPT + name)


def put(path: str, make: Callable[[str], None]) -> None:
    """Create a file under a temporary name and move it over `path` in one step."""
    place = reachable(path)
    temporary = place + ".new"
    make(temporary)
    os.replace(temporary, place)


def ordinary_file(path: str) -> None:
    """An empty ordinary file."""
    with open(path, "xb"):
        pass


def deserted_socket(path: str) -> None:
    """A socket file that nobody listens on."""
    directory, name = os.path.split(path)
    handle = os.open(directory, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as once:
            once.bind(f"/proc/self/fd/{handle}/{name}")
    finally:
        os.close(handle)


def damage(path: str, method: str) -> None:
    """Do the damage: unlink, replace, orphan or mode. OSError when it cannot be done."""
    if method == "unlink":
        os.unlink(reachable(path))
    elif method == "replace":
        put(path, ordinary_file)
    elif method == "orphan":
        put(path, deserted_socket)
    elif method == "mode":
        os.chmod(reachable(path), 0)
    else:
        raise ValueError(method)


def check(path: str, method: str, before: dict[str, Any]) -> list[dict[str, Any]]:
    """Checks that the damage is done: a list of {check, ok, before, after}."""
    after = describe(path)
    if method == "unlink":
        return [seen("the path is empty", after["kind"] == "missing", before, after)]
    if method == "mode":
        return [seen("nobody has permission", after["mode"] == "0o0", before, after)]
    expected = "file" if method == "replace" else "socket"
    checks = [
        seen("the inode is another", after["inode"] != before["inode"], before, after),
        seen(f"the path holds a {expected}", after["kind"] == expected, before, after),
    ]
    if method == "orphan":
        checks.append(seen("nobody answers", not answers(path), before, after))
    return checks


def mend(path: str, method: str, kept: str | None, before: dict[str, Any]) -> bool:
    """Undo the damage; True when the original is back in its place, or gone with its container.

    Also True when the component has made a new socket that answers: that one stays, even if the
    original has been kept.
    """
    if INSIDE.fullmatch(path) and not alive(before["process"]):
        return True
    now = describe(path)
    if now["kind"] == "socket" and now["inode"] != before["inode"] and answers(path):
        return True
    if method == "mode":
        os.chmod(reachable(path), int(before["mode"], 8))
    elif kept is None or not os.path.lexists(kept):
        return False
    else:
        os.replace(kept, reachable(path))
    return bool(describe(path)["inode"] == before["inode"])


def remember(fault: str, method: str, kept: dict[str, str | None], before: dict[str, Any]) -> None:
    """Write a note about the sockets to be damaged: path, second name, and state of each."""
    rows = [[path, kept[path], before[path]] for path in before]
    note("damaged", fault, {"method": method, "rows": rows})


def mend_all(fault: str = "*") -> list[bool]:
    """Mend the sockets of a fault, or of all, and remove the notes; whether each was mended."""
    mended = []
    for file, known in noted("damaged", fault):
        known = known or {"method": "", "rows": []}
        for path, kept, before in known["rows"]:
            try:
                mended.append(mend(path, known["method"], kept, before))
            except OSError:
                mended.append(False)
            if kept is not None:
                with contextlib.suppress(OSError):
                    os.unlink(kept)  # a wipe may not find it
        forget(file)
    return mended
