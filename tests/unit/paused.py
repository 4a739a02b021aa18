# SPDX-License-Identifier: Apache-2.0
"""A child process that certainly stands still."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused(child: subprocess.Popen[str]) -> Iterator[None]:
    """Stop a child while the block runs.

    The signal only asks: until the kernel says that all have stopped, a thread on another processor
    may still answer somebody.
    """
    child.send_signal(signal.SIGSTOP)
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), "it ended before it could be stopped"
    try:
        yield
    finally:
        child.send_signal(signal.SIGCONT)
