# SPDX-License-Identifier: Apache-2.0
"""The unix sockets that NSM's components talk through, as files of this node.

Paths are those of NSM v0.2.0 (controlplane/pkg/nsmd, forwarder/pkg/common, k8s/cmd/nsmdp); the
runner passes them in, so that another release needs no change here.
"""

from __future__ import annotations

import glob
import os
import socket
import stat
from typing import Any

from netns import HOST_ROOT


def expand(patterns: dict[str, str]) -> list[tuple[str, str]]:
    """Map {name: path pattern on the node} to a list of (name, path); a name may match several."""
    found: list[tuple[str, str]] = []
    for name, pattern in sorted(patterns.items()):
        if glob.has_magic(pattern):
            paths = sorted(glob.glob(HOST_ROOT + pattern))
            found.extend((name, path[len(HOST_ROOT) :]) for path in paths)
        else:
            found.append((name, pattern))
    return found


def describe(path: str) -> dict[str, Any]:
    """What lies at a path of the node: {kind, inode, mode}; kind socket, file or missing."""
    try:
        info = os.lstat(HOST_ROOT + path)
    except OSError:
        return {"kind": "missing", "inode": None, "mode": None}
    kind = "socket" if stat.S_ISSOCK(info.st_mode) else "file"
    return {"kind": kind, "inode": info.st_ino, "mode": oct(stat.S_IMODE(info.st_mode))}


def connect_in(folder: int, name: str, timeout: float) -> socket.socket:
    """Connect to a socket in a folder that is open as `folder`; OSError when nobody listens."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        channel.settimeout(timeout)
        # A unix address holds 107 bytes; through a directory handle the prefix costs nothing.
        channel.connect(f"/proc/self/fd/{folder}/{name}")
    except BaseException:
        channel.close()
        raise
    return channel


def answers(path: str, timeout: float = 0.2) -> bool:
    """Whether somebody listens: connect() succeeds. The connection is closed at once."""
    directory, name = os.path.split(HOST_ROOT + path)
    try:
        handle = os.open(directory, os.O_PATH)
    except OSError:
        return False
    try:
        connect_in(handle, name, timeout).close()
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
