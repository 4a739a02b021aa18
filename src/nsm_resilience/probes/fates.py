# SPDX-License-Identifier: Apache-2.0
"""The echoes of a running watch, and the judge's own decision whether the path has settled.

The fate of the latest echoes is not known yet. A watch may end early only if the judge will agree
for every fate of theirs. So the decision (`judge/settled.py`) is made twice: with all of them lost,
and with all of them answered too late; both must say that the path has settled.

The judge is imported in the functions that use it, so that a trial begins before it is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nsm_resilience.study.models import Study

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nsm_resilience.judge.outages import Echoes, Int64s
    from nsm_resilience.judge.settled import PathState

LOOK_NS = 1_000_000_000
"""A path that has not settled is evaluated again after this, unless a later time is known."""


@dataclass
class Fates:
    """All echoes with a known fate; nanoseconds of the runner's clock.

    Attributes:
        study: The study, for its rules and windows.
        since_ns: Begin of the watch; None before.
    """

    study: Study
    since_ns: int | None = None
    _known: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    """By the echo's number: due, sent, time to its reply (-1: lost)."""
    _look_ns: int = 0

    def add(self, seq: int, due_ns: int, sent_ns: int, rtt_ns: int | None) -> None:
        """Add the fate of one echo; `rtt_ns` is None when it was not answered."""
        self._known[seq] = (due_ns, sent_ns, -1 if rtt_ns is None else rtt_ns)

    def watch_from(self, t_ns: int) -> None:
        """Begin a watch: interruptions that ended before it do not count."""
        self.since_ns, self._look_ns = t_ns, 0

    def settled(self, now_ns: int) -> bool:
        """Whether the path was interrupted, recovered and settled at an instant.

        Frequent calls are cheap: nothing is computed before the result can change.
        """
        if self.since_ns is None or now_ns < max(self._look_ns, self.since_ns):
            return False
        states = self.states(now_ns)
        if all(state.settled for state in states):
            return True
        worst = states[0]
        self._look_ns = now_ns + LOOK_NS
        if worst.hits and not worst.hits[-1].censored and not worst.back:
            self._look_ns = worst.hits[-1].end_ns + round(self.study.windows.settle_s * 1e9)
        return False

    def states(self, now_ns: int) -> tuple[PathState, PathState]:
        """The state of the path if all unknown echoes are lost, and if all are answered late."""
        from nsm_resilience.judge.outages import NEVER
        from nsm_resilience.judge.rules import Rules
        from nsm_resilience.judge.settled import state_of

        echoes, known = self._until(now_ns)
        late = replace(
            echoes,
            answered=echoes.answered | ~known,
            arrival=echoes.arrival + ~known * (NEVER - echoes.arrival),
        )
        rules = replace(Rules.of_study(self.study), tolerance_s=0.0)
        begin = self.since_ns or 0
        first, second = (
            state_of(one, begin, now_ns, rules, since_ns=int(one.sent[0]) if len(one) else begin)
            for one in (echoes, late)
        )
        return first, second

    def _until(self, now_ns: int) -> tuple[Echoes, NDArray[np.bool_]]:
        """All echoes due until an instant, and a mask of those whose fate is known.

        An unknown echo counts as sent when it was due, and as lost.
        """
        import numpy as np

        from nsm_resilience.judge.outages import Echoes

        seq = np.array(sorted(self._known), dtype=np.int64)
        times = np.array([self._known[n] for n in seq.tolist()], dtype=np.int64).reshape(-1, 3)
        due, sent, rtt = times.T
        interval = round(self.study.probes.echo_interval_s * 1e9)
        more = max(0, (now_ns - int(due[-1])) // interval) if len(seq) else 0
        # An echo that the script has not sent yet may be among them, which errs on the safe side.
        numbers = np.arange(seq[0], seq[-1] + more + 1) if len(seq) else seq
        known = np.isin(numbers, seq)
        all_due = _between(numbers, seq, due, interval)
        all_sent = np.minimum(_between(numbers, seq, sent, interval), now_ns)
        all_rtt = np.full(len(numbers), -1, dtype=np.int64)
        all_due[known], all_sent[known], all_rtt[known] = due, sent, rtt
        answered = all_rtt >= 0
        return Echoes(numbers, all_due, all_sent, answered, all_sent + all_rtt), known


def _between(numbers: Int64s, seq: Int64s, times: Int64s, interval: int) -> Int64s:
    """Times of all echoes: known ones, interpolated ones, and later ones at regular intervals."""
    import numpy as np

    if not len(seq):
        return times
    # relative to the first, because floats have 53 bits, and the runner's clock may need more
    line = np.interp(numbers, seq, times - times[0]).astype(np.int64) + times[0]
    beyond = np.maximum(numbers - seq[-1], 0)
    result: Int64s = line + beyond * interval
    return result
