# SPDX-License-Identifier: Apache-2.0
"""Wall times of Kubernetes and of logs on the runner's monotonic clock.

On Linux, wall clock and monotonic clock are slewed alike: they differ by a constant until somebody
sets the wall clock, or the machine sleeps. A record shows the difference wherever both clocks were
read at one moment (`Witness`): at events that are stamped as they are written, and at every `clock`
event of an agent. If it changes by more than STEP_NS from one witness to the next, the clock was
set between them.

The difference at the time converts a wall time to an instant. Around a step there are two, before
it and after it; a stamp that the clock showed twice, because it was set back, may be from either
time. So a wall time is a `Moment`, with an earliest and a latest instant; they differ only around
steps. A moment that contains a deciding instant decides nothing.

A clock that is set and set back between two witnesses goes unnoticed. Agents read the clocks ten
times a second; older records have witnesses only at the events of the runner and of pods.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median_low

from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record

STEP_NS = 20_000_000
"""A change of the difference by more than this is a step; a smaller one may come from a reader that
was held up between the two clocks. It is one interval between echoes, the resolution of a study,
and a fifth of the last printed digit. No value is wrong by more than this."""

SLEW = 500e-6
"""How fast a wall clock may be slewed against the monotonic one where the two are not slewed alike:
on all systems but Linux (NTP's limit, RFC 5905 and adjtimex(2))."""

APART_NS = 1_000_000_000
"""Most difference between the clocks of the known hosts at which a stamp of a host without a
witness is used. Stamps of Kubernetes are in whole seconds."""

STAMPED_NOW = frozenset(
    {
        "opened", "phase", "clock", "cluster", "clean", "connected", "restart", "condition",
        "snapshot", "warning", "void", "closed",
    }
)  # fmt: skip
"""Events of the runner that hold both clocks at the time of writing; others may be about an earlier
time, as `watch_end` is about the reply by which the path had settled."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """Earliest and latest instant, nanoseconds of the runner's clock; `why` they differ."""

    earliest_ns: int
    latest_ns: int
    why: str = ""

    @classmethod
    def at_any_time(cls, why: str) -> Moment:
        """A moment about which nothing is known, and why."""
        return cls(-(1 << 62), 1 << 62, why)

    @property
    def t_ns(self) -> int | None:
        """The instant; None when it is not known."""
        return self.earliest_ns if self.earliest_ns == self.latest_ns else None

    def later(self, by_ns: int) -> Moment:
        """The same, some nanoseconds later."""
        return Moment(self.earliest_ns + by_ns, self.latest_ns + by_ns, self.why)


@dataclass(frozen=True, slots=True)
class Witness:
    """Both clocks at once: the monotonic one, UTC minus it, and whether at an event of a phase."""

    t_ns: int
    offset_ns: int
    phase: bool = False


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A difference between the clocks that was constant for some time.

    `after_ns` and `until_ns` are the nearest witnesses with another difference.
    """

    offset_ns: int
    after_ns: float
    until_ns: float


class WallClock:
    """The wall clock of one host during a record."""

    def __init__(self, witnesses: Iterable[Witness], *, slew: float = 0.0) -> None:
        """`slew`: how fast it may be slewed against the monotonic clock (a share of the time)."""
        found = sorted(witnesses, key=lambda one: one.t_ns)
        runs: list[list[Witness]] = []
        for one in found:
            if runs and _no_step(runs[-1][-1], one, slew):
                runs[-1].append(one)
            else:
                runs.append([one])
        self._stretches = [
            _Stretch(
                offset,
                runs[n - 1][-1].t_ns if n > 0 else -math.inf,
                runs[n + 1][0].t_ns if n + 1 < len(runs) else math.inf,
            )
            for n, offset in enumerate(_run_offsets(runs))
        ]
        self._span = (found[0].t_ns, found[-1].t_ns) if found else (0, 0)

    @property
    def offsets_ns(self) -> list[int]:
        """The differences from the monotonic clock, in order of time."""
        return [stretch.offset_ns for stretch in self._stretches]

    def steps(self) -> list[tuple[int, int, int]]:
        """Every step: its size, the last instant before it and the first after it, nanoseconds."""
        return [
            (after.offset_ns - before.offset_ns, int(after.after_ns), int(before.until_ns))
            for before, after in pairwise(self._stretches)
        ]

    def moment(self, wall_ns: int) -> Moment:
        """When this clock showed a time. ValueError without any witness."""
        if not self._stretches:
            raise ValueError("nothing tells how the wall clock went")
        instants = {
            wall_ns - one.offset_ns
            for one in self._stretches
            if one.after_ns < wall_ns - one.offset_ns < one.until_ns
        }
        # An instant inside the record is preferred, because its events happened there.
        inside = {t for t in instants if self._span[0] <= t <= self._span[1]}
        instants = inside or instants
        if len(instants) == 1:
            (t_ns,) = instants
            return Moment(t_ns, t_ns)
        text = f"the wall clock was set ({', '.join(map(_step_text, self.steps()))})"
        if not instants:  # it was set twice between two witnesses, or the time is of another clock
            return Moment(*self._span, text)
        return Moment(min(instants), max(instants), text)


def _step_text(step: tuple[int, int, int]) -> str:
    by_ns, after_ns, until_ns = step
    within = max(0.0, (until_ns - after_ns) / 1e9)
    return f"by {by_ns / 1e9:+.3f} s, at an instant known to {within:.1f} s"


def _no_step(before: Witness, after: Witness, slew: float) -> bool:
    change = abs(after.offset_ns - before.offset_ns)
    return change <= STEP_NS + slew * (after.t_ns - before.t_ns)


def _run_offsets(runs: Sequence[Sequence[Witness]]) -> list[int]:
    """The difference in each run; runs that agree, as around one late reading, share it."""
    groups: list[list[int]] = []
    least = [min(one.offset_ns for one in run) for run in runs]
    for number in range(len(runs)):
        for group in groups:
            if abs(least[group[0]] - least[number]) <= STEP_NS:
                group.append(number)
                break
        else:
            groups.append([number])
    level: dict[int, int] = {}
    for group in groups:
        members = [one for number in group for one in runs[number]]
        phases = [one.offset_ns for one in members if one.phase]
        # Either clock may be read late, but never early: the median of many readings is robust
        # against that; of a few the least is best.
        offset = median_low(phases) if phases else min(one.offset_ns for one in members)
        level.update(dict.fromkeys(group, offset))
    return [level[number] for number in range(len(runs))]


@dataclass(frozen=True, slots=True)
class WallClocks:
    """The wall clocks of a record: the runner's, and those of nodes with a kernel of their own."""

    runner: WallClock
    nodes: Mapping[str, WallClock]
    """By role; a node without one has the runner's."""
    names: Mapping[str, str]
    """Role by the node's name."""

    def of_node(self, role: str | None) -> WallClock:
        """The clock of a node of the lane, by its role."""
        return self.nodes.get(role or "", self.runner)

    def of_host(self, name: str) -> WallClock | None:
        """The clock of a host by its name; None where it is not known well enough.

        A host outside the lane, such as the control plane, is assumed to agree with the others if
        those agree with each other.
        """
        role = self.names.get(name)
        if role is not None or not self.nodes:
            return self.of_node(role)
        shown = [o for c in (self.runner, *self.nodes.values()) for o in c.offsets_ns]
        return self.runner if max(shown) - min(shown) <= APART_NS else None


def wall_clocks(record: Record) -> WallClocks:
    """The wall clocks of a record, from its witnesses."""
    system = (record.meta.get("host") or {}).get("system")
    slew = 0.0 if system in (None, "Linux") else SLEW
    own = [witness for event in record.events for witness in _own_witnesses(event)]
    nodes: dict[str, list[Witness]] = {}
    for event in record.all_of("clock"):
        if event.node is not None:
            nodes.setdefault(event.node, []).extend(_agent_witnesses(event))
    apart = {
        event.node for event in record.all_of("clock") if event.data.get("same_kernel") is False
    }
    for role, witnesses in nodes.items():
        if role not in apart:  # one kernel has one wall clock
            own += witnesses
    listed = record.meta["cluster"].get("nodes") or ()
    return WallClocks(
        WallClock(own, slew=slew),
        {role: WallClock(seen) for role, seen in nodes.items() if role in apart and seen},
        {str(node["name"]): str(node["role"]) for node in listed},
    )


def _own_witnesses(event: Event) -> Iterator[Witness]:
    if event.kind in STAMPED_NOW and event.source in ("runner", "kubernetes"):
        wall = parse_wall(event.wall)
        if wall is not None:
            yield Witness(event.t_ns, wall - event.t_ns, event.kind == "phase")


def _agent_witnesses(event: Event) -> Iterator[Witness]:
    """Both readings of an agent's `clock` event: its own, and the one before."""
    before = event.data.get("before")
    readings = [(event.t_ns, event.data.get("wall_ns"))]
    if isinstance(before, list) and len(before) > 1:
        readings.insert(0, (before[0], before[1]))
    for t_ns, wall_ns in readings:
        if type(t_ns) is int and type(wall_ns) is int:
            yield Witness(t_ns, wall_ns - t_ns)


def parse_wall(text: str) -> int | None:
    """Nanoseconds since 1970 UTC of an ISO time (to the microsecond); None for any other text."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        since = moment - _EPOCH
    except (ValueError, OverflowError):
        return None
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
