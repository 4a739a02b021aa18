# SPDX-License-Identifier: Apache-2.0
"""What the tests of the notification probe share: messages, processes, and what one has heard."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

INITIAL, UPDATE, DELETE = range(3)
UP, DOWN = range(2)


def field(number: int, value: int | bytes | str) -> bytes:
    """One field of a message, as protobuf.dev has it; numbers and lengths below 128."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    data = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2, len(data)]) + data


def event(kind: int, *connections: tuple[str, int]) -> bytes:
    """A ConnectionEvent; like protobuf's own writers it leaves zeros out."""
    message = field(1, kind) if kind else b""
    for name, state in connections:
        # a service's name, a mechanism and labels stand around what matters
        content = field(1, name) + field(2, "icmp") + field(3, field(1, "LOCAL")) + field(5, b"")
        connection = content + (field(9, state) if state else b"")
        message += field(2, field(1, name) + field(2, connection))
    return message


class Process:
    """A process whose lines are read as they come."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.child = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, args=(self.child.stdout,), daemon=True)
        self.reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self.lines.put(line.strip())

    def line(self, timeout: float = 60) -> str:  # a busy machine is no failure
        return self.lines.get(timeout=timeout)

    def order(self, line: str) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def end(self, number: int = signal.SIGKILL) -> None:
        self.child.send_signal(number)  # none is sent to a process that has ended
        self.child.wait(timeout=20)
        self.reader.join(timeout=20)  # it reads to the end; closed before, it would fail
        for stream in (self.child.stdin, self.child.stdout):
            if stream is not None:
                stream.close()


def heard(listener: Process, kind: str) -> dict[str, Any]:
    """The listener's next line, which must be of this kind and stamped."""
    line: dict[str, Any] = json.loads(listener.line())
    assert line.pop("kind") == kind, line
    assert abs(line.pop("t_ns") - time.monotonic_ns()) < 60e9
    return line
