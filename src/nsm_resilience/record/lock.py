# SPDX-License-Identifier: Apache-2.0
"""One process at a time, however the one before ended."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def one_at_a_time(path: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a file while the block runs; wait for whoever has it.

    `waiting` is told who that is before the wait. The lock belongs to the process and is released
    by the kernel however it ends. What it starts and leaves behind can share it: a child that is
    started with `close_fds=False` holds it on until its own end.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = path.read_text(encoding="ascii", errors="replace").strip()
            waiting(f"process {owner}" if owner else "another process")
            fcntl.flock(handle, fcntl.LOCK_EX)
        os.set_inheritable(handle, True)
        name_owner(handle)
        yield
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock of a file; false where there is no such file."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks: nobody can hold one
        return False
    finally:
        os.close(handle)
    return False


def name_owner(handle: int) -> None:
    """Write into a lock's file whose it is; on a full disk the lock holds without."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
