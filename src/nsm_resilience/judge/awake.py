# SPDX-License-Identifier: Apache-2.0
"""Was the machine awake during the watch?

The monotonic clock stands still while the machine sleeps, so that the probes show no gap; timers on
another clock run on. Agents report how long their machine has slept since boot
(agent/node/wall_clock.py); older records do not hold it.
"""

from __future__ import annotations

from itertools import pairwise

from nsm_resilience.judge.evidence import Problem, problem_at
from nsm_resilience.judge.rules import to_s
from nsm_resilience.record.reader import Record

LEAST_NS = 1_000_000_000
"""Least length of a sleep. The time asleep is the difference of two clocks, and no reader is held
up for longer between reading them."""


def check_awake(record: Record, begin_ns: int, end_ns: int) -> Problem | None:
    """The first sleep of a node's machine in the watch; None when none slept or none reports it."""
    readings = [e for e in record.all_of("clock") if e.data.get("slept_ns") is not None]
    for node in dict.fromkeys(event.node for event in readings):
        for before, after in pairwise(event for event in readings if event.node == node):
            slept_ns = after.data["slept_ns"] - before.data["slept_ns"]
            if slept_ns > LEAST_NS and before.t_ns <= end_ns and after.t_ns >= begin_ns:
                text = f"the machine of the {node}'s node slept for {to_s(slept_ns):.1f} s"
                return problem_at(after, text, "sleep")
    return None
