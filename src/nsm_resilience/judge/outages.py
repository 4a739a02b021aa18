# SPDX-License-Identifier: Apache-2.0
"""Interruptions of a path: runs of echoes that were never answered (issue 14, section 3).

Loss and lateness are two phenomena. This module is about loss (rulebook.md, "interruption"); an
echo that was answered late is not lost (lateness.py). While the prober pauses nothing is sent and
nothing is lost: a pause alone never counts against the path. An interruption lasts as long as no
reply comes, to any echo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Int64s = NDArray[np.int64]


class SamplesError(ValueError):
    """A table of echoes contradicts itself, so that nothing may be concluded from it."""


@dataclass(frozen=True)
class Echoes:
    """Echoes in the order sent; times are nanoseconds of the runner's monotonic clock.

    Attributes, each of shape (n,):
        seq: Number of each echo.
        due: When the schedule wanted it sent.
        sent: When it was handed to the kernel, ascending.
        arrival: When the reply came; meaningless where `answered` is false.
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
        return self.where(slice(low, max(low, high)))

    def where(self, part: slice | NDArray[np.bool_]) -> Echoes:
        """Some of them, in the same order."""
        return Echoes(
            self.seq[part], self.due[part], self.sent[part], self.answered[part], self.arrival[part]
        )

    @property
    def lost(self) -> int:
        """Number of echoes without an answer, for any reason."""
        return int(len(self) - np.count_nonzero(self.answered))


@dataclass(frozen=True, slots=True)
class Interruption:
    """A run of echoes without reply. The order of rows in the table does not matter.

    Attributes:
        begin_ns: Arrival of the last reply before it.
        end_ns: Arrival of the first reply after it, or the end of the span (censored).
        censored: Whether no reply came until the end.
        lost: Echoes that were never answered: from `first_seq`, sent at `first_sent_ns`, to the
            last.
    """

    begin_ns: int
    end_ns: int
    censored: bool
    lost: int
    first_seq: int
    last_seq: int
    first_sent_ns: int
    last_sent_ns: int

    @property
    def length_ns(self) -> int:
        """Time without reply, inside the span."""
        return self.end_ns - self.begin_ns


def read_echoes(table: pd.DataFrame) -> Echoes:
    """Echoes of a table `path` or `new`, sorted by the time they were sent, or SamplesError."""
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


NEVER = np.iinfo(np.int64).max


def find_interruptions(
    echoes: Echoes, begin_ns: int, end_ns: int, *, loss_run: int
) -> tuple[Interruption, ...]:
    """Interruptions among the echoes sent from `begin_ns` to `end_ns`.

    One that is open at `begin_ns` counts from there. A reply after `end_ns` ends no interruption,
    because it was not known at the end; but its own echo was not lost. Short losses that no reply
    separates from a long run, because replies overtook each other, belong to its interruption.
    """
    part = echoes.between(begin_ns, end_ns)
    came = part.answered & (part.arrival <= end_ns)
    arrivals = np.sort(part.arrival[came])
    # Arrival of the first reply to any echo sent from this one on; NEVER without any.
    after = np.append(np.minimum.accumulate(np.where(came, part.arrival, NEVER)[::-1])[::-1], NEVER)
    lost_at = np.flatnonzero(~part.answered)
    ends = after[lost_at + 1]
    run_begins = np.flatnonzero(np.diff(lost_at, prepend=-2) != 1)
    run_lengths = np.diff(run_begins, append=len(lost_at))
    run_ends = ends[run_begins]

    found: list[Interruption] = []
    for end in np.unique(run_ends[run_lengths >= loss_run]):
        low, high = np.searchsorted(ends, end, "left"), np.searchsorted(ends, end, "right")
        first, last = int(lost_at[low]), int(lost_at[high - 1])
        before = int(np.searchsorted(arrivals, end, "left"))
        found.append(
            Interruption(
                begin_ns=int(arrivals[before - 1]) if before else begin_ns,
                end_ns=end_ns if end == NEVER else int(end),
                censored=bool(end == NEVER),
                lost=int(high - low),
                first_seq=int(part.seq[first]),
                last_seq=int(part.seq[last]),
                first_sent_ns=int(part.sent[first]),
                last_sent_ns=int(part.sent[last]),
            )
        )
    return tuple(found)
