# SPDX-License-Identifier: Apache-2.0
"""What the project did to a lane is one act, however many events tell of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from nsm_resilience.judge.acts import find_acts
from nsm_resilience.record.events import Actor, Event

WALL = "2026-11-28T10:00:00Z"


def event(seq: int, kind: str, source: Actor, t_ns: int, **data: Any) -> Event:
    return Event(
        seq=seq, t_ns=t_ns, wall=WALL, source=source, phase="undo", kind=kind, node="client",
        target="socket:spire-agent@client", data={"id": "fault-1", **data},
    )  # fmt: skip


def acts(*undone: Event) -> list[tuple[str, int, int, str]]:
    events = [event(0, "injection", "agent", 10, method="unlink", t_begin_ns=10, t_done_ns=11)]
    events += undone
    record: Any = SimpleNamespace(
        events=events,
        meta={"scenario": {}},
        all_of=lambda kind: [e for e in events if e.kind == kind],
    )
    return [(a.kind, a.begin_ns, a.end_ns, a.text) for a in find_acts(record)]


def test_looking_whether_it_serves_again_is_no_act_and_making_it_anew_is() -> None:
    mended = event(1, "undo", "agent", 31, ok=True, t_begin_ns=30)
    injected = ("injection", 10, 11, "damaged spire-agent")
    by_agent = ("undo", 30, 31, "mended spire-agent")
    looked = event(2, "undo", "runner", 50, ok=True, t_begin_ns=40, made_anew=[])
    assert acts(mended, looked) == [injected, by_agent]
    renewed = event(2, "undo", "runner", 90, ok=True, t_begin_ns=40, made_anew=["spire-agent-x"])
    by_runner = ("undo", 40, 90, "mended spire-agent")
    assert acts(mended, renewed) == [injected, by_agent, by_runner]
