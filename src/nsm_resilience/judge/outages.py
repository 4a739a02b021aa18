# SPDX-License-Identifier: Apache-2.0
"""Interruptions of a path, found from the fate of every echo.

A *stretch* is the time from the arrival of one reply to the arrival of the next, whichever echo
they belong to. A stretch longer than `Rules.interruption_s` is an interruption if an echo was lost
in it, or if all were answered but kept waiting that long. When every echo was answered in time and
only the prober paused, there is nothing to hold against the path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nsm_resilience.judge.rules import to_ns

if TYPE_CHECKING:
    import pandas as pd

Int64s = NDArray[np.int64]


class SamplesError(ValueError):
    """A table of echoes contradicts itself, so that nothing may be concluded from it."""


@dataclass(frozen=True)
class Echoes:
    """Echoes in the order sent; times are nanoseconds of the runner's monotonic clock.

    Attributes:
        seq: Number of each echo, shape (n,).
        due: When the schedule wanted it sent, shape (n,).
        sent: When it was handed to the kernel, shape (n,), ascending.
        answered: Whether a reply came, shape (n,).
        arrival: When the reply came, shape (n,); meaningless where `answered` is false.
    """

    seq: Int64s
    due: Int64s
    sent: Int64s
    answered: NDArray[np.bool_]
    arrival: Int64s

    def __len__(self) -> int:
        return len(self.seq)

    def between(self, begin_ns: int, end_ns: int) -> Echoes:
        """The echoes sent from `begin_ns` to `end_ns`, both included."""
        low = int(np.searchsorted(self.sent, begin_ns, "left"))
        high = int(np.searchsorted(self.sent, end_ns, "right"))
        part = slice(low, max(low, high))
        return Echoes(
            self.seq[part], self.due[part], self.sent[part], self.answered[part], self.arrival[part]
        )

    @property
    def lost(self) -> int:
        """How many were not answered, for whatever reason."""
        return int(len(self) - np.count_nonzero(self.answered))


@dataclass(frozen=True, slots=True)
class Interruption:
    """A stretch without reply. The order of rows in the table does not matter.

    Attributes:
        begin_ns: Arrival of the last reply before it.
        end_ns: Arrival of the first reply after it, or the end of what was watched (censored).
        censored: Whether no reply came until the end.
        lost: Echoes that were never answered.
        first_seq: First echo lost (or first one kept waiting, when all were answered late).
        last_seq: Last echo lost (or kept waiting).
    """

    begin_ns: int
    end_ns: int
    censored: bool
    lost: int
    first_seq: int
    last_seq: int

    @property
    def length_ns(self) -> int:
        """Time without reply, as far as it was watched."""
        return self.end_ns - self.begin_ns


@dataclass(frozen=True, slots=True)
class Stretches:
    """What became of the echoes sent in one span of time.

    `isolated_lost` are the losses outside every interruption, so that
    `lost == isolated_lost + sum of the interruptions' lost`.
    """

    sent: int
    lost: int
    isolated_lost: int
    interruptions: tuple[Interruption, ...]


def read_echoes(table: pd.DataFrame) -> Echoes:
    """Echoes of a table `path` or `new`, sorted by the time they were sent.

    Raises:
        SamplesError: If a number is repeated or missing in between, a fate is unknown, a reply has
            no time or came before its echo was sent, or a lost echo has a time.
    """
    seq = table["seq"].to_numpy(dtype=np.int64)
    due = table["due_ns"].to_numpy(dtype=np.int64)
    sent = table["sent_ns"].to_numpy(dtype=np.int64)
    fate = table["fate"].to_numpy(dtype=object)
    rtt_column = table["rtt_ns"]
    timed = rtt_column.notna().to_numpy(dtype=np.bool_)
    rtt = rtt_column.fillna(0).to_numpy(dtype=np.int64)
    answered = fate == "reply"
    known = answered | (fate == "lost") | (fate == "send_error")
    if not known.all():
        raise SamplesError(f"an echo has the fate {fate[~known][0]!r}")
    if (answered != timed).any():
        where = int(seq[answered != timed][0])
        raise SamplesError(f"echo {where} has a reply without its time, or a time without a reply")
    if (rtt < 0).any():
        raise SamplesError(f"the reply to echo {int(seq[rtt < 0][0])} is older than the echo")
    numbers = np.sort(seq)
    steps = np.diff(numbers)
    if (steps != 1).any():
        where = int(numbers[np.flatnonzero(steps != 1)[0]])
        raise SamplesError(f"echoes are missing or repeated after number {where}")
    order = np.lexsort((seq, sent))
    return Echoes(
        seq[order],
        due[order],
        sent[order],
        answered[order].astype(np.bool_),
        (sent + rtt)[order],
    )


def find_stretches(
    echoes: Echoes, begin_ns: int, end_ns: int, *, interruption_s: float, interval_s: float
) -> Stretches:
    """Interruptions among the echoes sent from `begin_ns` to `end_ns`.

    A stretch that is open at `begin_ns` counts from there. A reply that came after `end_ns` does
    not end a stretch, because nobody could know of it at the end.
    """
    part = echoes.between(begin_ns, end_ns)
    threshold, interval = to_ns(interruption_s), to_ns(interval_s)
    replied = np.flatnonzero(part.answered & (part.arrival <= end_ns))
    replied = replied[np.argsort(part.arrival[replied], kind="stable")]
    edges = np.concatenate(([begin_ns], part.arrival[replied], [end_ns])).astype(np.int64)
    # Latest echo answered so far, by position: losses between two such positions belong to the
    # stretch between, also when replies overtook each other.
    reached = np.concatenate(
        ([-1], np.maximum.accumulate(replied) if len(replied) else [], [len(part)])
    ).astype(np.int64)
    lost_at = np.flatnonzero(~part.answered)
    paused = np.concatenate(
        ([0], np.cumsum(np.maximum(np.diff(part.sent) - 2 * interval, 0))) if len(part) else ([0],)
    ).astype(np.int64)

    found: list[Interruption] = []
    for at in np.flatnonzero(np.diff(edges) > threshold):
        begin, end = int(edges[at]), int(edges[at + 1])
        first = int(np.searchsorted(part.sent, begin, "right"))
        last = int(np.searchsorted(part.sent, end, "left")) - 1
        low = int(np.searchsorted(lost_at, reached[at], "right"))
        high = int(np.searchsorted(lost_at, reached[at + 1], "left"))
        if high > low:
            first, last = int(lost_at[low]), int(lost_at[high - 1])
        elif last < first:
            continue  # nothing was sent meanwhile
        elif end - part.sent[first] - (paused[last] - paused[first]) <= threshold - interval:
            continue  # what was sent was answered in time, only the prober paused
        found.append(
            Interruption(
                begin_ns=begin,
                end_ns=end,
                censored=bool(at == len(edges) - 2),
                lost=high - low if high > low else 0,
                first_seq=int(part.seq[first]),
                last_seq=int(part.seq[last]),
            )
        )
    inside = sum(i.lost for i in found)
    return Stretches(len(part), part.lost, part.lost - inside, tuple(found))
