# SPDX-License-Identifier: Apache-2.0
"""Did the probes really watch all the time? A probe that stopped proves nothing.

Each check returns a `Problem`, which makes the verdict `unknown`, or None.
"""

from __future__ import annotations

import numpy as np

from nsm_resilience.judge.awake import check_awake
from nsm_resilience.judge.evidence import Problem, of_samples
from nsm_resilience.judge.outages import Echoes
from nsm_resilience.judge.rules import Rules, to_ns, to_s
from nsm_resilience.record.reader import Record


def check_prober(echoes: Echoes, begin_ns: int, end_ns: int, rules: Rules) -> Problem | None:
    """Whether the prober of the path sent all the time, and kept its schedule."""
    part = echoes.between(begin_ns, end_ns)
    stopped, late = check_echoes(echoes, begin_ns, end_ns, rules), count_late(part, rules)
    if stopped is not None or late <= rules.late_fraction * len(part):
        return stopped
    return Problem(
        f"{late} of {len(part)} echoes ({100 * late / len(part):.1f} %) were sent more than half "
        f"an interval late, and {100 * rules.late_fraction:g} % is allowed"
    )


def check_echoes(
    echoes: Echoes,
    begin_ns: int,
    end_ns: int,
    rules: Rules,
    *,
    span: str = "the watch",
    after: str = "the fault",
) -> Problem | None:
    """Whether echoes were sent from `begin_ns` to `end_ns` without a pause (rulebook.md).

    `span` and `after` name that time and its begin in the text of the problem.
    """
    part = echoes.between(begin_ns, end_ns)
    if not len(part):
        return Problem(f"the data path probe has no samples in {span}")
    before = int(np.searchsorted(echoes.sent, begin_ns, "left"))
    left = int(echoes.sent[before - 1]) if before else begin_ns
    following = int(np.searchsorted(echoes.sent, end_ns, "right"))
    around = echoes.sent[before : following + 1]
    gaps = np.diff(around, prepend=left)
    widest = int(np.argmax(gaps))
    if gaps[widest] > to_ns(rules.probe_gap_s):
        at = to_s(int(around[widest]) - int(gaps[widest]) - begin_ns)
        seq = int(echoes.seq[before + widest])
        return Problem(
            f"the data path probe sent nothing for {to_s(int(gaps[widest])):.1f} s, "
            + _relative_to(at, after),
            (of_samples("probe stopped", "path", seq, seq, "first echo after the gap"),),
        )
    uncovered = end_ns - int(part.sent[-1])
    if following == len(echoes) and uncovered > max(rules.loss_run, 2) * to_ns(rules.interval_s):
        seq = int(part.seq[-1])
        return Problem(
            f"the data path probe sent nothing in the last {to_s(uncovered):.1f} s of {span}",
            (of_samples("probe stopped", "path", seq, seq, f"last echo sent in {span}"),),
        )
    return None


def _relative_to(at_s: float, what: str) -> str:
    return f"{abs(at_s):.1f} s {'before' if at_s < 0 else 'after'} {what}"


def count_late(echoes: Echoes, rules: Rules) -> int:
    """Echoes sent more than half an interval after they were due."""
    return int(np.count_nonzero(echoes.sent - echoes.due > to_ns(rules.interval_s) // 2))


def check_sampled(record: Record, begin_ns: int, end_ns: int, rules: Rules) -> Problem | None:
    """Whether the components of both nodes were sampled all the time, and no machine slept."""
    table = record.table("components")
    times = table["t_ns"].to_numpy(dtype=np.int64)
    nodes = table["node"].to_numpy(dtype=object)
    for node in ("client", "endpoint"):
        rows = np.flatnonzero((nodes == node) & (times <= end_ns))
        if not len(rows) or times[rows].max() < begin_ns:
            return Problem(f"the component probe has no samples of the {node}'s node in the watch")
        seen = np.sort(times[rows])
        since = seen[max(0, int(np.searchsorted(seen, begin_ns, "right")) - 1) :]
        edges = np.concatenate(([min(begin_ns, since[0])], since, [end_ns]))
        gaps = np.diff(edges)
        widest = int(np.argmax(gaps))
        if gaps[widest] > to_ns(rules.component_gap_s):
            at = to_s(int(edges[widest]) - begin_ns)
            row = int(rows[np.searchsorted(times[rows], edges[widest], "left")])
            return Problem(
                f"the component probe of the {node}'s node sampled nothing for "
                f"{to_s(int(gaps[widest])):.1f} s, {_relative_to(at, 'the fault')}",
                (of_samples("probe stopped", "components", row, row, "last row before the gap"),),
            )
    return check_awake(record, begin_ns, end_ns)
