# SPDX-License-Identifier: Apache-2.0
"""Enter namespaces of other processes, and run the node's own tools."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

CLONE_NEWNET = 0x40000000
HOST_ROOT = "/proc/1/root"

Made = TypeVar("Made")
_libc = ctypes.CDLL(None, use_errno=True)


def enter_network(pid: int) -> None:
    """Move the calling thread into the network namespace of `pid`; OSError when it is gone."""
    handle = network_of_process(pid)
    try:
        enter(handle)
    finally:
        os.close(handle)


def network_of_process(pid: int) -> int:
    """A handle on the network namespace of `pid`; while it is open, the namespace exists."""
    return os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)


def enter(handle: int) -> None:
    """Move the calling thread into the network namespace of a handle."""
    if _libc.setns(handle, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def in_network(handle: int, do: Callable[[], Made]) -> Made:
    """Call `do` in the network of a handle, in a thread of its own; returns its result."""

    def inside() -> Made:
        enter(handle)
        return do()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(inside).result()


def run_on_node(
    command: list[str], network_of: int = 1, timeout: float = 10, text: str | None = None
) -> tuple[int, str, str]:
    """Run a tool of the node's own file system in the network namespace of a process.

    `text` is its standard input.

    Returns (exit code, stdout, stderr); 127 when the node has no such tool.
    """

    def become_node() -> None:
        enter_network(network_of)
        os.chroot(HOST_ROOT)
        os.chdir("/")

    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    try:
        done = subprocess.run(
            command,
            preexec_fn=become_node,
            env=environment,
            input=text,
            capture_output=True,
            timeout=timeout,
            check=False,
            encoding="utf-8",
            errors="replace",  # comments of rules and aliases of interfaces may hold any bytes
        )
    except FileNotFoundError:
        return 127, "", f"{command[0]}: not found on the node"
    except (OSError, subprocess.SubprocessError) as error:
        return 126, "", str(error)
    return done.returncode, done.stdout, done.stderr
