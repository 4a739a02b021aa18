# SPDX-License-Identifier: Apache-2.0
"""One process at a time, however the one before ended."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HELD = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES})
"""What a system says of a lock that another process has. NFS without locks says something else."""

STEPS_LOCK = "NSM_RESILIENCE_STEPS_LOCK"
"""Variable with the file that each step of a build locks beside the others."""


class NoLocks(RuntimeError):
    """The file system keeps no locks, so nobody can tell whether another process is at work."""

    def __init__(self, path: Path, error: OSError) -> None:
        name = errno.errorcode.get(error.errno or 0, "?")
        super().__init__(
            f"{path} cannot be locked: {error.strerror} ({name}). The file system passes on no "
            "locks, and without them two processes could do the same work at once. Put the project "
            "on a local disk, or mount this file system with locks (NFS 4 or a lock daemon, Lustre "
            "with `flock`)"
        )


@contextmanager
def one_at_a_time(path: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a file while the block runs; wait for whoever has it, NoLocks if none can.

    `waiting` is told who that is before the wait. The lock belongs to the process and is released
    by the kernel however it ends. What it starts and leaves behind can share it: a child that is
    started with `close_fds=False` holds it on until its own end.
    """
    handle = _opened(path)
    try:
        if not _lock(handle, path):
            waiting(_owner(path))
            _lock(handle, path, fcntl.LOCK_EX)
        os.set_inheritable(handle, True)
        name_owner(handle)
        yield
    finally:
        os.close(handle)


def hold_for_life(path: Path) -> str | None:
    """Hold the lock of a file until this process ends; else return who has it, or NoLocks."""
    handle = take(path)
    if handle is None:
        return _owner(path)
    name_owner(handle)
    return None


def take(path: Path) -> int | None:
    """A handle that holds the lock of a file until it is closed; None when another process has it.

    NoLocks when nobody can.
    """
    handle, held = _opened(path), False
    try:
        held = _lock(handle, path)
        return handle if held else None
    finally:
        if not held:
            os.close(handle)


def share_for_life(path: Path) -> None:
    """Hold a lock of a file beside others that share it, until this process ends.

    Nothing is done where that cannot be had: it only helps those who come later to wait.
    """
    with suppress(OSError):
        fcntl.flock(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), fcntl.LOCK_SH | fcntl.LOCK_NB)


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)


def _lock(handle: int, path: Path, how: int = fcntl.LOCK_EX | fcntl.LOCK_NB) -> bool:
    """Lock an open file, at once if nothing else is asked; false or NoLocks as `take`."""
    try:
        fcntl.flock(handle, how)
    except OSError as error:
        if error.errno in HELD:
            return False
        raise NoLocks(path, error) from error
    return True


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock of a file; false where there is no such file.

    Of another user's file that cannot be looked at nobody can tell, so it counts as held.
    """
    try:
        handle, how = _to_look_at(path)
    except PermissionError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(handle, how)
    except OSError as error:  # anything else: nobody can hold one
        return error.errno in HELD or error.errno == errno.EBADF
    finally:
        os.close(handle)
    return False


def _to_look_at(path: Path) -> tuple[int, int]:
    """A file opened to see whether it is locked, and how to ask for its lock.

    For writing, or else to read. NFS keeps a lock as one of fcntl's, which is exclusive only where
    the file is open for writing, and shared only where it is open to read: else EBADF.
    """
    try:
        return os.open(path, os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB
    except PermissionError:
        return os.open(path, os.O_RDONLY), fcntl.LOCK_SH | fcntl.LOCK_NB


def name_owner(handle: int) -> None:
    """Write into a lock's file whose it is, process and host; on a full disk it holds without."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)


def _owner(path: Path) -> str:
    """Who has the lock of a file, for people."""
    try:
        words = path.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        words = []
    if not words:
        return "another process"
    host = "" if words[1:] in ([], [socket.gethostname()]) else f" on {words[1]}"
    return f"process {words[0]}{host}"
