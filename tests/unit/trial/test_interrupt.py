# SPDX-License-Identifier: Apache-2.0
"""A signal ends a trial soon, but not in the middle of something, and only if it is heeded."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from nsm_resilience.trial.interrupt import (
    SIGNALS,
    Interrupted,
    OutOfTime,
    interruptible,
    to_its_end,
)


@pytest.fixture(autouse=True)
def signals_are_heeded() -> Iterator[None]:
    """Whatever started these tests may ignore some (nohup), and that is inherited."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_raised_with_its_name_and_exit_code(number: signal.Signals) -> None:
    with (
        pytest.raises(Interrupted, match=f"interrupted by {number.name}") as raised,
        interruptible(),
    ):
        os.kill(os.getpid(), number)
        time.sleep(5)
    assert raised.value.exit_code == 128 + number


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """`nohup` starts its command with SIGHUP ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible(), to_its_end(1):
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_must_be_done_is_done_before_a_signal_is_raised() -> None:
    done = []
    with pytest.raises(Interrupted, match="SIGTERM"), to_its_end(10):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        done.append("all")
    assert done == ["all"]


def test_from_a_signal_on_there_is_not_much_time() -> None:
    begin = time.monotonic()
    with pytest.raises(Interrupted, match="SIGTERM"), to_its_end(0.2):
        time.sleep(0.4)  # no signal yet: it takes what it takes
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(OutOfTime, match=r"not within 0.2 s"):
            time.sleep(10)
    assert 0.5 < time.monotonic() - begin < 5


def test_in_a_hurry_the_time_runs_from_the_start() -> None:
    begin = time.monotonic()
    with to_its_end(0.1, hurried=True):
        time.sleep(10)
    assert time.monotonic() - begin < 5


def test_time_that_is_over_is_not_taken_for_an_answer_that_did_not_come() -> None:
    """Errors of the network are tried again, and TimeoutError is one of them."""
    begin = time.monotonic()
    with to_its_end(0.1, hurried=True):
        for _ in range(3):
            with suppress(Exception):
                time.sleep(10)
    assert time.monotonic() - begin < 5


def test_who_goes_on_after_the_time_is_over_has_no_more_of_it_than_before() -> None:
    begin, over = time.monotonic(), 0
    with to_its_end(0.1, hurried=True):
        for _ in range(3):
            try:
                time.sleep(10)
            except OutOfTime:
                over += 1
    assert over == 3
    assert time.monotonic() - begin < 5


def test_a_second_signal_does_not_break_off_what_the_first_has_set_going() -> None:
    done = []
    with pytest.raises(Interrupted, match="SIGTERM"), interruptible():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
            done.append("undone")
    assert done == ["undone"]


def test_afterwards_signals_do_what_they_did() -> None:
    before = [signal.getsignal(number) for number in (*SIGNALS, signal.SIGALRM)]
    with interruptible(), to_its_end(1):
        pass
    assert [signal.getsignal(number) for number in (*SIGNALS, signal.SIGALRM)] == before
