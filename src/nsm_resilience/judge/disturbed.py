# SPDX-License-Identifier: Apache-2.0
"""Judge an attempt whose path was disturbed by another lane (issue 14, section 1).

It is judged with the shared stretches and without them. If both verdicts agree, and the shared
stretches can be told from the trial's own outages, they are left out of all measures. If the
verdict or the outage depends on one, the attempt is `unknown`: the behaviour of the system under
test without the other lane was not observed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from nsm_resilience.judge.disturbance import (
    Followed,
    disturbance_of,
    evidence_of,
    who_disturbed,
)
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.outages import Echoes
from nsm_resilience.judge.rules import Rules, to_ns, to_s
from nsm_resilience.judge.shared import Across, Shared
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.judge.traces import Stretch
from nsm_resilience.record.events import RECOVERED

Judge = Callable[[Sequence[Stretch]], Judgement]
"""The judgement on an attempt with these stretches left out."""


def leave_out(echoes: Echoes, stretches: Sequence[Stretch]) -> Echoes:
    """The echoes, with those in shared stretches marked as answered in time.

    They still count as sent, so that the prober does not seem to have stopped.
    """
    if not stretches or not len(echoes):
        return echoes
    left_out = np.zeros(len(echoes), dtype=np.bool_)
    for stretch in stretches:
        left_out |= (echoes.seq >= stretch.first_seq) & (echoes.seq <= stretch.last_seq)
    seen = echoes.answered & ~left_out
    usual = int(np.median((echoes.arrival - echoes.sent)[seen])) if seen.any() else 0
    arrival = np.where(left_out, echoes.sent + usual, echoes.arrival)
    return Echoes(echoes.seq, echoes.due, echoes.sent, echoes.answered | left_out, arrival)


def watched(rules: Rules, instants: Instants, left_out: Sequence[Stretch]) -> Rules:
    """The rules with the length of the actual watch, where a shared stretch ended it early.

    The runner ends a watch when the path has recovered and answered for the settle time. If it
    recovered from a stretch that is left out, the settle time is enough, as after an outage of the
    trial's own. The length of the watch is shown beside the verdict (`watch_s`).
    """
    if instants.watch is None or instants.watch_end is None or not left_out:
        return rules
    begin, end = instants.watch
    inside = [s.end_ns for s in left_out if s.kind == "loss" and begin <= s.end_ns <= end]
    early = instants.watch_end.data.get("because") == RECOVERED
    if not early or not inside or end - max(inside) < to_ns(rules.settle_s - rules.tolerance_s):
        return rules
    return replace(rules, watch_s=min(rules.watch_s, to_s(end - begin)))


def judge_disturbed(judge: Judge, across: Across, instants: Instants) -> Judgement:
    """The judgement on a complete attempt, with the result of the comparison of lanes."""
    plain = judge(())
    inside = [one for one in across.shared if _is_judged(one, instants)]
    if not inside:
        return with_disturbances(plain, across, instants)
    masked = judge([one.stretch for one in inside])
    decisive = _decisive_stretch(judge, plain, masked, inside)
    if decisive is None:
        masked = _with_note(masked, inside)
        return with_disturbances(masked, across, instants, inside, "left out")
    first, why = decisive
    begin_s = instants.since_fault(first.stretch.begin_ns) or 0.0
    what = "were lost" if first.stretch.kind == "loss" else "were kept waiting"
    reason = (
        f"Disturbed {who_disturbed(first)}: {first.stretch.echoes} echoes in a row {what}"
        f" from {begin_s:.1f} s on, {why}."
    )
    unknown = replace(
        plain,
        verdict="unknown",
        reason=reason,
        measures=replace(plain.measures, path_verdict="unknown"),
        under=(),
    )
    return with_disturbances(unknown, across, instants, inside, "unknown")


def compare_undisturbed(judgement: Judgement, across: Across | None) -> Judgement:
    """The judgement on an attempt that shares no stretch, with the result of the comparison."""
    if across is None or judgement.outcome == "unreadable":
        return judgement
    evidence = (*judgement.evidence, *evidence_of(across))
    return replace(
        judgement, measures=replace(judgement.measures, looked=across.looked), evidence=evidence
    )


def _decisive_stretch(
    judge: Judge, plain: Judgement, masked: Judgement, inside: Sequence[Shared]
) -> tuple[Shared, str] | None:
    """The stretch that decides the attempt, and why; None when none does."""
    inseparable = [one for one in inside if one.why_inseparable]
    if plain.verdict != masked.verdict:
        worst = max(inseparable or inside, key=lambda one: one.stretch.length_ns)
        return worst, f"and the verdict rests on them: without, it would be {masked.verdict}"
    if not inseparable:
        return None
    separable = [one.stretch for one in inside if not one.why_inseparable]
    if _path_outcome(judge(separable)) == _path_outcome(masked):
        return None
    worst = max(inseparable, key=lambda one: one.stretch.length_ns)
    return worst, f"which cannot be told from an outage of its own, because {worst.why_inseparable}"


def _path_outcome(judgement: Judgement) -> tuple[object, ...]:
    """Verdict and outage of the path. Losses inside an outage change neither."""
    m = judgement.measures
    return m.path_verdict, m.outage_s, m.outage_censored


def _is_judged(shared: Shared, instants: Instants) -> bool:
    """Whether a stretch overlaps the steady state or the watch."""
    if instants.watch is None:
        return False
    begin, end = instants.watch
    since = begin if instants.steady is None else instants.steady[0]
    return shared.stretch.end_ns >= since and shared.stretch.begin_ns <= end


def _with_note(judgement: Judgement, inside: Sequence[Shared]) -> Judgement:
    """The judgement whose reason states how many echoes were left out."""
    lost = sum(one.stretch.echoes for one in inside if one.stretch.kind == "loss")
    if not lost or judgement.verdict not in ("supported", "unsupported"):
        return judgement
    left_out = f" (left out: {lost} echoes that were lost because of another lane)."
    return replace(judgement, reason=judgement.reason.removesuffix(".") + left_out)


def with_disturbances(
    judgement: Judgement,
    across: Across,
    instants: Instants,
    inside: Sequence[Shared] = (),
    followed: Followed = "nothing",
) -> Judgement:
    """The judgement with its disturbances; `followed` is the effect of those in `inside`."""
    measures = replace(
        judgement.measures,
        disturbances=tuple(
            disturbance_of(number, one, instants, followed if one in inside else "nothing")
            for number, one in enumerate(across.shared, start=1)
        ),
        looked=across.looked,
    )
    evidence = (*judgement.evidence, *evidence_of(across))
    return replace(judgement, measures=measures, evidence=evidence)
