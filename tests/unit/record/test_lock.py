# SPDX-License-Identifier: Apache-2.0
"""A lock ends with the last process that has it, and says whose it is."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from nsm_resilience.record.lock import one_at_a_time

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
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
