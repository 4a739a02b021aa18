# SPDX-License-Identifier: Apache-2.0
"""Compare lanes: a loss that another lane caused is no outage of the trial's own.

Issue 14, section 1: in a recorded campaign a hung `vpp` was continued, and a few milliseconds later
paths of other lanes lost a hundred echoes. No single record shows that. So the traces of all
attempts of a campaign are compared before any verdict; the rulebook defines what is shared ("begun
together", "acts of another lane", "shared between lanes").

Two stretches may begin together by chance. So the comparison is repeated with the times of the
other lanes shifted by several seconds (`SHIFTS_S`), where only chance can match; the tables print
both counts side by side.
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
"""Shifts of the other lanes that measure coincidence by chance; seconds. Primes, so that nothing
periodic in whole seconds fits twice."""

REBOOT_S = 60.0
"""Records that do not hold the boot of their host have one clock if their boot times, computed from
their wall clocks, differ by less; seconds. Setting a wall clock moves it by less, and two boots of
a machine that runs trials are at least one trial apart, which takes longer."""

MUCH_LONGER = 2
"""A shared loss has a part of its own if it is more than this many times as long as the longest
that began with it. One disturbance may hold each lane for a different time, but a loss that is
twice as long went on just as long after the others were over."""

Key = tuple[str, int]
"""Trial and attempt."""

What = TypeVar("What", Act, Stretch)


@dataclass(frozen=True, slots=True)
class InLane(Generic[What]):
    """An act or a stretch of an attempt, with the attempt and its lane."""

    trial: str
    attempt: int
    lane: str
    what: What


@dataclass(frozen=True, slots=True)
class Shared:
    """A stretch of an attempt that another lane caused or shares.

    Attributes:
        others: Stretches of other lanes that began with it.
        cause: The act of another lane that it follows on; None when no record shows one.
        why_inseparable: Why it cannot be told from an outage of the trial's own, as a clause that
            follows "because"; empty when it can.
    """

    stretch: Stretch
    others: tuple[InLane[Stretch], ...]
    cause: InLane[Act] | None
    why_inseparable: str


@dataclass(frozen=True, slots=True)
class Looked:
    """How many stretches of a kind were compared, were shared, and are shared by chance.

    `shifted` counts those shared when the other lanes are shifted by each of `SHIFTS_S`.
    """

    kind: StretchKind
    stretches: int
    shared: int
    shifted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Across:
    """The result of the comparison of lanes for one attempt.

    `caused` holds the acts of the attempt that disturbed another lane, each with the stretch there.
    """

    shared: tuple[Shared, ...] = ()
    caused: tuple[tuple[Act, InLane[Stretch]], ...] = ()
    looked: tuple[Looked, ...] = ()


class _Times(Generic[What]):
    """Acts or stretches of all lanes, sorted by begin, to find those near an instant."""

    def __init__(self, found: Iterable[InLane[What]]) -> None:
        self._found: list[InLane[What]] = sorted(
            found, key=lambda one: (one.what.begin_ns, one.trial, one.attempt)
        )
        self._begins: list[int] = [one.what.begin_ns for one in self._found]

    def beside(self, lane: str, low_ns: int, high_ns: int) -> list[InLane[What]]:
        """Those that began in other lanes between two instants."""
        low = bisect.bisect_left(self._begins, low_ns)
        high = bisect.bisect_right(self._begins, high_ns, lo=low)
        return [one for one in self._found[low:high] if one.lane != lane]


class _Lanes:
    """The traces with one clock, whose lanes can be compared."""

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
        """Acts of other lanes that a stretch with this begin follows on."""
        at, near = begin_ns - shift_ns, trace.tolerance_ns
        before = self.acts.beside(trace.lane, at - near - self.longest_act_ns, at)
        return [one for one in before if at <= one.what.end_ns + near]

    def is_shared(self, trace: Trace, stretch: Stretch, shift_ns: int = 0) -> bool:
        """Whether it begins with a stretch of another lane, or is a loss that follows on an act."""
        return bool(self.others(trace, stretch, shift_ns)) or (
            stretch.kind == "loss" and bool(self.causes(trace, stretch.begin_ns, shift_ns))
        )


def look_across(traces: Iterable[Trace]) -> dict[Key, Across]:
    """The shared stretches of a campaign, by attempt. The order of the traces does not matter."""
    found: dict[Key, Across] = {}
    for of_one_clock in _by_clock(traces):
        lanes = _Lanes(of_one_clock)
        shared = [(trace, tuple(_shared(trace, lanes))) for trace in of_one_clock]
        caused: dict[Key, list[tuple[Act, InLane[Stretch]]]] = defaultdict(list)
        for trace, stretches in shared:
            for one in stretches:
                if one.cause is not None:
                    hit = (one.cause.what, _in_lane(trace, one.stretch))
                    caused[one.cause.trial, one.cause.attempt].append(hit)
        for trace, stretches in shared:
            key = (trace.trial, trace.attempt)
            looked = tuple(_looked(trace, lanes))
            found[key] = Across(stretches, tuple(caused.get(key, ())), looked)
    return found


def _in_lane(trace: Trace, what: What) -> InLane[What]:
    return InLane(trace.trial, trace.attempt, trace.lane, what)


def _shared(trace: Trace, lanes: _Lanes) -> Iterator[Shared]:
    for stretch in _not_own(trace):
        if not lanes.is_shared(trace, stretch):
            continue
        others = lanes.others(trace, stretch)
        causes = lanes.causes(trace, stretch.begin_ns)
        if not causes:  # the act precedes the first stretch, which may be in another lane
            causes = lanes.causes(trace, min(one.what.begin_ns for one in others))
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
    """Stretches (of one kind) that do not begin with an act of their own trial on its path."""
    near = trace.tolerance_ns
    own = [(act.begin_ns - near, act.end_ns + near) for act in trace.acts if act.on_fault]
    return [
        one
        for one in trace.stretches
        if kind in (None, one.kind) and not any(low <= one.begin_ns <= high for low, high in own)
    ]


def _looked(trace: Trace, lanes: _Lanes) -> Iterator[Looked]:
    for kind in lanes.stretches:
        own = _not_own(trace, kind)
        shared, *shifted = (
            sum(lanes.is_shared(trace, one, to_ns(shift_s)) for one in own)
            for shift_s in (0.0, *SHIFTS_S)
        )
        yield Looked(kind, len(own), shared, tuple(shifted))


def _by_clock(traces: Iterable[Trace]) -> Iterator[list[Trace]]:
    """Groups of traces whose times can be compared."""
    together: list[Trace] = []
    for trace in sorted(traces, key=lambda one: one.clock):
        if together and not _is_same_clock(together[-1].clock, trace.clock):
            yield together
            together = []
        together.append(trace)
    if together:
        yield together


def _is_same_clock(one: RunnerClock, other: RunnerClock) -> bool:
    same_host = (one.cluster, one.host) == (other.cluster, other.host)
    return same_host and abs(one.booted_s - other.booted_s) < REBOOT_S
