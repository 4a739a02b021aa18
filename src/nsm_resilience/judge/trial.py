# SPDX-License-Identifier: Apache-2.0
"""Judge one record: read what it holds, measure, decide. A pure function of the record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from nsm_resilience.judge.altered import GRID, Alteration, altered
from nsm_resilience.judge.awake import check_awake
from nsm_resilience.judge.components import find_changes
from nsm_resilience.judge.coverage import Problem, check_sampled
from nsm_resilience.judge.detection import find_detection
from nsm_resilience.judge.disturbed import judge_disturbed, leave_out, not_judged, watched
from nsm_resilience.judge.ended_workload import find_ended_workload
from nsm_resilience.judge.evidence import Evidence, of_event
from nsm_resilience.judge.expected import Expected, Unbound, bind
from nsm_resilience.judge.injection import find_injection
from nsm_resilience.judge.judgement import Judgement, Measures, Outcome, Under
from nsm_resilience.judge.listener import find_told_to_listener
from nsm_resilience.judge.logs import find_log_lines
from nsm_resilience.judge.newclients import find_new_clients
from nsm_resilience.judge.newconnection import find_bystander
from nsm_resilience.judge.notification import find_notification
from nsm_resilience.judge.outages import Echoes, SamplesError, read_echoes
from nsm_resilience.judge.path import PathMeasure, PathVerdict, measure_path, unknown_path
from nsm_resilience.judge.plausible import find_implausible
from nsm_resilience.judge.processor_time import find_processor_times
from nsm_resilience.judge.reached import Unreached, find_unreached
from nsm_resilience.judge.rules import Rules
from nsm_resilience.judge.shared import Across
from nsm_resilience.judge.sound import check_sound
from nsm_resilience.judge.steady import check_rest_of_steady, check_steady, check_steady_path
from nsm_resilience.judge.timeline import Instants, find_instants, find_phases
from nsm_resilience.judge.traces import Stretch
from nsm_resilience.judge.verdict import Verdict, decide, explain, sentence_of
from nsm_resilience.judge.watchdog import check_watchdog, count_harm, find_watchdog
from nsm_resilience.record.files import well_formed
from nsm_resilience.record.reader import Record, RecordError
from nsm_resilience.study.cells import LEVELS, Factors
from nsm_resilience.systems.known import FIRST, SYSTEMS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Checked:
    """That a complete record was looked at by find_implausible, and what was found."""

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
    copy of it is believed, as far as the record fits itself. `across` is what the look across lanes
    found of it (shared.py); `checked` saves a second look at what cannot be.

    Never raises for what stands in the record: a record that is damaged or makes no sense is
    `unknown` with the reason, so that one bad record cannot lose the verdicts of a campaign.
    """
    if expected is not None:
        try:
            record = bind(record, expected)
        except Unbound as error:
            return not_believed(expected, str(error), alterations)
    across = across or Across()
    try:
        if record.outcome != "complete":
            found = not_judged(_not_complete(record), across, find_instants(record))
        elif (damage := (checked or Checked(find_implausible(record))).damage) is not None:
            found = unreadable(record.meta, damage.text, damage.evidence)
        else:
            judge = partial(_judge_complete, record, alterations)
            found = judge_disturbed(judge, across, find_instants(record))
        found = labelled(found, alterations)
        check_sound(found)
        return found
    except RecordError as error:
        name = error.path.relative_to(record.folder).as_posix()
        line = f", line {error.line}" if error.line is not None else ""
        return labelled(unreadable(record.meta, f"{name}{line} cannot be read"), alterations)
    except Exception as error:
        # Whatever a foreign record can provoke ends here, on the safe side and named; a record
        # that the runner wrote never gets here (tested).
        why = f"it makes no sense to the judge ({describe_error(error)})"
        return labelled(unreadable(record.meta, why), alterations)


def unreadable(
    meta: dict[str, Any], why: str, evidence: tuple[Evidence, ...] = (), *, campaign: str = ""
) -> Judgement:
    """The judgement on a record that cannot be read or believed; `meta` may lack anything."""
    return _judgement(
        meta,
        "unreadable",
        "unknown",
        well_formed(f"unreadable: {why}"),
        Measures(),
        evidence,
        campaign=campaign,
    )


def not_believed(expected: Expected, why: str, alterations: Sequence[Alteration]) -> Judgement:
    """The same of an attempt of which only the campaign's own word is believed."""
    ids = {"trial": expected.trial, "attempt": expected.attempt}
    return labelled(unreadable(ids, why, campaign=expected.campaign), alterations)


def _not_complete(record: Record) -> Judgement:
    instants = find_instants(record)
    harm = count_harm(record)
    measures = Measures(
        phases=find_phases(record, instants),
        watchdog_acts=harm.acts,
        watchdog_acts_failed=harm.acts_failed,
        watchdog_false_alarms=harm.false_alarms,
    )
    void = record.first("void")
    if void is not None:
        reason = f"void: {record.void_reason}"
        evidence: tuple[Evidence, ...] = (of_event("void", void, str(record.void_reason)),)
    else:
        reason = f"cut: {record.cut}"
        last = record.events[-1] if record.events else None
        evidence = () if last is None else (of_event("cut", last, "last event written"),)
    outcome: Outcome = "void" if void is not None else "cut"
    return _judgement(record.meta, outcome, "unknown", reason, measures, evidence)


def _judge_complete(
    record: Record, alterations: Sequence[Alteration], left_out: Sequence[Stretch]
) -> Judgement:
    rules = altered(Rules.of(record.meta), alterations)
    instants = find_instants(record)
    components = record.table("components")
    watch = instants.watch

    injection, ended = find_injection(record, instants), find_ended_workload(record)

    def or_ended(path: PathMeasure) -> PathMeasure:
        return replace(path, verdict="gone") if ended and path.verdict == "dead" else path

    path, steady, echoes = _path_and_steady(record, components, instants, rules, left_out)
    path = or_ended(path)
    clients, bystander = find_new_clients(record, instants, rules), find_bystander(record)
    new = clients.last
    detection = find_detection(record, components, instants)
    notification = find_notification(record, instants)
    listener = find_told_to_listener(record, instants)
    watchdog = find_watchdog(record, instants, path, echoes, rules)
    treatment = check_watchdog(record, instants)
    sampled = None
    if watch is not None:
        sampled = check_sampled(record, components, *watch, rules) or check_awake(record, *watch)
    cluster = _same_cluster(record)
    unreached = find_unreached(record, path)

    def decided(
        path: PathMeasure, steady: Problem | None, unreached: Unreached | None
    ) -> tuple[Verdict, str]:
        return decide(
            cluster=cluster,
            injection=injection,
            treatment=treatment,
            steady=steady,
            path=path,
            components=sampled,
            unreached=unreached,
            ended=ended,
            new=new,
        )

    verdict, why = decided(path, steady, unreached)
    scenario = record.meta["scenario"]
    claims = scenario.get("claims") or ()
    control = not scenario.get("faults")
    if verdict in ("supported", "unsupported"):
        reason = explain(
            path,
            clients,
            ended,
            detection if "C1" in claims else None,
            notification if "C2" in claims else None,
            watchdog,
            control=control,
            rules=rules,
        )
    else:
        reason = sentence_of(why)
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
        watchdog_found_s=watchdog.found_s,
        watchdog_found_rule=watchdog.found_rule,
        watchdog_findings=watchdog.findings,
        watchdog_acted_s=watchdog.acted_s,
        watchdog_acts=watchdog.acts,
        watchdog_acts_failed=watchdog.acts_failed,
        watchdog_cleared_s=watchdog.cleared_s,
        watchdog_false_alarms=watchdog.false_alarms,
        watchdog_cut=watchdog.cut,
        watch_s=path.watch_s,
        phases=find_phases(record, instants),
        changes=find_changes(components, record.table("sockets"), *watch) if watch else (),
        processor_times=find_processor_times(components, *watch) if watch else (),
    )
    evidence = (
        *(cluster.evidence if cluster is not None else ()),
        *(_fault_evidence(instants)),
        *injection.evidence,
        *(treatment.evidence if treatment is not None else ()),
        *(steady.evidence if steady is not None else ()),
        *path.evidence,
        *(sampled.evidence if sampled is not None else ()),
        *(unreached.evidence if unreached is not None else ()),
        *(ended.evidence if ended is not None else ()),
        *(e for one in (*clients.counted, *clients.others) for e in one.evidence),
        *bystander.evidence,
        *detection.evidence,
        *notification.evidence,
        *listener.evidence,
        *watchdog.evidence,
        *find_log_lines(record, instants),
    )
    found = _judgement(record.meta, "complete", verdict, reason, measures, evidence)
    if alterations or echoes is None:
        return found
    rest = cache(lambda: check_rest_of_steady(record, components, instants, rules))

    def by(other: Rules) -> tuple[Verdict, PathVerdict]:
        measured = or_ended(measure_path(echoes, instants, watched(other, instants, left_out)))
        green = check_steady_path(echoes, instants, other) or rest()
        return decided(measured, green, find_unreached(record, measured))[0], measured.verdict

    return replace(found, under=_under(verdict, path.verdict, rules, by))


def _under(
    verdict: Verdict,
    path: PathVerdict,
    rules: Rules,
    by: Callable[[Rules], tuple[Verdict, PathVerdict]],
) -> tuple[Under, ...]:
    """The points of the grid at which it would be another verdict, or another path verdict."""
    points = [(point, altered(rules, [point])) for point in GRID]
    results = [(point, by(other)) for point, other in points if other != rules]
    return tuple(Under(str(at), *one) for at, one in results if one != (verdict, path))


def labelled(found: Judgement, alterations: Sequence[Alteration]) -> Judgement:
    """A judgement by altered rules that says so, in its reason as well."""
    if not alterations:
        return found
    texts = tuple(map(str, alterations))
    return replace(
        found, altered=texts, reason=f"By altered rules ({', '.join(texts)}): {found.reason}"
    )


def _path_and_steady(
    record: Record,
    components: pd.DataFrame,
    instants: Instants,
    rules: Rules,
    left_out: Sequence[Stretch],
) -> tuple[PathMeasure, Problem | None, Echoes | None]:
    try:
        echoes = leave_out(read_echoes(record.table("path")), left_out)
    except SamplesError as error:
        problem = Problem(f"the samples of the data path contradict themselves: {error}")
        return unknown_path(problem), None, None
    path = measure_path(echoes, instants, watched(rules, instants, left_out))
    if path.watch_s is None or not path.sent:  # the path's own problem is the better reason
        return path, None, None
    return path, check_steady(record, echoes, components, instants, rules), echoes


def _same_cluster(record: Record) -> Problem | None:
    expected = str(record.meta["cluster"].get("id"))
    for event in record.all_of("cluster"):
        found = str(event.data.get("id"))
        if found != expected:
            return Problem(
                f"the cluster changed during the trial (began on {expected}, then was {found})",
                (of_event("cluster", event, f"cluster {found}"),),
            )
    return None


def _fault_evidence(instants: Instants) -> tuple[Evidence, ...]:
    if instants.fault is None:
        return ()
    return (of_event("fault", instants.fault, "instant of the fault: 0 s of all times"),)


def _judgement(
    meta: dict[str, Any],
    outcome: Outcome,
    verdict: Verdict,
    reason: str,
    measures: Measures,
    evidence: tuple[Evidence, ...],
    *,
    campaign: str = "",
) -> Judgement:
    scenario = meta.get("scenario")
    scenario = scenario if isinstance(scenario, dict) else {}
    trial = str(meta.get("trial", ""))
    given = meta.get("attempt")
    attempt = given if isinstance(given, int) and abs(given) < 2**31 else 0
    return Judgement(
        campaign=campaign or str(meta.get("campaign") or ""),
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
    """Levels of the factors; what a damaged description does not say is read off the trial's id."""
    cell = trial.split("/", 1)[0]
    parts = cell.split("-")[1:]
    found: dict[str, str] = {}
    for factor, field in Factors.model_fields.items():
        if factor == "system":  # its names have dashes themselves, and stand at the end of the id
            named = given.get(factor) if isinstance(given, dict) else None
            in_id = next((name for name in SYSTEMS if cell.endswith(f"-{name}")), FIRST)
            found[factor] = str(named) if named in SYSTEMS else in_id
            continue
        known = LEVELS[factor]
        stated = given.get(factor) if isinstance(given, dict) else None
        in_id = parts.pop(0) if parts and parts[0] in known else str(field.default)
        found[factor] = str(stated) if stated in known else in_id
    return found


def describe_error(error: Exception) -> str:
    """One short line on an error, for a reason."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:200]
