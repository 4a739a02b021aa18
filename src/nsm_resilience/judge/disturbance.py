# SPDX-License-Identifier: Apache-2.0
"""One shared stretch as a row beside a verdict, and its effect on the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from nsm_resilience.judge.evidence import Evidence, of_line, of_samples
from nsm_resilience.judge.rules import to_s
from nsm_resilience.judge.shared import Across, Shared
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.judge.traces import Stretch, StretchKind

Followed = Literal["left out", "unknown", "nothing"]

LISTED = 5
"""How many disturbances are listed as evidence; the table `disturbances` holds all."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A stretch of an attempt's path that another lane caused or shares.

    Its fields are the columns of table `disturbances`. Without a known act of another lane, texts
    are empty and `cause_attempt` is 0. `beside` names attempts, `<trial>/<attempt>`.
    """

    number: int
    kind: StretchKind
    begin_s: float | None
    length_s: float
    echoes: int
    first_seq: int
    last_seq: int
    followed: Followed
    beside: tuple[str, ...]
    cause_trial: str = ""
    cause_attempt: int = 0
    cause_lane: str = ""
    act: str = ""
    act_text: str = ""
    act_at: str = ""
    offset_ms: float | None = None


def disturbance_of(
    number: int, shared: Shared, instants: Instants, followed: Followed
) -> Disturbance:
    """A shared stretch with its effect on the verdict."""
    stretch, cause = shared.stretch, shared.cause
    of_cause: dict[str, Any] = {}
    if cause is not None:
        of_cause = {
            "cause_trial": cause.trial,
            "cause_attempt": cause.attempt,
            "cause_lane": cause.lane,
            "act": cause.what.kind,
            "act_text": cause.what.text,
            "act_at": cause.what.at,
            "offset_ms": to_s(stretch.begin_ns - cause.what.begin_ns) * 1000,
        }
    return Disturbance(
        number=number,
        kind=stretch.kind,
        begin_s=instants.since_fault(stretch.begin_ns),
        length_s=to_s(stretch.length_ns),
        echoes=stretch.echoes,
        first_seq=stretch.first_seq,
        last_seq=stretch.last_seq,
        followed=followed,
        beside=tuple(f"{one.trial}/{one.attempt}" for one in shared.others),
        **of_cause,
    )


def who_disturbed(shared: Shared) -> str:
    """The other lane with its act and the time of it, or the lanes that stopped with this one."""
    if shared.cause is not None:
        act = shared.cause.what
        at = f" at {act.at}" if act.at else ""
        return f"by {_lane(shared.cause.lane)}, which {act.text}{at} ({shared.cause.trial})"
    first = shared.others[0]
    return f"together with {_lane(first.lane)} ({first.trial}), by what no record shows"


def evidence_of(across: Across) -> tuple[Evidence, ...]:
    """Places of the shared losses in this record and in those of the other lanes."""
    found: list[Evidence] = []
    for shared in [s for s in across.shared if s.stretch.kind == "loss"][:LISTED]:
        text = f"{shared.stretch.echoes} echoes in a row lost, disturbed {who_disturbed(shared)}"
        found.append(_samples(shared.stretch, text))
        if shared.cause is not None:
            cause = shared.cause
            text = f"{_lane(cause.lane)} {cause.what.text}"
            place = of_line("disturbance", cause.what.line, text)
            found.append(place.in_record(cause.trial, cause.attempt))
        for other in shared.others[:LISTED]:
            text = f"{other.what.echoes} echoes in a row lost at the same time in "
            place = _samples(other.what, text + _lane(other.lane))
            found.append(place.in_record(other.trial, other.attempt))
    for act, hit in [one for one in across.caused if one[1].what.kind == "loss"][:LISTED]:
        after_ms = to_s(hit.what.begin_ns - act.begin_ns) * 1000
        text = f"this trial {act.text}, and {after_ms:.0f} ms later {_lane(hit.lane)} lost "
        text += f"{hit.what.echoes} echoes in a row ({hit.trial})"
        found.append(of_line("disturbance", act.line, text))
        place = _samples(hit.what, "what it disturbed")
        found.append(place.in_record(hit.trial, hit.attempt))
    return tuple(found)


def _samples(stretch: Stretch, text: str) -> Evidence:
    return of_samples("disturbance", "path", stretch.first_seq, stretch.last_seq, text)


def _lane(name: str) -> str:
    """`lane-3` as words of a sentence."""
    return name.replace("-", " ") if name else "another lane"
