# SPDX-License-Identifier: Apache-2.0
"""Were the conditions of a trial reached? Without them there is no outcome (issue 14, section 2).

Some levels of factors and parts of scenarios take effect only after another event. `CONDITIONS`
declares all of them. A trial without that event says nothing about the level: it is `not_reached`,
shown and counted, but in no n. The record shows whether the condition was reached; if it does not,
the trial is `unknown`.

Other modules handle a fault that did not come, or was not undone in time (`not_injected`), and an
arm whose watchdog did not run (`unknown`). A pod that was not started has an empty measure.
"""

from __future__ import annotations

from collections.abc import Callable

from nsm_resilience.judge.evidence import Problem, of_event, of_snapshot
from nsm_resilience.judge.path import PathMeasure
from nsm_resilience.judge.timeline import phase_begun
from nsm_resilience.record.reader import Record, RecordError
from nsm_resilience.record.snapshots import read_snapshot
from nsm_resilience.study.cells import SECOND_OUTAGE
from nsm_resilience.systems.known import system_of


def find_unreached(record: Record, path: PathMeasure) -> Problem | None:
    """The first condition of the record that was not reached, or None when all were."""
    looks = (condition(record, path) for condition in CONDITIONS)
    return next((problem for problem in looks if problem is not None), None)


def second_outage(record: Record, path: PathMeasure) -> Problem | None:
    """The runner breaks the path a second time only when it has healed and all pods are Ready.

    So a single fault whose path did not recover proves that the second was never reached. If the
    path recovered, the runner has to record the reason.
    """
    faults = record.all_of("fault_instant")
    if record.meta["factors"].get("outage") != "second" or len(faults) > 1:
        return None
    begun = [event for event in record.all_of("phase") if phase_begun(event) == "fault"]
    if len(begun) > 1 or not faults:
        return Problem("the record does not hold the instant of its second fault")
    evidence = [of_event("not reached", faults[0], "the only fault of the trial")]
    report = next(
        (e for e in record.all_of("not_reached") if e.data.get("condition") == SECOND_OUTAGE), None
    )
    if report is not None:
        because = str(report.data.get("because") or "no reason given")
        evidence.append(of_event("not reached", report, because))
    elif path.verdict in ("dead", "gone"):
        watched = "" if path.watch_s is None else f" in the {path.watch_s:.1f} s watched"
        because = f"the path did not heal from the first{watched}"
    else:
        return Problem("there was no second outage to look at", tuple(evidence))
    return Problem(
        f"the second outage was never reached: {because}", tuple(evidence), "not_reached"
    )


def spare_endpoint(record: Record, path: PathMeasure) -> Problem | None:
    """The system's registry lists two endpoints of one service before the fault."""
    if record.meta["scenario"].get("spare_endpoint") is not True:
        return None
    try:
        registry = system_of(record.meta["factors"]).registry
        known = read_snapshot(record, "before")["resources"][registry.endpoints]
        offered = [registry.services(endpoint["spec"]) for endpoint in known]
    except (RecordError, KeyError, TypeError, AttributeError):
        offered = [[]]
    if not all(offered):
        text = "the state before the fault does not tell whether the spare endpoint was registered"
        return Problem(text)
    services = [service for own in offered for service in own]
    if any(services.count(service) > 1 for service in services):
        return None
    shown = of_snapshot("not reached", "before", "endpoints that the registry knows")
    text = "the spare endpoint was not registered when the fault came"
    return Problem(text, (shown,), "not_reached")


CONDITIONS: tuple[Callable[[Record, PathMeasure], Problem | None], ...] = (
    second_outage,
    spare_endpoint,
)
"""Each returns why it was not reached, or None if it was or the trial does not depend on it."""
