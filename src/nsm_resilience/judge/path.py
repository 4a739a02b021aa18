# SPDX-License-Identifier: Apache-2.0
"""What became of the established path in the watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nsm_resilience.judge.coverage import Problem, check_echoes, check_late, count_late
from nsm_resilience.judge.evidence import Evidence, of_event, of_samples
from nsm_resilience.judge.outages import Echoes, Interruption, find_stretches
from nsm_resilience.judge.rules import Rules, to_ns, to_s
from nsm_resilience.judge.timeline import Instants

PathVerdict = Literal["alive", "recovered", "dead", "gone", "unknown"]
LISTED = 5
"""How many interruptions are referred to as evidence; the table `outages` holds all."""


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
            settle time at the end of the watch; `dead` = not so; `gone` = dead because the client
            or its only endpoint was taken away (gone.py); `unknown` = see `problem`.
        outage_s: Last reply before the first interruption to first reply after the last one; 0 for
            `alive`; until the end of the watch for `dead`, whose recovery was not seen.
        censored: Whether `outage_s` is such a lower bound.
        outages: Every interruption, in order.
        down_s: Sum of their lengths.
        sent: Echoes sent in the watch.
        lost: Those never answered, inside interruptions or alone.
        late: Those sent more than half an interval after they were due.
        answering_s: Seconds without interruption at the end of the watch.
        watch_s: Length of the watch; None when it is not known.
        problem: A clause that says why `verdict` is unknown; empty otherwise.
        evidence: Where to look.
    """

    verdict: PathVerdict
    outage_s: float | None
    censored: bool
    outages: tuple[Outage, ...]
    down_s: float | None
    sent: int
    lost: int
    late: int
    answering_s: float | None
    watch_s: float | None
    problem: str
    evidence: tuple[Evidence, ...]


def measure_path(echoes: Echoes, instants: Instants, rules: Rules) -> PathMeasure:
    """Measure the established path; never raises for what a record lacks."""
    watch = instants.watch
    if watch is None or instants.watch_end is None:
        missing = "fault" if instants.fault is None else "end of the watch"
        return unknown_path(Problem(f"the record does not hold the {missing}"))
    begin, end = watch
    part = echoes.between(begin, end)
    late = count_late(part, rules)
    since = instants.steady[0] if instants.steady is not None else begin
    found = find_stretches(
        echoes,
        min(since, begin),
        end,
        interruption_s=rules.interruption_s,
        interval_s=rules.interval_s,
    )
    # One that was over before the fault is none of its effects; steady.py looks at those.
    hits = tuple(i for i in found.interruptions if i.end_ns > begin)
    outages = tuple(outage_of(n, hit, begin) for n, hit in enumerate(hits, start=1))
    answering = end - hits[-1].end_ns if hits else end - begin
    settled = not hits or (
        not hits[-1].censored and answering >= to_ns(rules.settle_s - rules.tolerance_s)
    )
    problem = (
        check_echoes(echoes, begin, end, rules)
        or check_late(late, len(part), rules)
        or _watched_long_enough(bool(hits), settled, end - begin, rules)
    )
    verdict: PathVerdict = "alive" if not hits else "recovered" if settled else "dead"
    if problem is not None:
        verdict = "unknown"
    censored = bool(hits) and not settled
    last = end if censored else hits[-1].end_ns if hits else 0
    because = f"watch ended: {instants.watch_end.data.get('because', 'no reason given')}"
    return PathMeasure(
        verdict=verdict,
        outage_s=to_s(last - hits[0].begin_ns) if hits else 0.0,
        censored=censored,
        outages=outages,
        down_s=to_s(sum(hit.length_ns for hit in hits)),
        sent=len(part),
        lost=part.lost,
        late=late,
        answering_s=to_s(answering),
        watch_s=to_s(end - begin),
        problem=problem.text if problem is not None else "",
        evidence=(
            *(problem.evidence if problem is not None else ()),
            *(_refer(o) for o in outages[:LISTED]),
            *(_watched(part)),
            of_event("watch", instants.watch_end, because),
        ),
    )


def unknown_path(problem: Problem) -> PathMeasure:
    """The measure of a path of which nothing is known."""
    return PathMeasure(
        "unknown", None, False, (), None, 0, 0, 0, None, None, problem.text, problem.evidence
    )


def _watched_long_enough(
    stopped: bool, settled: bool, watched_ns: int, rules: Rules
) -> Problem | None:
    if (stopped and settled) or watched_ns >= to_ns(rules.watch_s - rules.tolerance_s):
        return None
    what = "had not recovered and settled" if stopped else "had never stopped"
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


def _refer(outage: Outage) -> Evidence:
    until = "to the end of the watch" if outage.end_s is None else f"to {outage.end_s:.2f} s"
    text = f"no reply from {outage.begin_s:.2f} s {until}, {outage.echoes_lost} echoes lost"
    return of_samples("interruption", "path", outage.first_seq, outage.last_seq, text)


def _watched(part: Echoes) -> tuple[Evidence, ...]:
    if not len(part):
        return ()
    first, last = int(part.seq.min()), int(part.seq.max())
    text = f"{len(part)} echoes sent in the watch, {part.lost} not answered"
    return (of_samples("path", "path", first, last, text),)
