# SPDX-License-Identifier: Apache-2.0
"""Every injection of a campaign before it is run: target, node, method and undo.

It uses the same plan as the orders of a trial, so that it shows the actual injections.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nsm_resilience.faults.base import PlannedFault, hits_shared, plan
from nsm_resilience.faults.kinds import kind_of
from nsm_resilience.study.models import Factors, Scenario, Study
from nsm_resilience.study.schedule import make_schedule

SHARED = "; as other lanes need it, too, it is proved to serve again, or made anew"
"""The additional undo of a fault in a shared part of the cluster."""


@dataclass(frozen=True)
class Injection:
    """One injection: `hits` are programs, a pod or paths."""

    planned: PlannedFault
    does: str
    hits: tuple[str, ...]
    undone: str


def injections(scenario: Scenario, factors: Factors) -> list[Injection]:
    """All injections of one outage, in their order."""
    found = []
    for planned in plan(scenario, factors):
        kind = kind_of(planned)
        method = kind.METHODS[planned.failure]
        undone = method.undone + (SHARED if hits_shared(planned, factors) else "")
        found.append(Injection(planned, method.does, kind.hits(planned, factors), undone))
    return sorted(found, key=lambda one: one.planned.fault.delay_s)


def preview(study: Study, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Lines that name every injection of the campaign, trial by trial in the order of the run.

    `pairs` are the client's and the endpoint's node of each lane. A trial takes a lane that is free
    in its turn, so each lane may be the target. Nothing else is ever hit.
    """
    for number, (client, endpoint) in enumerate(pairs, start=1):
        yield f"lane-{number}: client {client}, endpoint {endpoint}"
    nodes = {"client": [c for c, _ in pairs], "endpoint": [e for _, e in pairs]}
    total, schedule = 0, make_schedule(study)
    for scheduled in schedule:
        factors = scheduled.cell.factors
        found = injections(study.scenario(scheduled.cell.scenario), factors)
        twice = " (twice: a second outage follows when the first has healed)"
        yield (
            f"{scheduled.order:4}  block {scheduled.block:2}  {scheduled.trial}"
            f"{twice if factors.outage == 'second' and found else ''}"
        )
        if not found:
            yield "      nothing is injected"
        for one in found:
            total += 1
            fault, role = one.planned.fault, one.planned.role
            where = f" on the {role}'s node" if role is not None else ""
            names = " or ".join(nodes[role]) if role is not None else ""
            yield (
                f"      {fault.target}: {one.planned.failure} after {fault.delay_s:g} s"
                f"{f' for {fault.for_s:g} s' if fault.for_s is not None else ''}"
                f"{where}{f' ({names})' if names else ''}"
            )
            yield f"        {one.does}: {', '.join(one.hits)}"
            yield f"        afterwards: {one.undone}"
    yield f"{total} injections in {len(schedule)} trials"
