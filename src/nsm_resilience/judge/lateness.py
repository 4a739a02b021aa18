# SPDX-License-Identifier: Apache-2.0
"""Lateness of replies: a measure of its own beside loss (issue 14, section 3).

A reply is late when it came more than `Rules.late_reply_s` after its echo was sent. A reply that
came after the end of the span is late if that time had passed at the end. An echo that was never
answered is lost, not late (outages.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nsm_resilience.judge.outages import Echoes
from nsm_resilience.judge.rules import Rules, to_ns


@dataclass(frozen=True, slots=True)
class Lateness:
    """Late replies to the echoes of one span.

    Attributes:
        late: Their number.
        longest_ns: The longest wait for a reply, late or not; 0 without any reply.
        first_seq: First echo answered late, `last_seq` the last; None without any.
    """

    late: int
    longest_ns: int
    first_seq: int | None
    last_seq: int | None


def find_late(part: Echoes, end_ns: int, rules: Rules) -> Lateness:
    """Lateness of the replies to some echoes, as known at `end_ns`."""
    waited = (np.minimum(part.arrival, end_ns) - part.sent)[part.answered]
    seq = part.seq[part.answered]
    late = seq[waited > to_ns(rules.late_reply_s)]
    return Lateness(
        late=len(late),
        longest_ns=int(waited.max()) if len(waited) else 0,
        first_seq=int(late[0]) if len(late) else None,
        last_seq=int(late[-1]) if len(late) else None,
    )
