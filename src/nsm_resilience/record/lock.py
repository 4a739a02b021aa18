# SPDX-License-Identifier: Apache-2.0
"""Locks of files: one process at a time, even when the process before was killed."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HELD = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES})
"""Errors that mean that another process holds the lock. NFS without locks gives another one."""

STEPS_LOCK = "NSM_RESILIENCE_STEPS_LOCK"
"""Environment variable: the file of which every step of a build holds a shared lock."""


class NoLocks(RuntimeError):
    """The file system has no locks, so nobody can tell whether another process is at work."""

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
    """Hold the lock of a file while the block runs, or NoLocks; wait while another process has it.

    Before the wait `waiting` is called with the holder in words. The kernel releases the lock when
    the process ends, however it ends. A child started with `close_fds=False` shares the lock until
    its own end.
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
    """Hold the lock of a file until this process ends; else return the holder, or NoLocks."""
    handle = take(path)
    if handle is None:
        return _owner(path)
    name_owner(handle)
    return None


def take(path: Path) -> int | None:
    """A handle that holds the lock of a file until it is closed; None if another process has it.

    NoLocks if the file system has none.
    """
    handle, held = _opened(path), False
    try:
        held = _lock(handle, path)
        return handle if held else None
    finally:
        if not held:
            os.close(handle)


def share_for_life(path: Path) -> None:
    """Hold a shared lock of a file until this process ends.

    Failure is ignored: the lock only lets later processes wait.
    """
    with suppress(OSError):
        fcntl.flock(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), fcntl.LOCK_SH | fcntl.LOCK_NB)


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)


def _lock(handle: int, path: Path, how: int = fcntl.LOCK_EX | fcntl.LOCK_NB) -> bool:
    """Lock an open file, by default without a wait; false if another process has it, or NoLocks."""
    try:
        fcntl.flock(handle, how)
    except OSError as error:
        if error.errno in HELD:
            return False
        raise NoLocks(path, error) from error
    return True


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock of a file; false if there is no such file.

    Another user's file that cannot be opened counts as held.
    """
    try:
        handle, how = _opened_to_test(path)
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


def _opened_to_test(path: Path) -> tuple[int, int]:
    """A file opened to test its lock, and the operation of flock that tests it.

    Open for writing, or else for reading. NFS turns flock into locks of fcntl: an exclusive one
    needs the file open for writing, a shared one open for reading, or else it is EBADF.
    """
    try:
        return os.open(path, os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB
    except PermissionError:
        return os.open(path, os.O_RDONLY), fcntl.LOCK_SH | fcntl.LOCK_NB


def name_owner(handle: int) -> None:
    """Write the holder, process and host, into the file of a lock; a full disk does not matter."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)


def _owner(path: Path) -> str:
    """The holder of a lock in words."""
    try:
        words = path.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        words = []
    if not words:
        return "another process"
    host = "" if words[1:] in ([], [socket.gethostname()]) else f" on {words[1]}"
    return f"process {words[0]}{host}"
