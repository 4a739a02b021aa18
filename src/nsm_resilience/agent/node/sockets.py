# SPDX-License-Identifier: Apache-2.0
"""The unix sockets of NSM's components, as files of this node.

A path is one of the node, or `PROGRAM:/path`: a path in the file system of that program's
container. The runner passes them in.
"""

from __future__ import annotations

import glob
import os
import re
import socket
import stat
from typing import Any

import processes
from netns import HOST_ROOT

INSIDE = re.compile(r"([^/:]+):(/.*)", re.DOTALL)
"""A path in a program's container."""
_holders: dict[str, dict[str, Any]] = {}
"""The last process that was found, by program."""


def holder(path: str) -> dict[str, Any] | None:
    """The process whose file system holds a path, as {pid, start_ticks}.

    None for a path of the node, and when no such process runs.
    """
    inside = INSIDE.fullmatch(path)
    if inside is None:
        return None
    program = inside[1]
    known = _holders.get(program)
    if known is None or not alive(known):
        found = processes.component(program)
        if found is None:
            _holders.pop(program, None)
            return None
        known = _holders[program] = {k: found[k] for k in ("pid", "start_ticks")}
    return known


def alive(process: dict[str, Any]) -> bool:
    """Whether the process with this pid and start time is alive."""
    return processes.state_of(process["pid"], process["start_ticks"]) not in processes.GONE


def reachable(path: str) -> str:
    """The path as seen by this process; FileNotFoundError when its container does not run."""
    inside = INSIDE.fullmatch(path)
    if inside is None:
        return HOST_ROOT + path
    process = holder(path)
    if process is None:
        raise FileNotFoundError(f"no process of {inside[1]} runs in a pod of this node")
    return f"/proc/{process['pid']}/root{inside[2]}"


def expand(patterns: dict[str, str]) -> list[tuple[str, str]]:
    """Map {name: path pattern on the node} to a list of (name, path); a name may match several."""
    found: list[tuple[str, str]] = []
    for name, pattern in sorted(patterns.items()):
        if glob.has_magic(pattern) and INSIDE.fullmatch(pattern) is None:
            paths = sorted(glob.glob(HOST_ROOT + pattern))
            found.extend((name, path[len(HOST_ROOT) :]) for path in paths)
        else:
            found.append((name, pattern))
    return found


def describe(path: str) -> dict[str, Any]:
    """The file at a path: {kind, inode, mode}; kind is socket, file or missing."""
    try:
        info = os.lstat(reachable(path))
    except OSError:
        return {"kind": "missing", "inode": None, "mode": None}
    kind = "socket" if stat.S_ISSOCK(info.st_mode) else "file"
    return {"kind": kind, "inode": info.st_ino, "mode": oct(stat.S_IMODE(info.st_mode))}


def connect_in(folder: int, name: str, timeout: float) -> socket.socket:
    """Connect to a socket in the folder of a handle; OSError when nobody listens."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        channel.settimeout(timeout)
        # A unix address holds only 107 bytes; a directory handle makes it short.
        channel.connect(f"/proc/self/fd/{folder}/{name}")
    except BaseException:
        channel.close()
        raise
    return channel


def connect(place: str, timeout: float) -> socket.socket:
    """Connect to a socket at a path as seen by this process; OSError when nobody listens."""
    directory, name = os.path.split(place)
    folder = os.open(directory, os.O_PATH)
    try:
        return connect_in(folder, name, timeout)
    finally:
        os.close(folder)


def answers(path: str, timeout: float = 0.2) -> bool:
    """Whether somebody listens: connect() succeeds. The connection is closed at once."""
    try:
        connect(reachable(path), timeout).close()
    except OSError:
        return False
    return True
