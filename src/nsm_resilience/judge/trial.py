# SPDX-License-Identifier: Apache-2.0
"""Judge one record: read it, measure, decide. A pure function of the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from pydantic import ValidationError

from nsm_resilience.judge.altered import GRID, Alteration, altered
from nsm_resilience.judge.components import find_changes
from nsm_resilience.judge.coverage import check_sampled
from nsm_resilience.judge.detection import find_detection
from nsm_resilience.judge.disturbed import judge_disturbed, leave_out, watched, with_disturbances
from nsm_resilience.judge.ended_workload import find_ended_workload
from nsm_resilience.judge.evidence import Evidence, Problem, of_event
from nsm_resilience.judge.expected import Expected, Unbound, bind
from nsm_resilience.judge.injection import find_injection
from nsm_resilience.judge.judgement import Judgement, Measures, Outcome, Under, check_sound
from nsm_resilience.judge.listener import find_told_to_listener
from nsm_resilience.judge.logs import find_log_lines
from nsm_resilience.judge.newclients import find_new_clients
from nsm_resilience.judge.newconnection import find_bystander
from nsm_resilience.judge.notification import find_notification
from nsm_resilience.judge.outages import Echoes, SamplesError, read_echoes
from nsm_resilience.judge.path import PathMeasure, measure_path, unknown_path
from nsm_resilience.judge.plausible import find_implausible
from nsm_resilience.judge.processor_time import find_processor_times
from nsm_resilience.judge.reached import find_unreached
from nsm_resilience.judge.rules import Rules
from nsm_resilience.judge.shared import Across
from nsm_resilience.judge.steady import check_steady_cluster, check_steady_path
from nsm_resilience.judge.timeline import Instants, find_instants, find_phases
from nsm_resilience.judge.traces import Stretch
from nsm_resilience.judge.verdict import Verdict, decide, explain, sentence_of
from nsm_resilience.judge.watchdog import check_watchdog, count_harm, find_watchdog
from nsm_resilience.record.files import well_formed
from nsm_resilience.record.reader import Record, RecordError
from nsm_resilience.study.cells import LEVELS, Factors
from nsm_resilience.systems.known import FIRST, SYSTEMS


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of find_implausible for a complete record."""

    damage: Problem | None


def judge_record(
    record: Record,
    alterations: Sequence[Alteration] = (),
    across: Across | None = None,
    *,
    expected: Expected | None = None,
    checked: Checked | None = None,
) -> Judgement:
    """The judgement on one record, by its rules or by altered ones (altered.py).

    The rules are those of its campaign's study (expected.py). Without `expected` the record's own
    copy counts, if the record is consistent. `across` is the result of the comparison of lanes
    (shared.py); `checked` saves a second run of find_implausible.

    Never raises for any content of the record: a record that is damaged or makes no sense is
    `unknown` with the reason, so that one bad record cannot lose the verdicts of a campaign.
    """
    if expected is not None:
        try:
            record = bind(record, expected)
        except Unbound as error:
            return not_believed(expected, str(error), alterations)
    try:
        found = _labelled(_judge(record, alterations, across or Across(), checked), alterations)
        check_sound(found)
        return found
    except RecordError as error:
        name = error.path.relative_to(record.folder).as_posix()
        line = f", line {error.line}" if error.line is not None else ""
        why = f"{name}{line} cannot be read"
    except Exception as error:
        # Any error that a foreign record can provoke becomes `unknown` here; a record that the
        # runner wrote never gets here (tested).
        why = f"it makes no sense to the judge ({describe_error(error)})"
    return _labelled(_unreadable(record.meta, why), alterations)


def not_believed(expected: Expected, why: str, alterations: Sequence[Alteration]) -> Judgement:
    """The judgement on an attempt whose record is rejected: only its place is known."""
    ids = {
        "campaign": expected.campaign, "trial": expected.trial, "attempt": expected.attempt,
    }  # fmt: skip
    return _labelled(_unreadable(ids, why), alterations)


def _unreadable(meta: dict[str, Any], why: str, evidence: tuple[Evidence, ...] = ()) -> Judgement:
    """The judgement on a record that cannot be read or believed; `meta` may lack anything."""
    reason = well_formed(f"unreadable: {why}")
    return _judgement(meta, "unreadable", "unknown", reason, Measures(), evidence)


def _labelled(found: Judgement, alterations: Sequence[Alteration]) -> Judgement:
    """A judgement that names the altered rules, in its reason as well."""
    if not alterations:
        return found
    texts = tuple(map(str, alterations))
    reason = f"By altered rules ({', '.join(texts)}): {found.reason}"
    return replace(found, altered=texts, reason=reason)


def _judge(
    record: Record, alterations: Sequence[Alteration], across: Across, checked: Checked | None
) -> Judgement:
    instants = find_instants(record)
    if record.outcome != "complete":
        return with_disturbances(_not_complete(record), across, instants)
    damage = (checked or Checked(find_implausible(record))).damage
    if damage is not None:
        return _unreadable(record.meta, damage.text, damage.evidence)
    return judge_disturbed(partial(_judge_complete, record, alterations), across, instants)


def _not_complete(record: Record) -> Judgement:
    measures = Measures(
        phases=find_phases(record, find_instants(record)),
        **count_harm(record).as_measures(),
    )
    outcome: Outcome
    void = record.first("void")
    if void is not None:
        outcome, reason = "void", f"void: {record.void_reason}"
        evidence: tuple[Evidence, ...] = (of_event("void", void, str(record.void_reason)),)
    else:
        outcome, reason = "cut", f"cut: {record.cut}"
        evidence = tuple(of_event("cut", e, "last event written") for e in record.events[-1:])
    return _judgement(record.meta, outcome, "unknown", reason, measures, evidence)


@dataclass(frozen=True, slots=True)
class _Decided:
    """The results that depend on thresholds of the path; each point of the grid has its own."""

    path: PathMeasure
    steady: Problem | None
    unreached: Problem | None
    verdict: Verdict
    why: str


def _judge_complete(
    record: Record, alterations: Sequence[Alteration], left_out: Sequence[Stretch]
) -> Judgement:
    rules = altered(Rules.of(record.meta), alterations)
    instants = find_instants(record)
    watch = instants.watch

    cluster = _same_cluster(record)
    injection, ended = find_injection(record, instants), find_ended_workload(record)
    treatment = check_watchdog(record, instants)
    calm = check_steady_cluster(record, instants, rules)
    sampled = None if watch is None else check_sampled(record, *watch, rules)
    clients, bystander = find_new_clients(record, instants, rules), find_bystander(record)
    new = clients.last
    echoes = _echoes_of(record, left_out)

    def decided(by: Rules) -> _Decided:
        if isinstance(echoes, Problem):
            path = unknown_path(echoes)
        else:
            path = measure_path(echoes, instants, watched(by, instants, left_out))
        if ended is not None and path.verdict == "dead":
            path = replace(path, verdict="gone")
        steady = None
        if not isinstance(echoes, Problem) and path.watch_s is not None and path.sent:
            # otherwise the path's own problem is the better reason
            steady = check_steady_path(echoes, instants, by) or calm
        unreached = find_unreached(record, path)
        problems = (
            cluster,
            injection.problem,
            treatment,
            steady,
            path.problem,
            sampled,
            unreached,
            new.problem,
            None if ended is None else ended.problem,
        )
        return _Decided(path, steady, unreached, *decide(problems, path, ended, new))

    own = decided(rules)
    path = own.path
    detection = find_detection(record, instants)
    notification = find_notification(record, instants)
    listener = find_told_to_listener(record, instants)
    known = None if isinstance(echoes, Problem) else echoes
    watchdog = find_watchdog(record, instants, path, known, rules)
    components, scenario = record.table("components"), record.meta["scenario"]
    reason = sentence_of(own.why)
    if own.verdict in ("supported", "unsupported"):
        claims = scenario.get("claims") or ()
        reason = explain(
            path,
            clients,
            ended,
            detection if "C1" in claims else None,
            notification if "C2" in claims else None,
            watchdog,
            control=not scenario.get("faults"),
            rules=rules,
        )
    measures = Measures(
        path_verdict=path.verdict,
        outage_s=path.outage_s,
        outage_censored=path.censored,
        outages=path.outages,
        down_s=path.down_s,
        replies_sent=path.sent,
        replies_lost=path.lost,
        lost_outside=path.lost_outside,
        replies_late=path.replies_late,
        longest_reply_s=path.longest_reply_s,
        late_sends=path.late,
        new_connection_answered=new.answered,
        new_connection_s=new.seconds,
        new_connection_stage=new.stage,
        new_connection_verdict=clients.service,
        new_clients=clients.shown,
        blind_s=None if clients.blind is None else clients.blind.seconds,
        blind_at_least_s=None if clients.blind is None else clients.blind.at_least,
        blind_censored=clients.blind is not None and clients.blind.censored,
        bystander_started=bystander.started,
        bystander_s=bystander.seconds,
        detected_s=detection.seconds,
        detected_by=detection.by,
        detected_unknown=detection.unknown,
        notified_s=notification.seconds,
        notified_by=notification.by,
        notified_unknown=notification.unknown,
        notification_watched=notification.watched,
        listener_told_s=listener.seconds,
        listener_told_by=listener.by,
        listener_watched=listener.watched,
        injection_proof=injection.state,
        injection_skew_s=injection.skew_s,
        **watchdog.as_measures(),
        watch_s=path.watch_s,
        phases=find_phases(record, instants),
        changes=find_changes(components, record.table("sockets"), *watch) if watch else (),
        processor_times=find_processor_times(components, *watch) if watch else (),
    )
    evidence = (
        *_evidence_of(cluster),
        *_fault_evidence(instants),
        *_evidence_of(injection, treatment, own.steady, path, sampled, own.unreached, ended),
        *_evidence_of(*clients.counted, *clients.others, bystander),
        *_evidence_of(detection, notification, listener, watchdog),
        *find_log_lines(record, instants),
    )
    found = _judgement(record.meta, "complete", own.verdict, reason, measures, evidence)
    if alterations:
        return found
    points = ((point, altered(rules, [point])) for point in GRID)
    others = ((point, decided(by)) for point, by in points if by != rules)
    under = tuple(
        Under(str(point), other.verdict, other.path.verdict)
        for point, other in others
        if (other.verdict, other.path.verdict) != (own.verdict, path.verdict)
    )
    return replace(found, under=under)


class _Shown(Protocol):
    @property
    def evidence(self) -> tuple[Evidence, ...]: ...


def _evidence_of(*found: _Shown | None) -> Iterator[Evidence]:
    return (evidence for one in found if one is not None for evidence in one.evidence)


def _fault_evidence(instants: Instants) -> tuple[Evidence, ...]:
    if instants.fault is None:
        return ()
    return (of_event("fault", instants.fault, "instant of the fault: 0 s of all times"),)


def _echoes_of(record: Record, left_out: Sequence[Stretch]) -> Echoes | Problem:
    try:
        return leave_out(read_echoes(record.table("path")), left_out)
    except SamplesError as error:
        return Problem(f"the samples of the data path contradict themselves: {error}")


def _same_cluster(record: Record) -> Problem | None:
    expected = str(record.meta["cluster"].get("id"))
    for event in record.all_of("cluster"):
        found = str(event.data.get("id"))
        if found != expected:
            text = f"the cluster changed during the trial (began on {expected}, then was {found})"
            return Problem(text, (of_event("cluster", event, f"cluster {found}"),))
    return None


def _judgement(
    meta: dict[str, Any],
    outcome: Outcome,
    verdict: Verdict,
    reason: str,
    measures: Measures,
    evidence: tuple[Evidence, ...],
) -> Judgement:
    scenario = meta.get("scenario")
    scenario = scenario if isinstance(scenario, dict) else {}
    trial = str(meta.get("trial", ""))
    given = meta.get("attempt")
    attempt = given if isinstance(given, int) and abs(given) < 2**31 else 0
    return Judgement(
        campaign=str(meta.get("campaign") or ""),
        trial=trial,
        attempt=attempt,
        scenario=str(scenario.get("id") or trial.split("-", 1)[0]),
        lane=str(meta.get("lane", "")),
        started=str(meta.get("started", "")),
        record=f"records/{trial}/{attempt}",
        outcome=outcome,
        control=not scenario.get("faults"),
        verdict=verdict,
        reason=reason,
        measures=measures,
        evidence=evidence,
        **_levels(trial, meta.get("factors")),  # type: ignore[arg-type]
    )


def _levels(trial: str, given: object) -> dict[str, str]:
    """Levels of the factors; if the description is damaged, from the trial's id."""
    try:
        return Factors.model_validate(given).levels()
    except ValidationError:
        cell = trial.split("/", 1)[0]
        # names of systems contain dashes, and stand at the end of the id
        system = next((name for name in SYSTEMS if cell.endswith(f"-{name}")), FIRST)
        parts = cell.removesuffix(f"-{system}").split("-")[1:]
        found = {"system": system}
        for factor, levels in LEVELS.items():
            if factor != "system" and parts and parts[0] in levels:
                found[factor] = parts.pop(0)
        return Factors.model_validate(found).levels()


def describe_error(error: Exception) -> str:
    """One short line on an error, for a reason."""
    text = " ".join(str(error).split())
    missing = isinstance(error, KeyError)
    return (f"{text} is missing" if missing else f"{type(error).__name__}: {text}")[:200]
