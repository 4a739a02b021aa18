# SPDX-License-Identifier: Apache-2.0
"""Processor time of the components in the watch, and whether one of them spins (issue 17.4).

Each sample of the component probe holds the processor time that the component's process has used
since its start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nsm_resilience.judge.timeline import union

if TYPE_CHECKING:
    import pandas as pd

TICKS_PER_S = 100
"""USER_HZ of Linux, the unit of /proc/<pid>/stat."""
SPIN_SHARE = 0.5
SPIN_S = 30.0


@dataclass(frozen=True, slots=True)
class ProcessorTime:
    """Processor time of one component on one node between the fault and the end of the watch.

    Its fields are the columns of table `processor`. The whole time of a process that started in
    between counts; `most_share` is 0 where it was sampled for less than SPIN_S.
    """

    node: str
    component: str
    sampled_s: float
    used_s: float
    most_share: float
    spun_s: float
    spun_from_s: float | None


def find_processor_times(
    components: pd.DataFrame, begin_ns: int, end_ns: int
) -> tuple[ProcessorTime, ...]:
    """Times of every component with two samples; none in records without processor times."""
    if not len(components) or not components["cpu_ticks"].notna().any():
        return ()
    known = components[["pid", "start_ticks", "cpu_ticks"]].notna().all(axis="columns")
    inside = components[components["t_ns"].between(begin_ns, end_ns) & known]
    inside = inside.sort_values("t_ns", kind="stable")
    return tuple(_times(inside, begin_ns))


def _times(inside: pd.DataFrame, begin_ns: int) -> Iterator[ProcessorTime]:
    for (node, component), own in inside.groupby(["node", "component"], observed=True, sort=True):
        if len(own) < 2:
            continue
        at = (own["t_ns"].to_numpy(dtype=np.int64) - begin_ns) / 1e9
        used = _used(own)
        windows = _windows(at, used)
        spun = union((begin, end) for begin, end, share in windows if share >= SPIN_SHARE)
        yield ProcessorTime(
            str(node), str(component), float(at[-1] - at[0]), float(used[-1]),
            max((share for _, _, share in windows), default=0.0),
            float(sum(end - begin for begin, end in spun)),
            float(spun[0][0]) if spun else None,
        )  # fmt: skip


def _used(own: pd.DataFrame) -> NDArray[np.float64]:
    """Seconds used since the first sample, by all processes of the component; shape (n,)."""
    ticks = own["cpu_ticks"].to_numpy(dtype=np.int64)
    pid = own["pid"].to_numpy(dtype=np.int64)
    start = own["start_ticks"].to_numpy(dtype=np.int64)
    same = (pid[1:] == pid[:-1]) & (start[1:] == start[:-1])
    more = np.where(same, ticks[1:] - ticks[:-1], ticks[1:])
    # the kernel's sum over threads may fall back by a tick when one of them ends
    steps = np.concatenate([[0], np.maximum(more, 0)])
    return np.cumsum(steps) / TICKS_PER_S


def _windows(
    at: NDArray[np.float64], used: NDArray[np.float64]
) -> list[tuple[float, float, float]]:
    """Begin and end of every window of SPIN_S, and the share of one processor used in it."""
    ends = np.searchsorted(at, at + SPIN_S, side="left")
    begins = np.flatnonzero(ends < len(at))
    ends = ends[begins]
    shares = (used[ends] - used[begins]) / (at[ends] - at[begins])
    return list(zip(at[begins].tolist(), at[ends].tolist(), shares.tolist(), strict=True))
