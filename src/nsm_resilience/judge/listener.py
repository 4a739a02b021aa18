# SPDX-License-Identifier: Apache-2.0
"""What did NSM report on its monitor stream? Our own listener reads it on the client's workspace.

It decides nothing about the client of the arm, monitored or plain: claim C2 is about the channels
of that client (judge/notification.py). rulebook.md, "told to one who listens", defines bad news. A
failed connection of the listener and unreadable bytes are no news.
"""

from __future__ import annotations

from nsm_resilience.judge.first_sign import FirstSign, at_event
from nsm_resilience.judge.notification import first_told
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.record.events import MONITOR_STREAM, Event
from nsm_resilience.record.reader import Record
from nsm_resilience.systems.base import System
from nsm_resilience.systems.known import system_of


def find_told_to_listener(record: Record, instants: Instants) -> FirstSign:
    """The first bad news on our stream between the fault and the end of the watch.

    The result is `watched` when silence proves that NSM reported nothing: the stream had delivered
    its state before the fault, and the listener read everything until the end. An older record
    without a listener is not watched.
    """
    watch = instants.watch
    if watch is None:
        return FirstSign(watched=False)
    system = system_of(record.meta["factors"])
    ours = (e for e in record.all_of("notification") if e.data.get("channel") == MONITOR_STREAM)
    heard = sorted(ours, key=lambda event: (event.t_ns, event.seq))
    told = [
        (event.t_ns, at_event("listener", event, news, f"{MONITOR_STREAM}: {news}"))
        for event in heard
        if watch[0] <= event.t_ns <= watch[1] and (news := _bad_news(event, system)) is not None
    ]
    if not told:
        return FirstSign(watched=_watched(heard, *watch))
    return first_told(told, instants)


def _watched(heard: list[Event], begin_ns: int, end_ns: int) -> bool:
    before = [event for event in heard if event.t_ns < begin_ns]
    during = [event for event in heard if begin_ns <= event.t_ns <= end_ns]
    after = [event for event in heard if event.t_ns > end_ns]
    return (
        any(event.data.get("what") == "event" for event in before)
        and all(event.data.get("what") not in ("unreadable", "ended") for event in during)
        and any(event.data.get("what") == "ended" for event in after)
    )


def _bad_news(event: Event, system: System) -> str | None:
    """The bad news that a client would have read from an event; None when there is none."""
    what = event.data.get("what")
    if what == "broken":
        return "stream to NSM broke"
    if what != "event":
        return None
    if event.data.get("type") == "DELETE":
        return "connection closed" if system.deletion_is_news else None
    states = [row[-1] for row in event.data.get("connections") or () if row]
    return "connection down" if "DOWN" in states else None
