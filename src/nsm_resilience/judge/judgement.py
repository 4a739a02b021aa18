# SPDX-License-Identifier: Apache-2.0
"""The judgement on one attempt, and its form as a line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from nsm_resilience.judge.components import Change
from nsm_resilience.judge.disturbance import Disturbance
from nsm_resilience.judge.evidence import Evidence
from nsm_resilience.judge.injection import ProofState
from nsm_resilience.judge.newclients import Service
from nsm_resilience.judge.newconnection import Asked
from nsm_resilience.judge.path import Outage, PathVerdict
from nsm_resilience.judge.processor_time import ProcessorTime
from nsm_resilience.judge.shared import Looked
from nsm_resilience.judge.timeline import PhaseSpan
from nsm_resilience.judge.verdict import Verdict
from nsm_resilience.strict_json import parse_json
from nsm_resilience.systems.known import FIRST

FORMAT = 3
"""Version of the lines in verdicts.jsonl."""

Outcome = Literal["complete", "void", "cut", "unreadable"]


@dataclass(frozen=True, slots=True)
class Measures:
    """Everything measured in one attempt; seconds from the fault unless said otherwise.

    A value that does not apply, or could not be measured, is None. Columns of the table
    `trials` have the same names. Where `…_unknown` gives a reason, the time beside it is not known,
    and None does not mean `never`.
    """

    path_verdict: PathVerdict = "unknown"
    outage_s: float | None = None
    outage_censored: bool = False
    outages: tuple[Outage, ...] = ()
    down_s: float | None = None
    replies_sent: int = 0
    replies_lost: int = 0
    lost_outside: int = 0
    replies_late: int = 0
    longest_reply_s: float | None = None
    late_sends: int = 0
    new_connection_answered: bool | None = None
    new_connection_s: float | None = None
    new_connection_stage: str = ""
    new_connection_verdict: Service = "unknown"
    new_clients: tuple[Asked, ...] = ()
    blind_s: float | None = None
    blind_at_least_s: float | None = None
    blind_censored: bool = False
    bystander_started: bool | None = None
    bystander_s: float | None = None
    detected_s: float | None = None
    detected_by: str | None = None
    detected_unknown: str | None = None
    notified_s: float | None = None
    notified_by: str | None = None
    notified_unknown: str | None = None
    notification_watched: bool = False
    listener_told_s: float | None = None
    listener_told_by: str | None = None
    listener_watched: bool = False
    injection_proof: ProofState | None = None
    injection_skew_s: float | None = None
    watchdog_found_s: float | None = None
    watchdog_found_rule: str | None = None
    watchdog_findings: int | None = None
    watchdog_acted_s: float | None = None
    watchdog_acts: int | None = None
    watchdog_acts_failed: int | None = None
    watchdog_false_alarms: int | None = None
    watchdog_cut: bool | None = None
    watch_s: float | None = None
    phases: tuple[PhaseSpan, ...] = ()
    changes: tuple[Change, ...] = ()
    processor_times: tuple[ProcessorTime, ...] = ()
    disturbances: tuple[Disturbance, ...] = ()
    looked: tuple[Looked, ...] = ()


@dataclass(frozen=True, slots=True)
class Under:
    """The verdicts by one altered rule, `judge.loss_run=3`, where they differ."""

    rule: str
    verdict: Verdict
    path_verdict: PathVerdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one attempt (from 1) of one trial (`<cell id>/<NN>`).

    Attributes:
        plane: Level of the forwarding plane; the other factors follow, `system` at the end.
        started: When it began, UTC.
        record: Folder of the record inside the campaign.
        control: Whether no fault is declared.
        reason: One sentence.
        altered: Rules other than the study's by which it was judged, as given to `--set`.
        under: Points of the grid (altered.py) at which the verdict or path verdict differs.
    """

    campaign: str
    trial: str
    attempt: int
    scenario: str
    plane: str
    client: str
    failure: str
    outage: str
    watch: str
    remedy: str
    lane: str
    started: str
    record: str
    outcome: Outcome
    control: bool
    verdict: Verdict
    reason: str
    measures: Measures
    evidence: tuple[Evidence, ...]
    altered: tuple[str, ...] = ()
    under: tuple[Under, ...] = ()
    system: str = FIRST

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain values, in a fixed order; `format` first."""
        return {"format": FORMAT, **asdict(self)}


def judgement_of(line: str | bytes) -> Judgement:
    """The judgement of one line of verdicts.jsonl; ValueError for a line that is none."""
    data = parse_json(line)
    given = data.get("format") if isinstance(data, dict) else None
    if given != FORMAT:
        raise ValueError(f"it has format {given!r}, and this version reads {FORMAT}")
    try:
        found: Judgement = _adapter().validate_json(line, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}") from error
    return found


def check_sound(judgement: Judgement) -> None:
    """ValueError when a judgement holds a value from its record that a line cannot hold."""
    judgement_of(json.dumps(judgement.to_dict(), allow_nan=False))


@cache
def _adapter() -> TypeAdapter[Judgement]:
    return TypeAdapter(Judgement)
