# SPDX-License-Identifier: Apache-2.0
"""Data of one attempt along time: replies, lanes of components and sockets, faults.

The figure of typical trials, the pages of the site and the notebooks all draw these data, so that
they cannot disagree. All times are seconds from the fault.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import pandas as pd

from nsm_resilience.judge.timeline import find_instants, union
from nsm_resilience.judge.watchdog_events import watchdog_events
from nsm_resilience.systems.base import Kind
from nsm_resilience.systems.known import kind_of

if TYPE_CHECKING:
    from nsm_resilience.record.reader import Record

BEFORE_S = 10.0
"""Seconds of the steady state that are shown before the fault."""
BINS = 360
"""Time bins of a panel; 20 ms echoes of a whole watch would be six thousand dots."""

SOCKETS = "sockets"
"""Lane of all sockets of a node together."""

_ORDER = (*get_args(Kind), SOCKETS)
"""Order of the lanes: components by what they do, then the sockets."""


@dataclass(frozen=True)
class Band:
    """A stretch of time in seconds from the fault."""

    label: str
    begin_s: float
    end_s: float


@dataclass(frozen=True)
class Timeline:
    """Data of one record along time; all times in seconds from the fault.

    Attributes:
        replies: one row per echo of the established path, columns `t_s` (when it was sent) and
            `rtt_s` (empty: no reply).
        injections: begin and end of each injection.
        end_s: end of the watch.
        notices: each `finding` or `action` of a watchdog, and when.
    """

    trial: str
    replies: pd.DataFrame
    injections: tuple[Band, ...]
    end_s: float
    notices: tuple[tuple[str, float], ...] = ()


def timeline_of(record: Record) -> Timeline:
    """Take a timeline from a record.

    Raises:
        ValueError: the record has no fault instant or no end of the watch, so there is no axis.
    """
    instants = find_instants(record)
    if instants.watch is None:
        raise ValueError(f"{record.folder}: no fault instant or no end of the watch to draw from")
    zero, end = instants.watch
    echoes = record.table("path")
    replies = pd.DataFrame(
        {
            "t_s": (echoes["sent_ns"].astype("int64") - zero) / 1e9,
            "rtt_s": echoes["rtt_ns"].astype("Float64") / 1e9,
        }
    )
    injections = tuple(
        Band(
            str(event.target or event.data.get("method") or "fault"),
            (int(event.data["t_begin_ns"]) - zero) / 1e9,
            (int(event.data["t_done_ns"]) - zero) / 1e9,
        )
        for event in record.all_of("injection")
    )
    notices = tuple(
        (str(event.data["what"]), (event.t_ns - zero) / 1e9)
        for event in watchdog_events(record, "finding", "action")
        if zero - BEFORE_S * 1e9 <= event.t_ns <= end
    )
    return Timeline(record.trial, replies, injections, (end - zero) / 1e9, notices)


def binned(replies: pd.DataFrame, begin_s: float, end_s: float, bins: int = BINS) -> pd.DataFrame:
    """Sum up echoes in equal bins of time.

    Returns:
        One row per bin with echoes: `t_s` (middle), `sent`, `lost`, `median_s` (of the replies,
        empty without any).
    """
    import numpy as np

    width = (end_s - begin_s) / bins
    inside = replies[(replies["t_s"] >= begin_s) & (replies["t_s"] < end_s)]
    number = np.floor((inside["t_s"] - begin_s) / width).astype(int)
    grouped = inside["rtt_s"].groupby(number)
    sent = grouped.size()
    return pd.DataFrame(
        {
            "t_s": begin_s + (sent.index.to_numpy() + 0.5) * width,
            "sent": sent.to_numpy(),
            "lost": (sent - grouped.count()).to_numpy(),
            "median_s": grouped.median().to_numpy(),
        }
    )


def reply_limits(timelines: Sequence[Timeline]) -> tuple[float, float]:
    """Return whole decades of milliseconds around the median replies of all panels."""
    medians = [binned(t.replies, -BEFORE_S, t.end_s)["median_s"] for t in timelines]
    seen = pd.concat(medians).dropna().astype(float) * 1e3 if medians else pd.Series(dtype=float)
    if seen.empty:
        return 0.1, 10.0
    low, high = math.floor(math.log10(seen.min())), math.ceil(math.log10(seen.max()))
    return 10.0**low, 10.0 ** max(high, low + 1)


def lanes(components: pd.DataFrame, end_s: float) -> list[tuple[str, str]]:
    """Return (node, thing) of each thing that changed in a trial, the client's node first.

    A thing is a component with a process, or `sockets` for all sockets of the node together. A
    thing that did not change from the fault to the end of the watch has no lane.
    """
    found: set[tuple[str, str]] = set()
    own = components[components["what"] != "socket"]
    for (node, component, _), changes in own.groupby(["node", "component", "what"]):
        if len(changes) > 1:
            found.add((str(node), str(component)))
    for node, sockets in components[components["what"] == "socket"].groupby("node"):
        if changed_sockets(sockets, -BEFORE_S, end_s):
            found.add((str(node), SOCKETS))
    return sorted(found, key=lane_order)


def lane_order(lane: tuple[str, str]) -> tuple[str, int, str]:
    """Return a key that sorts (node, thing): client's node first, components in the usual order."""
    node, thing = lane
    kind = kind_of(thing) or thing
    return node, _ORDER.index(kind) if kind in _ORDER else len(_ORDER), thing


def states(changes: pd.DataFrame, begin_s: float, end_s: float) -> list[tuple[float, float, str]]:
    """Turn changes of one thing (`t_s`, `value`) into stretches (begin, end, value), seconds.

    The first value is the one just before the fault. It is drawn back to the left edge: without a
    steady state before the fault the trial would be void.
    """
    ordered = changes.sort_values("t_s", kind="stable")
    points = zip(ordered["t_s"], ordered["value"], strict=True)
    return stretches([(float(t), str(value)) for t, value in points], begin_s, end_s)


def stretches(
    points: Sequence[tuple[float, str]], begin_s: float, end_s: float
) -> list[tuple[float, float, str]]:
    """Do the same as `states` for (time, value) pairs that are in order of time."""
    if not points:
        return []
    begins = [begin_s, *(t for t, _ in points[1:])]
    ends = [*begins[1:], end_s]
    values = [value for _, value in points]
    return [(b, e, v) for b, e, v in zip(begins, ends, values, strict=True) if e > b]


def changed_sockets(sockets: pd.DataFrame, begin_s: float, end_s: float) -> list[Band]:
    """Return when any socket of a node was in another condition than before the fault.

    Only the word of the value counts (`answers`, `silent`, `file`, `missing`): a new inode that
    answers is a healthy new socket.
    """
    changed: list[tuple[float, float]] = []
    for _, own in sockets.groupby("component", sort=True):
        stretches = states(own, begin_s, end_s)
        first = stretches[0][2].split()[0]
        changed += [(b, e) for b, e, value in stretches if value.split()[0] != first]
    return [Band(SOCKETS, begin, end) for begin, end in union(changed)]
