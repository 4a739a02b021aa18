# SPDX-License-Identifier: Apache-2.0
"""Every injection of a campaign before it is run: what, where, how, and what is undone.

Made by the same plan as the orders of a trial, so that what is shown is what will be injected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nsm_resilience.faults import pod_delete, process, socket_file
from nsm_resilience.faults.base import plan
from nsm_resilience.mesh.system import components, socket_patterns
from nsm_resilience.study.models import Factors, Fault, NodeRole, Scenario, Study
from nsm_resilience.study.schedule import make_schedule

UNDONE: dict[str, str] = {**process.UNDONE, **socket_file.UNDONE, **pod_delete.UNDONE}
WORDS = {"kill": "SIGKILL", "hang": "SIGSTOP", "delete": "its pod is deleted"}


@dataclass(frozen=True)
class Injection:
    """One injection: `hits` are programs, a pod or paths; `delay_s` counts from the first one."""

    target: str
    node: NodeRole
    method: str
    hits: tuple[str, ...]
    delay_s: float
    undone: str


def injections(scenario: Scenario, factors: Factors) -> list[Injection]:
    """All injections of one outage, in the order in which they are injected."""
    found = [
        Injection(
            p.fault.target,
            p.node,
            p.failure,
            _hits(p.fault, p.failure, factors),
            p.fault.delay_s,
            UNDONE[p.failure],
        )
        for p in plan(scenario, factors)
    ]
    return sorted(found, key=lambda one: one.delay_s)


def _hits(fault: Fault, failure: str, factors: Factors) -> tuple[str, ...]:
    if fault.component is not None:
        component = components(factors.plane)[fault.component]
        return (component.app if failure in pod_delete.METHODS else component.program,)
    assert fault.socket is not None
    return tuple(socket_patterns(fault.socket).values())


def preview(study: Study, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Lines that name every injection of the campaign, trial by trial in the order of the run.

    `pairs` are the client's and the endpoint's node of each lane; a trial takes the lane that is
    free when its turn comes, so that of several each may be the one. Nothing else is ever hit.
    """
    for number, (client, endpoint) in enumerate(pairs, start=1):
        yield f"lane-{number}: client {client}, endpoint {endpoint}"
    nodes = {"client": [c for c, _ in pairs], "endpoint": [e for _, e in pairs]}
    total = 0
    for scheduled in make_schedule(study):
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
            on = " or ".join(nodes[one.node])
            yield (
                f"      {one.target}: {one.method} after {one.delay_s:g} s on the {one.node}'s node"
                f"{f' ({on})' if on else ''}"
            )
            yield f"        {WORDS.get(one.method, 'file')}: {', '.join(one.hits)}"
            yield f"        afterwards: {one.undone}"
    yield f"{total} injections in {len(make_schedule(study))} trials"
