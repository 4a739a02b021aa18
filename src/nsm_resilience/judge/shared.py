# SPDX-License-Identifier: Apache-2.0
"""Look across lanes: what one lane suffered because of another is no outage of its own.

Issue 14, section 1: in a recorded campaign a hung `vpp` was continued, and a few milliseconds later
paths of other lanes lost a hundred echoes. No record alone shows that. So, before any verdict, the
traces of all attempts of a campaign are laid side by side; what is shared says the rulebook ("begun
together", "acts of another lane", "shared between lanes").

Two things may begin together by chance. So the same look is made with everything of the other lanes
moved by several seconds (`SHIFTS_S`), where nothing but chance can match; the tables print both
counts side by side.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, get_args

from nsm_resilience.judge.acts import KINDS, Act
from nsm_resilience.judge.rules import to_ns, to_s
from nsm_resilience.judge.traces import RunnerClock, Stretch, StretchKind, Trace

SHIFTS_S = (-23.0, -17.0, -13.0, -11.0, -7.0, 7.0, 11.0, 13.0, 17.0, 23.0)
"""By how much the other lanes are moved to see what chance does; seconds. Primes, so that nothing
periodic in whole seconds fits twice."""

REBOOT_S = 60.0
"""Records without the boot of their host are of one clock when the boots that follow from their
wall clocks differ by less; seconds. A wall clock that is set moves by less, and between the boots
of a machine on which trials were run lies at least a trial, which takes longer."""

MUCH_LONGER = 2
"""A shared loss that is so many times as long as the longest that began with it has a part of its
own: what disturbs several lanes at once may hold each of them for another time, but what is twice
as long has lasted as long again after the others were over."""

Key = tuple[str, int]
"""Trial and attempt."""

What = TypeVar("What", Act, Stretch)


@dataclass(frozen=True, slots=True)
class InLane(Generic[What]):
    """Something that an attempt did, or that befell its path, and the lane that it ran in."""

    trial: str
    attempt: int
    lane: str
    what: What


@dataclass(frozen=True, slots=True)
class Shared:
    """A stretch of an attempt that was no doing of its own.

    Attributes:
        others: What began with it in other lanes.
        cause: The act of another lane that it follows on; None when no record shows one.
        why_inseparable: Why it cannot be told from an outage of the trial's own, as it goes on
            after "because"; empty when it can.
    """

    stretch: Stretch
    others: tuple[InLane[Stretch], ...]
    cause: InLane[Act] | None
    why_inseparable: str


@dataclass(frozen=True, slots=True)
class Looked:
    """How many stretches of a kind were looked at, were shared, and are so by chance.

    `shifted` counts those shared when the other lanes are moved by each of `SHIFTS_S`.
    """

    kind: StretchKind
    stretches: int
    shared: int
    shifted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Across:
    """What the look across lanes says of one attempt.

    `caused` is each act of it that a stretch of another lane follows on, with that stretch.
    """

    shared: tuple[Shared, ...] = ()
    caused: tuple[tuple[Act, InLane[Stretch]], ...] = ()
    looked: tuple[Looked, ...] = ()


class _Times(Generic[What]):
    """What happened in all lanes in the order of its begin; what is near an instant is found."""

    def __init__(self, found: Iterable[InLane[What]]) -> None:
        self._found: list[InLane[What]] = sorted(
            found, key=lambda one: (one.what.begin_ns, one.trial, one.attempt)
        )
        self._begins: list[int] = [one.what.begin_ns for one in self._found]

    def beside(self, lane: str, low_ns: int, high_ns: int) -> list[InLane[What]]:
        """What began in other lanes between two instants."""
        low = bisect.bisect_left(self._begins, low_ns)
        high = bisect.bisect_right(self._begins, high_ns, lo=low)
        return [one for one in self._found[low:high] if one.lane != lane]


class _Campaign:
    """All traces of one clock."""

    def __init__(self, traces: Sequence[Trace]) -> None:
        self.stretches: dict[StretchKind, _Times[Stretch]] = {
            kind: _Times(_in_lane(trace, one) for trace in traces for one in _not_own(trace, kind))
            for kind in get_args(StretchKind)
        }
        self.acts = _Times(_in_lane(trace, act) for trace in traces for act in trace.acts)
        lengths = (act.end_ns - act.begin_ns for trace in traces for act in trace.acts)
        self.longest_act_ns = max(lengths, default=0)

    def others(self, trace: Trace, stretch: Stretch, shift_ns: int = 0) -> list[InLane[Stretch]]:
        """Stretches of other lanes that begin with this one."""
        at, near = stretch.begin_ns - shift_ns, trace.tolerance_ns
        return self.stretches[stretch.kind].beside(trace.lane, at - near, at + near)

    def causes(self, trace: Trace, begin_ns: int, shift_ns: int = 0) -> list[InLane[Act]]:
        """Acts of other lanes that something which began then follows on."""
        at, near = begin_ns - shift_ns, trace.tolerance_ns
        before = self.acts.beside(trace.lane, at - near - self.longest_act_ns, at)
        return [one for one in before if at <= one.what.end_ns + near]

    def is_shared(self, trace: Trace, stretch: Stretch, shift_ns: int = 0) -> bool:
        """Whether it begins with one of another lane, or is a loss that follows on an act."""
        return bool(self.others(trace, stretch, shift_ns)) or (
            stretch.kind == "loss" and bool(self.causes(trace, stretch.begin_ns, shift_ns))
        )


def look_across(traces: Iterable[Trace]) -> dict[Key, Across]:
    """What is shared in a campaign, by attempt. The order of the traces does not matter."""
    found: dict[Key, Across] = {}
    for of_one_clock in _by_clock(traces):
        campaign = _Campaign(of_one_clock)
        shared = [(trace, tuple(_shared(trace, campaign))) for trace in of_one_clock]
        caused: dict[Key, list[tuple[Act, InLane[Stretch]]]] = defaultdict(list)
        for trace, stretches in shared:
            for one in stretches:
                if one.cause is not None:
                    hit = (one.cause.what, _in_lane(trace, one.stretch))
                    caused[one.cause.trial, one.cause.attempt].append(hit)
        for trace, stretches in shared:
            key = (trace.trial, trace.attempt)
            looked = tuple(_looked(trace, campaign))
            found[key] = Across(stretches, tuple(caused.get(key, ())), looked)
    return found


def _in_lane(trace: Trace, what: What) -> InLane[What]:
    return InLane(trace.trial, trace.attempt, trace.lane, what)


def _shared(trace: Trace, campaign: _Campaign) -> Iterator[Shared]:
    for stretch in _not_own(trace):
        if not campaign.is_shared(trace, stretch):
            continue
        others = campaign.others(trace, stretch)
        causes = campaign.causes(trace, stretch.begin_ns)
        if not causes:  # the act is before the first of them, which may be another one
            causes = campaign.causes(trace, min(one.what.begin_ns for one in others))
        cause = min(causes, key=lambda c: _likeliest(c, stretch), default=None)
        yield Shared(stretch, tuple(others), cause, _inseparable(trace, stretch, others))


def _likeliest(cause: InLane[Act], stretch: Stretch) -> tuple[int, int, str, int]:
    kind = KINDS.index(cause.what.kind)
    return kind, abs(stretch.begin_ns - cause.what.begin_ns), cause.trial, cause.attempt


def _inseparable(trace: Trace, stretch: Stretch, others: Sequence[InLane[Stretch]]) -> str:
    """Why a shared loss cannot be told from an outage of the trial's own; empty when it can."""
    if stretch.kind == "stall":
        return ""
    near = trace.tolerance_ns
    for act in trace.acts:
        if act.on_fault and stretch.begin_ns - near <= act.end_ns <= stretch.end_ns + near:
            return f"the trial itself {act.text} before it was over"
    if stretch.open_end:
        return "the path did not answer again"
    if not others:
        return "no other lane shows how long it lasted"
    longest = max(one.what.length_ns for one in others)
    if stretch.length_ns > MUCH_LONGER * longest:
        return (
            f"it lasted {to_s(stretch.length_ns):.1f} s, and no other that began with it longer "
            f"than {to_s(longest):.1f} s"
        )
    return ""


def _not_own(trace: Trace, kind: StretchKind | None = None) -> list[Stretch]:
    """Stretches, of one kind, that do not begin with what their own trial did to its path."""
    near = trace.tolerance_ns
    own = [(act.begin_ns - near, act.end_ns + near) for act in trace.acts if act.on_fault]
    return [
        one
        for one in trace.stretches
        if kind in (None, one.kind) and not any(low <= one.begin_ns <= high for low, high in own)
    ]


def _looked(trace: Trace, campaign: _Campaign) -> Iterator[Looked]:
    for kind in campaign.stretches:
        own = _not_own(trace, kind)
        shared, *shifted = (
            sum(campaign.is_shared(trace, one, to_ns(shift_s)) for one in own)
            for shift_s in (0.0, *SHIFTS_S)
        )
        yield Looked(kind, len(own), shared, tuple(shifted))


def _by_clock(traces: Iterable[Trace]) -> Iterator[list[Trace]]:
    """Traces whose times can be compared, together."""
    together: list[Trace] = []
    for trace in sorted(traces, key=lambda one: one.clock):
        if together and not _is_one(together[-1].clock, trace.clock):
            yield together
            together = []
        together.append(trace)
    if together:
        yield together


def _is_one(one: RunnerClock, other: RunnerClock) -> bool:
    same_host = (one.cluster, one.host) == (other.cluster, other.host)
    return same_host and abs(one.booted_s - other.booted_s) < REBOOT_S
