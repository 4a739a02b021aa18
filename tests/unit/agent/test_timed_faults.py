# SPDX-License-Identifier: Apache-2.0
"""A fault that has a time is undone after it, or when the script is stopped before, and once."""

import json
import os
import signal
import threading
import time
from typing import Any

import pytest

from nsm_resilience.faults.kinds import NODE_FAULTS

MS = 10**6


class Fault:
    """A fault that notes what is done with it."""

    METHODS = frozenset({"break"})

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.id, self.method, self.before = wanted["id"], "break", None
        self.fails = wanted.get("fails", False)

    def inject(self) -> None:
        if self.fails:
            raise OSError("half of it is done")

    def prove(self, until_ns: int) -> tuple[bool, list[dict[str, Any]]]:
        return True, [{"check": "it is there", "ok": True}]

    def undo(self) -> tuple[bool, list[dict[str, Any]]]:
        return True, [{"check": "it is gone", "ok": True}]


Lines = list[dict[str, Any]]


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], faults: Lines,
    expires_ms: int, stop_ms: int | None = None,
) -> Lines:  # fmt: skip
    import inject

    now = time.monotonic_ns()
    wanted = {"at_ns": now, "expires_ns": now + expires_ms * MS, "prove_s": 0, "faults": faults}
    monkeypatch.setitem(inject.KINDS, "fake", Fault)
    monkeypatch.setattr(inject, "order", lambda: wanted)
    before = signal.getsignal(signal.SIGTERM)
    timer = threading.Timer((stop_ms or 0) / 1000, os.kill, (os.getpid(), signal.SIGTERM))
    try:
        if stop_ms is not None:
            timer.start()
        inject.main()
    finally:
        timer.cancel()
        signal.signal(signal.SIGTERM, before)
    lines: Lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return lines


def at(lines: Lines, kind: str, fault: str) -> float:
    """When, in milliseconds after the first injection; there must be exactly one such line."""
    begin = next(line["t_begin_ns"] for line in lines if line["kind"] == "injected")
    (line,) = [line for line in lines if (line["kind"], line.get("id")) == (kind, fault)]
    return float(line["t_ns"] - begin) / MS


def test_a_fault_with_a_time_ends_in_the_middle_and_others_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = [{"id": "timed", "kind": "fake", "for_ns": 100 * MS}, {"id": "open", "kind": "fake"}]
    lines = run(monkeypatch, capsys, faults, expires_ms=900)
    assert 95 <= at(lines, "undone", "timed") < 600
    assert at(lines, "undone", "open") >= 890
    assert lines[-1]["kind"] == "ended"


def test_a_fault_with_a_time_is_proved_at_once_not_after_a_later_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = [
        {"id": "timed", "kind": "fake", "for_ns": 100 * MS},
        {"id": "later", "kind": "fake", "delay_ns": 400 * MS},
    ]
    lines = run(monkeypatch, capsys, faults, expires_ms=600)
    order = [(line["kind"], line["id"]) for line in lines if line["kind"] in ("proof", "undone")]
    assert order == [
        ("proof", "timed"),
        ("undone", "timed"),
        ("proof", "later"),
        ("undone", "later"),
    ]


def test_a_script_that_is_stopped_undoes_what_has_still_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = [{"id": "timed", "kind": "fake", "for_ns": 3_600_000 * MS}]
    lines = run(monkeypatch, capsys, faults, expires_ms=60_000, stop_ms=200)
    assert at(lines, "undone", "timed") < 20_000


def test_a_fault_that_failed_half_way_is_undone_and_not_proved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = [{"id": "half", "kind": "fake", "for_ns": 100 * MS, "fails": True}]
    lines = run(monkeypatch, capsys, faults, expires_ms=200)
    (proof,) = [line for line in lines if line["kind"] == "proof"]
    assert proof["proved"] is False
    assert at(lines, "undone", "half") >= 0


def test_the_agent_knows_every_way_to_fail_that_it_is_ordered() -> None:
    import inject

    ordered = {way for kind in NODE_FAULTS for way in kind.METHODS}
    assert {way for kind in inject.KINDS.values() for way in kind.METHODS} == ordered
