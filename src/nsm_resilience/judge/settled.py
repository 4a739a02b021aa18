# SPDX-License-Identifier: Apache-2.0
"""Does a path live, and has it recovered and settled? One rule, for the runner and the judge.

The runner calls `state_of` during the watch, to end it early; the judge calls it on the record. So
both apply the same rule (rulebook.md: "a living path", "answering in time", "recovered and
settled"). The runner does not know the fate of the latest echoes yet, and assumes the worst
(`probes/fates.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsm_resilience.judge.lateness import find_late
from nsm_resilience.judge.outages import Echoes, Interruption, find_interruptions
from nsm_resilience.judge.rules import Rules, to_ns


@dataclass(frozen=True, slots=True)
class PathState:
    """The state of a path at the end of a span.

    Attributes:
        hits: Interruptions that were not over when the span began.
        outside: Echoes sent outside them, in the whole span.
        answering_ns: Time without interruption at the end.
        back: Whether it was never interrupted, or not during the settle time.
        lives: Whether it loses few enough echoes outside interruptions.
        in_time: Whether few enough replies come late in the settle time.
    """

    hits: tuple[Interruption, ...]
    outside: Echoes
    answering_ns: int
    back: bool
    lives: bool
    in_time: bool

    @property
    def answers(self) -> bool:
        """Whether the path works: never interrupted, or recovered and settled."""
        return self.back and self.lives and self.in_time

    @property
    def settled(self) -> bool:
        """Whether it was interrupted, has recovered, and has settled."""
        return bool(self.hits) and self.answers


def state_of(
    echoes: Echoes, begin_ns: int, end_ns: int, rules: Rules, *, since_ns: int | None = None
) -> PathState:
    """The state of a path at `end_ns`, watched from `begin_ns`; nanoseconds of the runner's clock.

    The search for interruptions begins at `since_ns`, when it is earlier: an interruption that the
    fault causes begins with the last reply before the fault.
    """
    since = begin_ns if since_ns is None else min(since_ns, begin_ns)
    found = find_interruptions(echoes, since, end_ns, loss_run=rules.loss_run)
    hits = tuple(one for one in found if one.end_ns > begin_ns)
    settle_ns = to_ns(rules.settle_s)
    outside = _without(echoes.between(begin_ns, end_ns), hits)
    last = outside.between(max(begin_ns, end_ns - settle_ns), end_ns)
    answering = end_ns - hits[-1].end_ns if hits else end_ns - begin_ns
    enough = answering >= settle_ns - to_ns(rules.tolerance_s)
    return PathState(
        hits=hits,
        outside=outside,
        answering_ns=answering,
        back=not hits or (not hits[-1].censored and enough),
        lives=all(part.lost <= rules.loss_share * len(part) for part in (outside, last)),
        in_time=find_late(last, end_ns, rules).late <= rules.late_reply_share * len(last),
    )


def _without(part: Echoes, hits: tuple[Interruption, ...]) -> Echoes:
    """The echoes that were sent outside every interruption."""
    kept = np.ones(len(part), dtype=np.bool_)
    for hit in hits:
        kept &= (part.sent < hit.first_sent_ns) | (part.sent > hit.last_sent_ns)
    return part.where(kept)
