# SPDX-License-Identifier: Apache-2.0
"""Look across lanes: what one lane suffered because of another is no outage of its own.

Issue 14, section 1: in a recorded campaign a hung `vpp` was continued, and a few milliseconds later
paths of other lanes lost a hundred echoes. No record alone shows that. So, before any verdict, the
traces of all attempts of a campaign are laid side by side. A stretch of a lane is *shared* when

- a stretch of the same kind begins in another lane within the tolerance, or
- it is a loss that begins within the tolerance after an act of another lane (acts.py).

A stretch that begins with an injection or undoing of its own trial is explained by that, and is
never shared: but another lane's that begins with it is, by that act.

Two things may begin together by chance. So the same look is made with everything of the other lanes
moved by several seconds (`SHIFTS_S`), where nothing but chance can match; the tables print both
counts side by side. A stall on its own after an act is not taken for shared, because stalls are so
frequent that chance would do it.

Pure: traces in, findings out. Only records whose times are of one clock and one cluster are
compared.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Other:
    """A stretch of another lane that began with a shared one."""

    trial: str
    attempt: int
    lane: str
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class Cause:
    """The act of another lane that a shared stretch follows on."""

    trial: str
    attempt: int
    lane: str
    act: Act


@dataclass(frozen=True, slots=True)
class Shared:
    """A stretch of an attempt that was no doing of its own.

    Attributes:
        stretch: What it is.
        others: What began with it in other lanes.
        cause: The act that it follows on; None when no record shows one.
        why_inseparable: Why it cannot be told from an outage of the trial's own, as it goes on
            after "because"; empty when it can.
    """

    stretch: Stretch
    others: tuple[Other, ...]
    cause: Cause | None
    why_inseparable: str

    @property
    def offset_ms(self) -> float | None:
        """Milliseconds from the act to the begin of the stretch; None without an act."""
        if self.cause is None:
            return None
        return to_s(self.stretch.begin_ns - self.cause.act.begin_ns) * 1000


@dataclass(frozen=True, slots=True)
class Disturbed:
    """A shared stretch of another lane, as the trial sees it that caused it."""

    act: Act
    trial: str
    attempt: int
    lane: str
    stretch: Stretch


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
    """What the look across lanes says of one attempt."""

    shared: tuple[Shared, ...] = ()
    caused: tuple[Disturbed, ...] = ()
    looked: tuple[Looked, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    """Something that happened in a lane, placed in time."""

    begin_ns: int
    trace: Trace
    what: Stretch | Act


class _Times:
    """Rows in the order of their begin, so that those near an instant are found at once."""

    def __init__(self, rows: Iterable[_Row]) -> None:
        self.rows = sorted(rows, key=lambda row: (row.begin_ns, row.trace.trial, row.trace.attempt))
        self._begins = [row.begin_ns for row in self.rows]

    def between(self, low_ns: int, high_ns: int) -> Sequence[_Row]:
        low = bisect.bisect_left(self._begins, low_ns)
        return self.rows[low : bisect.bisect_right(self._begins, high_ns, lo=low)]


@dataclass(frozen=True)
class _Campaign:
    """All traces of one clock."""

    stretches: dict[StretchKind, _Times]
    acts: _Times
    longest_act_ns: int

    @classmethod
    def of(cls, traces: Sequence[Trace]) -> _Campaign:
        kinds: tuple[StretchKind, ...] = ("loss", "stall")
        acts = [_Row(act.begin_ns, trace, act) for trace in traces for act in trace.acts]
        return cls(
            {
                kind: _Times(
                    _Row(stretch.begin_ns, trace, stretch)
                    for trace in traces
                    for stretch in trace.stretches
                    if stretch.kind == kind and not _is_own(stretch, trace)
                )
                for kind in kinds
            },
            _Times(acts),
            max((a.end_ns - a.begin_ns for trace in traces for a in trace.acts), default=0),
        )

    def others(self, trace: Trace, stretch: Stretch, shift_ns: int = 0) -> list[Other]:
        """Stretches of other lanes that begin with this one."""
        at, near = stretch.begin_ns - shift_ns, trace.tolerance_ns
        return [
            Other(row.trace.trial, row.trace.attempt, row.trace.lane, row.what)
            for row in self.stretches[stretch.kind].between(at - near, at + near)
            if row.trace.lane != trace.lane and isinstance(row.what, Stretch)
        ]

    def causes(self, trace: Trace, begin_ns: int, shift_ns: int = 0) -> list[Cause]:
        """Acts of other lanes that something which began then follows on."""
        at, near = begin_ns - shift_ns, trace.tolerance_ns
        return [
            Cause(row.trace.trial, row.trace.attempt, row.trace.lane, row.what)
            for row in self.acts.between(at - near - self.longest_act_ns, at)
            if row.trace.lane != trace.lane
            and isinstance(row.what, Act)
            and at <= row.what.end_ns + near
        ]


def look_across(traces: Iterable[Trace]) -> dict[Key, Across]:
    """What is shared in a campaign, by attempt. The order of the traces does not matter."""
    found: dict[Key, Across] = {}
    for of_one_clock in _by_clock(traces):
        campaign = _Campaign.of(of_one_clock)
        shared = [(trace, tuple(_shared(trace, campaign))) for trace in of_one_clock]
        caused: dict[Key, list[Disturbed]] = {}
        for trace, stretches in shared:
            for one in stretches:
                if one.cause is not None:
                    hit = Disturbed(
                        one.cause.act, trace.trial, trace.attempt, trace.lane, one.stretch
                    )
                    caused.setdefault((one.cause.trial, one.cause.attempt), []).append(hit)
        for trace, stretches in shared:
            key = (trace.trial, trace.attempt)
            found[key] = Across(
                stretches, tuple(caused.get(key, ())), tuple(_looked(trace, campaign))
            )
    return found


def _shared(trace: Trace, campaign: _Campaign) -> Iterator[Shared]:
    for stretch in trace.stretches:
        if _is_own(stretch, trace):
            continue
        others = campaign.others(trace, stretch)
        causes = campaign.causes(trace, stretch.begin_ns)
        if not others and not (causes and stretch.kind == "loss"):
            continue
        if not causes:  # the act is before the first of them, which may be another one
            causes = campaign.causes(trace, min(one.stretch.begin_ns for one in others))
        cause = min(causes, key=lambda c: _likeliest(c, stretch), default=None)
        yield Shared(stretch, tuple(others), cause, _inseparable(trace, stretch, others))


def _likeliest(cause: Cause, stretch: Stretch) -> tuple[int, int, str, int]:
    kind = KINDS.index(cause.act.kind)
    return kind, abs(stretch.begin_ns - cause.act.begin_ns), cause.trial, cause.attempt


def _inseparable(trace: Trace, stretch: Stretch, others: Sequence[Other]) -> str:
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
    longest = max(one.stretch.length_ns for one in others)
    if stretch.length_ns > MUCH_LONGER * longest:
        return (
            f"it lasted {to_s(stretch.length_ns):.1f} s, and no other that began with it longer "
            f"than {to_s(longest):.1f} s"
        )
    return ""


def _is_own(stretch: Stretch, trace: Trace) -> bool:
    """Whether a stretch begins with what its own trial did to its path."""
    near = trace.tolerance_ns
    return any(
        act.on_fault and act.begin_ns - near <= stretch.begin_ns <= act.end_ns + near
        for act in trace.acts
    )


def _looked(trace: Trace, campaign: _Campaign) -> Iterator[Looked]:
    kinds: tuple[StretchKind, ...] = ("loss", "stall")
    for kind in kinds:
        own = [s for s in trace.stretches if s.kind == kind and not _is_own(s, trace)]

        def count(shift_s: float, own: Sequence[Stretch] = own) -> int:
            shift = to_ns(shift_s)
            return sum(
                bool(campaign.others(trace, s, shift))
                or (s.kind == "loss" and bool(campaign.causes(trace, s.begin_ns, shift)))
                for s in own
            )

        yield Looked(kind, len(own), count(0.0), tuple(count(shift) for shift in SHIFTS_S))


def _by_clock(traces: Iterable[Trace]) -> Iterator[list[Trace]]:
    """Traces whose times can be compared, together."""
    known: dict[tuple[str, str, bool], list[Trace]] = {}
    for trace in traces:
        clock = trace.clock
        known.setdefault((clock.cluster, clock.host, clock.exact), []).append(trace)
    for of_host in known.values():
        if of_host[0].clock.exact:
            yield of_host
            continue
        of_host.sort(key=lambda trace: trace.clock.booted_s)
        of_boot: list[Trace] = []
        for trace in of_host:
            if of_boot and not _same_boot(of_boot[-1].clock, trace.clock):
                yield of_boot
                of_boot = []
            of_boot.append(trace)
        yield of_boot


def _same_boot(one: RunnerClock, other: RunnerClock) -> bool:
    return abs(one.booted_s - other.booted_s) < REBOOT_S
