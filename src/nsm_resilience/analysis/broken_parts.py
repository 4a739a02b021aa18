# SPDX-License-Identifier: Apache-2.0
"""Which part of a system was broken in which way: every part that the system has, from its folder.

A part that no scenario breaks stands there, too. A trial counts for each part that it breaks, alone
or with others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from nsm_resilience.analysis.figures.cells import judged, levels_in_order
from nsm_resilience.study.fault import COMPONENT_FAILURES, SOCKET_FAILURES, Fault
from nsm_resilience.systems.base import Component, System
from nsm_resilience.systems.known import system_named, system_of

if TYPE_CHECKING:
    from nsm_resilience.study.models import Study


def broken_parts(trials: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return a row for each part of each system that a study runs, a column for each failure.

    A value is `k/n` (supported of judged trials), `not tested`, `not applicable` where the system
    says that this stops nothing, or empty where a part cannot fail so.

    Args:
        trials: table `trials` of one campaign.
        study: its study.
    """
    found: dict[tuple[str, str, str], list[bool]] = {}
    for row in judged(trials).to_dict("records"):
        cell = {str(name): str(level) for name, level in row.items()}
        system, faults = system_of(cell), study.scenario(cell["scenario"]).faults
        broken = {(p, f.failure_in(cell["failure"])) for f in faults for p in _of(f, system)}
        for part, way in broken:
            found.setdefault((system.name, part, way), []).append(cell["verdict"] == "supported")
    ways = levels_in_order("failure", COMPONENT_FAILURES | SOCKET_FAILURES)
    rows = []
    for name, planes in study.planes.items():
        system = system_named(name)
        parts = [system.components[plane] for plane in planes]
        can = dict.fromkeys((part for own in parts for part in own), COMPONENT_FAILURES)
        can |= dict.fromkeys(map(_socket, system.sockets), SOCKET_FAILURES)
        for part, failures in can.items():
            values = dict.fromkeys(ways, "")
            named = [own[part] for own in parts if part in own]
            for way in failures:
                values[way] = _value(found.get((name, part, way), []), way, named)
            rows.append({"system": system.title, "part": part, **values})
    return pd.DataFrame(rows)


def _value(supported: list[bool], way: str, named: list[Component]) -> str:
    """Supported of all trials of one part and way to fail; else why there are none."""
    if supported:
        return f"{sum(supported)}/{len(supported)}"
    if way == "hang" and all(part.cannot_hang for part in named):
        return "not applicable"
    return "not tested"


def _of(fault: Fault, system: System) -> list[str]:
    """The parts that a fault breaks; none for one in a workload, a node or a network."""
    if fault.component is not None:
        return [fault.component]
    return [] if fault.socket is None else [*map(_socket, system.socket_patterns(fault.socket))]


def _socket(name: str) -> str:
    return f"socket {name}"
