# SPDX-License-Identifier: Apache-2.0
"""Signals that end a trial: it leaves off, but not its lane with what was injected."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, the wish of another process, a terminal that was closed."""
REASON = "interrupted"
"""How the reason of an attempt begins that was void for a signal."""


class Interrupted(KeyboardInterrupt):
    """A signal has asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(f"{REASON} by {signal.Signals(number).name}")
        self.exit_code = 128 + number


class OutOfTime(BaseException):
    """The time is over that a block had to come to its end.

    No Exception: whatever fails for want of an answer is tried again here and there, and this must
    not be taken for it.
    """


def _handled() -> list[signal.Signals]:
    """Those that this process does not ignore: `nohup` has its reasons."""
    return [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn signals that would end this process at once into Interrupted, while the block runs.

    The first is raised; those that follow change nothing, or they would break off what the first
    has set going.
    """
    handled = _handled()

    def ignore(_number: int, _frame: FrameType | None) -> None:
        """Not SIG_IGN, which programs that are started from now on would inherit."""

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
    """Let the block come to its end before a signal ends this process, but not for ever.

    From the first signal on (`hurried`: from the start) the block has so many seconds left; then
    OutOfTime is raised in it, and again after as many, should it go on. It ends with the block. A
    signal that came is raised as Interrupted afterwards.
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
