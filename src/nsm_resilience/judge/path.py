# SPDX-License-Identifier: Apache-2.0
"""The verdict on the established path in the watch, with measures and evidence.

outages.py defines an interruption, lateness.py a late reply, and settled.py a living and a settled
path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nsm_resilience.judge.coverage import check_prober, count_late
from nsm_resilience.judge.evidence import Evidence, Problem, of_event, of_samples
from nsm_resilience.judge.lateness import Lateness, find_late
from nsm_resilience.judge.outages import Echoes, Interruption
from nsm_resilience.judge.rules import Rules, to_ns, to_s
from nsm_resilience.judge.settled import PathState, state_of
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.record.events import RECOVERED, Event

PathVerdict = Literal["alive", "recovered", "late", "dead", "gone", "unknown"]
LISTED = 5
"""How many interruptions are listed as evidence; the table `outages` holds all."""


@dataclass(frozen=True, slots=True)
class Outage:
    """One interruption; seconds from the fault. `end_s` is None when no reply came any more."""

    number: int
    begin_s: float
    end_s: float | None
    length_s: float
    censored: bool
    echoes_lost: int
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class PathMeasure:
    """The established path from the fault to the end of the watch.

    Attributes:
        verdict: `alive` = never interrupted; `recovered` = interrupted, and answering for the
            settle time at the end of the watch; `late` = one of these by its losses, but too many
            replies came late at the end; `dead` = none of these, or more losses outside
            interruptions than a living path has; `gone` = dead because the client or its only
            endpoint was taken away (ended_workload.py); `unknown` = see `problem`.
        outage_s: Last reply before the first interruption to first reply after the last one; 0
            without any; until the end of the watch for `dead`, whose recovery was not seen. If a
            path is dead because of its losses, the outage begins at the first loss.
        censored: Whether `outage_s` is a lower bound, because the recovery was not seen.
        down_s: Sum of the lengths of all interruptions.
        sent: Echoes sent in the watch.
        lost: Of these, never answered, inside interruptions or outside.
        lost_outside: Of `lost`, outside every interruption; `sent_outside` likewise of `sent`.
        replies_late: Echoes answered later than `Rules.late_reply_s`.
        in_time: Whether the path answers in time at the end of the watch (settled.py).
        lives: Whether it loses few enough echoes (settled.py).
        late: Echoes sent more than half an interval after they were due.
        answering_s: Seconds without interruption at the end of the watch.
        problem: Why `verdict` is unknown; None otherwise.
    """

    verdict: PathVerdict = "unknown"
    outage_s: float | None = None
    censored: bool = False
    outages: tuple[Outage, ...] = ()
    down_s: float | None = None
    sent: int = 0
    lost: int = 0
    lost_outside: int = 0
    sent_outside: int = 0
    replies_late: int = 0
    longest_reply_s: float | None = None
    in_time: bool = False
    lives: bool = False
    late: int = 0
    answering_s: float | None = None
    watch_s: float | None = None
    problem: Problem | None = None
    evidence: tuple[Evidence, ...] = ()


def measure_path(echoes: Echoes, instants: Instants, rules: Rules) -> PathMeasure:
    """Measure the established path; never raises because a record lacks something."""
    watch = instants.watch
    if watch is None or instants.watch_end is None:
        missing = "fault" if instants.fault is None else "end of the watch"
        return unknown_path(Problem(f"the record does not hold the {missing}"))
    begin, end = watch
    part = echoes.between(begin, end)
    since = instants.steady[0] if instants.steady is not None else begin
    # An interruption that ended before the fault is not its effect; steady.py checks that span.
    state = state_of(echoes, begin, end, rules, since_ns=since)
    hits = state.hits
    lateness = find_late(part, end, rules)
    outages = tuple(outage_of(n, hit, begin) for n, hit in enumerate(hits, start=1))
    problem = check_prober(echoes, begin, end, rules) or _check_watch_length(
        state, instants.watch_end, end - begin, rules
    )
    verdict = "unknown" if problem is not None else _verdict(state)
    censored = not (state.back and state.lives)
    begun = _outage_begin(state, part, begin)
    last = end if censored else hits[-1].end_ns if hits else begun
    because = f"watch ended: {instants.watch_end.data.get('because', 'no reason given')}"
    return PathMeasure(
        verdict=verdict,
        outage_s=to_s(last - begun),
        censored=censored,
        outages=outages,
        down_s=to_s(sum(hit.length_ns for hit in hits)),
        sent=len(part),
        lost=part.lost,
        lost_outside=state.outside.lost,
        sent_outside=len(state.outside),
        replies_late=lateness.late,
        longest_reply_s=to_s(lateness.longest_ns) if part.lost < len(part) else None,
        in_time=state.in_time,
        lives=state.lives,
        late=count_late(part, rules),
        answering_s=to_s(state.answering_ns),
        watch_s=to_s(end - begin),
        problem=problem,
        evidence=(
            *(problem.evidence if problem is not None else ()),
            *(_outage_evidence(o) for o in outages[:LISTED]),
            *_lateness_evidence(lateness, rules),
            *_watch_evidence(part),
            of_event("watch", instants.watch_end, because),
        ),
    )


def _verdict(state: PathState) -> PathVerdict:
    if not (state.back and state.lives):
        return "dead"
    if not state.in_time:
        return "late"
    return "recovered" if state.hits else "alive"


def _outage_begin(state: PathState, part: Echoes, begin_ns: int) -> int:
    """Begin of the outage: the first interruption; the first loss if losses make the path dead."""
    first = state.hits[0].begin_ns if state.hits else None
    if state.lives:
        return begin_ns if first is None else first
    lost = part.sent[~part.answered]
    since = int(lost[0]) if len(lost) else begin_ns
    return since if first is None else min(first, since)


def unknown_path(problem: Problem) -> PathMeasure:
    """The measure of a path about which nothing is known."""
    return PathMeasure(problem=problem, evidence=problem.evidence)


def _check_watch_length(
    state: PathState, watch_end: Event, watched_ns: int, rules: Rules
) -> Problem | None:
    if watched_ns >= to_ns(rules.watch_s - rules.tolerance_s):
        return None
    what = "had not recovered and settled" if state.hits else "had never stopped"
    if state.settled:
        if watch_end.data.get("because") == RECOVERED:
            return None
        what = "is not said to have recovered and settled"
    return Problem(
        f"the watch ended after {to_s(watched_ns):.1f} s of the {rules.watch_s:g} s declared "
        f"although the path {what}"
    )


def outage_of(number: int, hit: Interruption, begin: int) -> Outage:
    """An interruption in seconds from `begin`, nanoseconds of the runner's clock."""
    return Outage(
        number=number,
        begin_s=to_s(hit.begin_ns - begin),
        end_s=None if hit.censored else to_s(hit.end_ns - begin),
        length_s=to_s(hit.length_ns),
        censored=hit.censored,
        echoes_lost=hit.lost,
        first_seq=hit.first_seq,
        last_seq=hit.last_seq,
    )


def _outage_evidence(outage: Outage) -> Evidence:
    until = "to the end of the watch" if outage.end_s is None else f"to {outage.end_s:.2f} s"
    text = f"no reply from {outage.begin_s:.2f} s {until}, {outage.echoes_lost} echoes lost"
    return of_samples("interruption", "path", outage.first_seq, outage.last_seq, text)


def _lateness_evidence(lateness: Lateness, rules: Rules) -> tuple[Evidence, ...]:
    if lateness.first_seq is None or lateness.last_seq is None:
        return ()
    text = (
        f"{lateness.late} echoes answered later than {rules.late_reply_s:g} s, the longest wait "
        f"was {to_s(lateness.longest_ns):.2f} s"
    )
    return (of_samples("lateness", "path", lateness.first_seq, lateness.last_seq, text),)


def _watch_evidence(part: Echoes) -> tuple[Evidence, ...]:
    if not len(part):
        return ()
    first, last = int(part.seq.min()), int(part.seq.max())
    text = f"{len(part)} echoes sent in the watch, {part.lost} not answered"
    return (of_samples("path", "path", first, last, text),)
