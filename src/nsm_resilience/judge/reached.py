# SPDX-License-Identifier: Apache-2.0
"""Was what a trial depends on reached? What was never reached is no outcome (issue 14, section 2).

A level of a factor, or a part of a scenario, that takes effect only after something else has
happened is declared here and nowhere else: `CONDITIONS`. A trial in which that did not happen says
nothing of the level: it is `not_reached`, shown and counted, and in no n. Whether the condition was
reached is read from the record; a record that does not tell makes the trial `unknown`.

Not here is what has a verdict of its own: a fault that did not come, or was not undone in its time
(`not_injected`), an arm whose watchdog did not run (`unknown`); nor a pod that nobody started,
whose measure is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nsm_resilience.judge.evidence import Evidence, of_event, of_snapshot
from nsm_resilience.judge.path import PathMeasure
from nsm_resilience.record.reader import Record, RecordError
from nsm_resilience.record.snapshots import read_snapshot
from nsm_resilience.study.cells import SECOND_OUTAGE
from nsm_resilience.systems.known import system_of

State = Literal["not reached", "unclear"]


@dataclass(frozen=True, slots=True)
class Unreached:
    """A condition that was not reached, or of which the record does not tell.

    Attributes:
        state: Which of the two.
        text: A clause that says so, for the reason of the verdict.
        evidence: Where in the record it shows.
    """

    state: State
    text: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that has to happen first.

    Attributes:
        name: What depends on it, as the study's file writes it.
        needs: What has to happen, in words.
        declared: Whether a record, by its description, depends on it.
        look: What the record shows of it; None when it was reached.
    """

    name: str
    needs: str
    declared: Callable[[Mapping[str, Any]], bool]
    look: Callable[[Record, PathMeasure], Unreached | None]


def find_unreached(record: Record, path: PathMeasure) -> Unreached | None:
    """The first condition of the record that was not reached, or None when all were."""
    for condition in CONDITIONS:
        if condition.declared(record.meta):
            found = condition.look(record, path)
            if found is not None:
                return found
    return None


def _second_outage(record: Record, path: PathMeasure) -> Unreached | None:
    """The runner breaks the path a second time only when it has healed and all pods are Ready.

    So a single fault of which the path did not come back is the proof that the second was never
    reached; of one that came back the runner itself has to say what was amiss.
    """
    faults = record.all_of("fault_instant")
    if len(faults) > 1:
        return None
    begun = [
        event
        for event in record.all_of("phase")
        if event.data.get("name") == "fault" and event.data.get("state") == "begin"
    ]
    if len(begun) > 1 or not faults:
        return Unreached("unclear", "the record does not hold the instant of its second fault")
    evidence = (of_event("not reached", faults[0], "the only fault of the trial"),)
    said = next(
        (e for e in record.all_of("not_reached") if e.data.get("condition") == SECOND_OUTAGE), None
    )
    if said is not None:
        because = str(said.data.get("because") or "no reason given")
        shown = of_event("not reached", said, because)
        return Unreached(
            "not reached", f"the second outage was never reached: {because}", (*evidence, shown)
        )
    if path.verdict in ("dead", "gone"):
        watched = "" if path.watch_s is None else f" in the {path.watch_s:.1f} s watched"
        return Unreached(
            "not reached",
            f"the second outage was never reached: the path did not heal from the first{watched}",
            evidence,
        )
    return Unreached("unclear", "there was no second outage to look at", evidence)


def _spare_endpoint(record: Record, path: PathMeasure) -> Unreached | None:
    """The system's registry, as it was before the fault, names two endpoints of one service."""
    shown = (of_snapshot("not reached", "before", "endpoints that the registry knows"),)
    try:
        registry = system_of(record.meta["factors"]).registry
        known = read_snapshot(record, "before")["resources"][registry.endpoints]
        offered = [registry.services(endpoint["spec"]) for endpoint in known]
    except (RecordError, KeyError, TypeError, AttributeError):
        offered = [[]]
    if not all(offered):
        text = "the state before the fault does not tell whether the spare endpoint was registered"
        return Unreached("unclear", text)
    services = [service for own in offered for service in own]
    if any(services.count(service) > 1 for service in services):
        return None
    return Unreached(
        "not reached", "the spare endpoint was not registered when the fault came", shown
    )


CONDITIONS: tuple[Condition, ...] = (
    Condition(
        SECOND_OUTAGE,
        "the first outage has healed, and a second fault has come",
        lambda meta: dict(meta["factors"]).get("outage") == "second",
        _second_outage,
    ),
    Condition(
        "spare_endpoint: true",
        "a second endpoint is registered before the fault",
        lambda meta: dict(meta["scenario"]).get("spare_endpoint") is True,
        _spare_endpoint,
    ),
)
"""Every level that depends on something happening first."""
