# SPDX-License-Identifier: Apache-2.0
"""A lock ends with the last process that has it, and says whose it is."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nsm_resilience.record.lock import (
    NoLocks,
    hold_for_life,
    is_held,
    one_at_a_time,
    share_for_life,
)

# Holds the lock, starts a child that shares it, and says the child's number.
HOLD = """
import subprocess, sys, time
from pathlib import Path
from nsm_resilience.record.lock import one_at_a_time
with one_at_a_time(Path(sys.argv[1]), print):
    child = subprocess.Popen(["sleep", "60"], close_fds=False, stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_leaves_running_holds_its_lock_on(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lock"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None
    child = int(first.stdout.readline())
    first.kill()
    first.communicate()
    said: list[str] = []
    entered = threading.Event()

    def second() -> None:
        with one_at_a_time(path, said.append):
            entered.set()

    waiting = threading.Thread(target=second)
    waiting.start()
    assert not entered.wait(0.5)
    assert said == [f"process {first.pid}"]
    os.kill(child, 9)
    waiting.join(20)
    assert entered.is_set()


def test_the_owner_is_named_in_the_file(tmp_path: Path) -> None:
    with one_at_a_time(tmp_path / "lock", print):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()} {socket.gethostname()}\n"


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EIO])
def test_a_file_system_without_locks_is_told_as_what_it_is(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(handle: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    said: list[str] = []
    with (
        pytest.raises(NoLocks, match=rf"{errno.errorcode[number]}\).*on a local disk"),
        one_at_a_time(tmp_path / "lock", said.append),
    ):
        pass
    assert said == []  # nobody has it
    with pytest.raises(NoLocks, match="cannot be locked"):
        hold_for_life(tmp_path / "lock")
    assert not is_held(tmp_path / "lock")
    share_for_life(tmp_path / "lock")


def test_a_lock_that_another_process_has_is_told_whatever_the_system_calls_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES):

        def flock(handle: int, how: int, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr("fcntl.flock", flock)
        (tmp_path / "lock").write_text("4711\n")
        assert hold_for_life(tmp_path / "lock") == "process 4711"
        (tmp_path / "lock").write_text(f"4711 {socket.gethostname()}\n")
        assert hold_for_life(tmp_path / "lock") == "process 4711"
        (tmp_path / "lock").write_text("4711 another-host\n")  # the folder is on a shared disk
        assert hold_for_life(tmp_path / "lock") == "process 4711 on another-host"
        (tmp_path / "lock").write_text("")
        assert hold_for_life(tmp_path / "lock") == "another process"


def test_a_lock_of_another_user_is_looked_at_and_counts_where_it_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the campaign of one user would lose its cluster to that of another."""
    opened, path = os.open, tmp_path / "lock"
    refused = [os.O_RDWR]

    def open_theirs(file: Path, flags: int, mode: int = 0o777) -> int:
        if flags in refused:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
        return opened(file, flags, mode)

    with one_at_a_time(path, print):
        monkeypatch.setattr(os, "open", open_theirs)
        assert is_held(path)
        assert not is_held(tmp_path / "none")
    assert not is_held(path)
    with monkeypatch.context() as patch:
        patch.setattr("fcntl.flock", as_nfs)
        assert not is_held(path)  # asked for what a file that is open to read can have
        patch.setattr("fcntl.flock", no_handle)
        assert is_held(path)
    refused.append(os.O_RDONLY)
    assert is_held(path)


def as_nfs(handle: int, how: int) -> None:
    """An NFS that keeps the lock as one of fcntl's: an exclusive one needs a file to write."""
    if how & fcntl.LOCK_EX and fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def no_handle(handle: int, how: int) -> None:
    raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def test_who_builds_next_waits_for_steps_that_were_left_running(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from nsm_resilience.record.lock import share_for_life\n"
        "share_for_life(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    path = tmp_path / "steps"
    steps = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for step in steps:
        assert step.stdout is not None
        assert step.stdout.readline() == "held\n"
    assert is_held(path)
    for step in steps:
        step.kill()
        step.communicate()
    assert not is_held(path)
