# SPDX-License-Identifier: Apache-2.0
"""Signals that end a trial: its faults are undone and its lane is cleaned first."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, `kill`, and a closed terminal."""
REASON = "interrupted"
"""Prefix of the reason of an attempt that a signal made void."""


class Interrupted(KeyboardInterrupt):
    """A signal has asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(f"{REASON} by {signal.Signals(number).name}")
        self.exit_code = 128 + number


class OutOfTime(BaseException):
    """A block did not end in the time that it had.

    It is no Exception, so that code which repeats failed requests does not catch it.
    """


def _handled() -> list[signal.Signals]:
    """Signals that this process does not ignore; `nohup` makes it ignore SIGHUP."""
    return [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn signals that would end this process at once into Interrupted, while the block runs.

    Only the first signal is raised; later ones are ignored, because they would break the cleaning
    that the first one has started.
    """
    handled = _handled()

    def ignore(_number: int, _frame: FrameType | None) -> None:
        """Ignore a signal. SIG_IGN would be inherited by programs that are started later."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for other in handled:
            signal.signal(other, ignore)
        raise Interrupted(number)

    before = [(number, signal.signal(number, interrupt)) for number in handled]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextmanager
def to_its_end(seconds: float, *, hurried: bool = False) -> Iterator[None]:
    """Let the block end before a signal ends this process, but only for a limited time.

    From the first signal on (`hurried`: from the start) the block has `seconds` left; then
    OutOfTime is raised in it, and again after each further `seconds` until it ends. OutOfTime does
    not leave this context. A signal that came is raised as Interrupted afterwards.
    """
    came: list[int] = []
    over = False

    def note(number: int, _frame: FrameType | None) -> None:
        if not came and not hurried:
            signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
        came.append(number)

    def too_long(_number: int, _frame: FrameType | None) -> None:
        if not over:
            raise OutOfTime(f"not within {seconds:g} s")

    before = [(number, signal.signal(number, note)) for number in _handled()]
    before.append((signal.SIGALRM, signal.signal(signal.SIGALRM, too_long)))
    try:
        if hurried:
            signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
        yield
        over = True
    except OutOfTime:
        pass
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before:
            signal.signal(number, handler)
    if came:
        raise Interrupted(came[0])
