# SPDX-License-Identifier: Apache-2.0
"""What NSM would have told the client, had it listened: our own stream on the client's workspace.

It decides nothing about the client of the arm, whether monitored or plain: claim C2 is about what
that really has (judge/notification.py). What counts is in rulebook.md, "told to one who listens";
that a listener could not connect (nobody told it anything), and bytes that we could not read, do
not.
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
    """The first thing that our stream was told between the fault and the end of the watch.

    `watched` of what is returned says whether nothing heard means nothing said: the stream had
    given its state before the fault, and the listener was there, and understood all, until the end.
    A record without a listener (made before there was one) is not watched.
    """
    watch = instants.watch
    if watch is None:
        return FirstSign(watched=False)
    system = system_of(record.meta["factors"])
    heard = sorted(_of_stream(record), key=lambda event: (event.t_ns, event.seq))
    told = [
        (event.t_ns, at_event("listener", event, saying, f"{MONITOR_STREAM}: {saying}"))
        for event in heard
        if watch[0] <= event.t_ns <= watch[1] and (saying := _saying(event, system)) is not None
    ]
    if not told:
        return FirstSign(watched=_watched(heard, *watch))
    return first_told(told, instants)


def _of_stream(record: Record) -> list[Event]:
    events = record.all_of("notification")
    return [event for event in events if event.data.get("channel") == MONITOR_STREAM]


def _watched(heard: list[Event], begin_ns: int, end_ns: int) -> bool:
    before = [event for event in heard if event.t_ns < begin_ns]
    during = [event for event in heard if begin_ns <= event.t_ns <= end_ns]
    after = [event for event in heard if event.t_ns > end_ns]
    return (
        any(event.data.get("what") == "event" for event in before)
        and all(event.data.get("what") not in ("unreadable", "ended") for event in during)
        and any(event.data.get("what") == "ended" for event in after)
    )


def _saying(event: Event, system: System) -> str | None:
    """What a client would have understood from it as bad news; None when it is none."""
    what = event.data.get("what")
    if what == "broken":
        return "stream to NSM broke"
    if what != "event":
        return None
    if event.data.get("type") == "DELETE":
        return "connection closed" if system.deletion_is_news else None
    states = [row[-1] for row in event.data.get("connections") or () if row]
    return "connection down" if "DOWN" in states else None
