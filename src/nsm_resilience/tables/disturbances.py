# SPDX-License-Identifier: Apache-2.0
"""How lanes disturbed each other: every shared stretch, and how many chance alone would give.

judge/shared.py finds them across lanes; judge/disturbed.py decides what follows for the attempt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean
from typing import get_args

from nsm_resilience.judge.acts import ActKind
from nsm_resilience.judge.disturbance import Followed
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.shared import Looked
from nsm_resilience.judge.traces import StretchKind
from nsm_resilience.tables.cell import CAMPAIGN, OF_ATTEMPT
from nsm_resilience.tables.columns import Row, Rule, Table, amount, count, number, text
from nsm_resilience.tables.rows import head_of

_NO_ACT = "no act of another lane came before it"

DISTURBANCES = Table(
    "disturbances",
    "Every stretch of a path that began with one in another lane, or after an act of another lane.",
    (
        *OF_ATTEMPT,
        text("lane", "lane it ran in", "the record does not say"),
        count("number", "of this attempt, from 1", least=1),
        text(
            "kind",
            "loss: echoes in a row that were never answered; stall: replies that were kept waiting",
            one_of=get_args(StretchKind),
        ),
        number("begin_s", "when it began", "there was no fault to count from"),
        amount("length_s", "how long it was"),
        count("echoes", "echoes lost, or kept waiting", least=1),
        count("beside", "attempts of other lanes in which one began with it"),
        text("cause_trial", "whose act it follows on, <trial>/<attempt>", _NO_ACT),
        text("cause_lane", "lane of that act", f"{_NO_ACT}, or its record does not say"),
        text("act", "kind of the act", _NO_ACT, get_args(ActKind)),
        text("act_text", "what was done", _NO_ACT),
        text("act_at", "when, UTC", _NO_ACT),
        number("offset_ms", "milliseconds from the act to the begin", _NO_ACT),
        text(
            "followed",
            "left out: of everything measured; unknown: the attempt rests on it; nothing: it is "
            "outside of what is judged",
            one_of=get_args(Followed),
        ),
    ),
    ("campaign", "trial", "attempt", "number"),
    (
        Rule("an act or a lane beside", lambda t: t["act"].notna() | (t["beside"] > 0)),
        Rule("an act has an offset", lambda t: t["act"].isna() == t["offset_ms"].isna()),
    ),
)

COINCIDENCES = Table(
    "coincidences",
    "Losses and stalls that are shared between lanes, and how many chance would give.",
    (
        CAMPAIGN,
        text("kind", "as in `disturbances`", one_of=get_args(StretchKind)),
        count("stretches", "looked at: all that no fault of the own trial began"),
        count("shared", "of these, shared with another lane"),
        amount(
            "by_chance",
            "mean of how many are, when the other lanes are moved by 7 to 23 s either way",
        ),
        count("by_chance_most", "the most that are in one of these shifts"),
    ),
    ("campaign", "kind"),
)


def disturbance_rows(judgement: Judgement) -> Iterator[Row]:
    """The rows of `disturbances`."""
    for one in judgement.measures.disturbances:
        cause = f"{one.cause_trial}/{one.cause_attempt}" if one.cause_trial else None
        yield {
            **head_of(judgement),
            "lane": judgement.lane or None,
            "number": one.number,
            "kind": one.kind,
            "begin_s": one.begin_s,
            "length_s": one.length_s,
            "echoes": one.echoes,
            "beside": len(one.beside),
            "cause_trial": cause,
            "cause_lane": one.cause_lane or None,
            "act": one.act or None,
            "act_text": one.act_text or None,
            "act_at": one.act_at or None,
            "offset_ms": one.offset_ms,
            "followed": one.followed,
        }


def coincidence_rows(campaign: str, judgements: Sequence[Judgement]) -> Iterator[Row]:
    """The rows of `coincidences`."""
    kinds: tuple[StretchKind, ...] = get_args(StretchKind)
    for kind in kinds:
        looked = [one for j in judgements for one in j.measures.looked if one.kind == kind]
        shifted = _sum_by_shift(looked)
        yield {
            "campaign": campaign,
            "kind": kind,
            "stretches": sum(one.stretches for one in looked),
            "shared": sum(one.shared for one in looked),
            "by_chance": mean(shifted) if shifted else 0.0,
            "by_chance_most": max(shifted, default=0),
        }


def _sum_by_shift(looked: Sequence[Looked]) -> list[int]:
    """The sum over all attempts, for each shift."""
    return [sum(counts) for counts in zip(*(one.shifted for one in looked), strict=True)]
