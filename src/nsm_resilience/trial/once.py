# SPDX-License-Identifier: Apache-2.0
"""One process at a time conducts a trial, also when the one that started the first was killed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def only_conductor(campaign_folder: Path, trial: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a trial's lock while the block runs; waits for a process that has it.

    When Snakemake is killed, the trial that it started goes on. The next call asks for the same
    trial again: it must wait for the first to end and then find its record, or the trial would be
    measured twice. The lock belongs to the process, so it never outlives one that was killed.
    """
    path = campaign_folder / "locks" / f"{trial.replace('/', '-')}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = path.read_text(encoding="ascii", errors="replace").strip() or "another process"
            say(f"{trial}: process {owner} is at it already; waiting for its end")
            fcntl.flock(handle, fcntl.LOCK_EX)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
