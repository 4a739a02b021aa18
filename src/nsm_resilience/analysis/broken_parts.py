# SPDX-License-Identifier: Apache-2.0
"""Which part of a system was broken in which way: every part that the system has, from its folder.

A part that no scenario breaks stands there, too. A trial counts for each part that it breaks, alone
or with others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from nsm_resilience.analysis.figures.cells import levels_in_order
from nsm_resilience.study.fault import COMPONENT_FAILURES, SOCKET_FAILURES, Fault
from nsm_resilience.systems.base import System
from nsm_resilience.systems.known import system_named, system_of
from nsm_resilience.tables.attempts import JUDGED, that_count

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study

Part = tuple[str, str, str]
"""Name of a system, `component` or `socket`, and its name."""
WAYS = {"component": COMPONENT_FAILURES, "socket": SOCKET_FAILURES}
NOT_TESTED, NOT_APPLICABLE, NO_WAY = "not tested", "not applicable", ""


def broken_parts(trials: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return a row for each part of each system that a study runs, a column for each failure.

    A value is `k/n` (supported of judged trials), `not tested`, `not applicable` where the system
    says that this stops nothing, or empty where a part cannot fail so.

    Args:
        trials: table `trials` of one campaign.
        study: its study.
    """
    import pandas as pd

    found = _counts(trials, study)
    failures = levels_in_order("failure", COMPONENT_FAILURES | SOCKET_FAILURES)
    rows = [
        {
            "system": system_named(system).title,
            "part": f"socket {name}" if kind == "socket" else name,
            **{way: _value(found, (system, kind, name), way, planes) for way in failures},
        }
        for system, planes in study.planes.items()
        for _, kind, name in _parts(system_named(system), planes)
    ]
    return pd.DataFrame(rows)


def _parts(system: System, planes: tuple[str, ...]) -> Iterator[Part]:
    names = (name for plane in planes for name in system.components[plane])
    for name in dict.fromkeys(names):
        yield system.name, "component", name
    for name in system.sockets:
        yield system.name, "socket", name


def _counts(trials: pd.DataFrame, study: Study) -> dict[tuple[Part, str], Counter[str]]:
    declared = {scenario.id: scenario for scenario in study.scenarios}
    own = that_count(trials)
    counts: dict[tuple[Part, str], Counter[str]] = {}
    for row in own[own["verdict"].isin(JUDGED)].to_dict("records"):
        cell = {str(name): str(level) for name, level in row.items()}
        system = system_of(cell)
        broken = {
            (part, fault.failure_in(cell["failure"]))
            for fault in declared[cell["scenario"]].faults
            for part in _broken(fault, system)
        }
        for one in broken:
            counts.setdefault(one, Counter())[cell["verdict"]] += 1
    return counts


def _broken(fault: Fault, system: System) -> Iterator[Part]:
    """The parts that a fault breaks; none for one in a workload, a node or a network."""
    if fault.component is not None:
        yield system.name, "component", fault.component
    if fault.socket is not None:
        for name in system.socket_patterns(fault.socket):
            yield system.name, "socket", name


def _value(
    found: Mapping[tuple[Part, str], Counter[str]], part: Part, way: str, planes: tuple[str, ...]
) -> str:
    system, kind, name = part
    if way not in WAYS[kind]:
        return NO_WAY
    count = found.get((part, way))
    if count is not None:
        return f"{count['supported']}/{sum(count.values())}"
    of_plane = [system_named(system).components[plane].get(name) for plane in planes]
    there = [one for one in of_plane if one is not None]
    if kind == "component" and way == "hang" and all(one.cannot_hang for one in there):
        return NOT_APPLICABLE
    return NOT_TESTED
