# SPDX-License-Identifier: Apache-2.0
"""What lanes did to each other: every shared stretch, and how many chance alone would give.

Found by the look across lanes (judge/shared.py); what followed is decided in judge/disturbed.py.
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
from nsm_resilience.tables.columns import Column, Rule, Table
from nsm_resilience.tables.rows import Row, head_of

_NO_ACT = "no act of another lane came before it"

DISTURBANCES = Table(
    "disturbances",
    "Every stretch of a path that began with one in another lane, or after an act of another lane.",
    (
        Column("campaign", "text", "name of the campaign"),
        Column("trial", "text", "the trial that was disturbed, <cell id>/<number>"),
        Column("attempt", "integer", "attempt of this trial, from 1", least=1),
        Column("scenario", "text", "scenario of the study"),
        Column("lane", "text", "lane it ran in", "the record does not say"),
        Column("number", "integer", "of this attempt, from 1", least=1),
        Column(
            "kind",
            "text",
            "loss: echoes in a row that were never answered; stall: replies that were kept waiting",
            one_of=get_args(StretchKind),
        ),
        Column("begin_s", "number", "when it began", "there was no fault to count from"),
        Column("length_s", "number", "how long it was", least=0),
        Column("echoes", "integer", "echoes lost, or kept waiting", least=1),
        Column("beside", "integer", "attempts of other lanes in which one began with it", least=0),
        Column("cause_trial", "text", "whose act it follows on, <trial>/<attempt>", _NO_ACT),
        Column("cause_lane", "text", "lane of that act", f"{_NO_ACT}, or its record does not say"),
        Column("act", "text", "kind of the act", _NO_ACT, one_of=get_args(ActKind)),
        Column("act_text", "text", "what was done", _NO_ACT),
        Column("act_at", "text", "when, UTC", _NO_ACT),
        Column("offset_ms", "number", "milliseconds from the act to the begin", _NO_ACT),
        Column(
            "followed",
            "text",
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
        Column("campaign", "text", "name of the campaign"),
        Column("kind", "text", "as in `disturbances`", one_of=get_args(StretchKind)),
        Column(
            "stretches", "integer", "looked at: all that no fault of the own trial began", least=0
        ),
        Column("shared", "integer", "of these, shared with another lane", least=0),
        Column(
            "by_chance",
            "number",
            "mean of how many are, when the other lanes are moved by 7 to 23 s either way",
            least=0,
        ),
        Column("by_chance_most", "integer", "the most that are in one of these shifts", least=0),
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
        shifted = _summed(looked)
        yield {
            "campaign": campaign,
            "kind": kind,
            "stretches": sum(one.stretches for one in looked),
            "shared": sum(one.shared for one in looked),
            "by_chance": mean(shifted) if shifted else 0.0,
            "by_chance_most": max(shifted, default=0),
        }


def _summed(looked: Sequence[Looked]) -> list[int]:
    """Of each shift the sum over all attempts."""
    return [sum(counts) for counts in zip(*(one.shifted for one in looked), strict=True)]
