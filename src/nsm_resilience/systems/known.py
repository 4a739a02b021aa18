# SPDX-License-Identifier: Apache-2.0
"""The systems there are, and what can be asked of all of them together."""

from __future__ import annotations

from nsm_resilience.systems import nsm_v0_2_0, nsm_v1_18_0
from nsm_resilience.systems.base import System

SYSTEMS: dict[str, System] = {one.SYSTEM.name: one.SYSTEM for one in (nsm_v0_2_0, nsm_v1_18_0)}
"""By the level of the factor `system`; the first is the one that the paper is about."""
FIRST = next(iter(SYSTEMS))


def system_named(name: str) -> System:
    """The system that a level of the factor names; KeyError when there is none."""
    return SYSTEMS[name]


def component_names() -> tuple[str, ...]:
    """Every component that any system has, each once."""
    return tuple(dict.fromkeys(name for s in SYSTEMS.values() for name in s.every_component()))


def socket_names() -> tuple[str, ...]:
    """Every socket that any system has, each once, and `all`."""
    names = dict.fromkeys(name for s in SYSTEMS.values() for name in s.sockets)
    return (*names, "all")


def registry_names() -> tuple[str, ...]:
    """`all`, and every kind of custom resource that any system has, each once."""
    names = dict.fromkeys(name for s in SYSTEMS.values() for name in s.registry.plurals)
    return ("all", *names)


def placed_by_itself(component: str) -> bool:
    """Whether a component runs once in a lane wherever it exists: no fault names its node."""
    found = [
        parts[component].only_on
        for system in SYSTEMS.values()
        for parts in system.components.values()
        if component in parts
    ]
    return bool(found) and all(found)


def carries(component: str) -> bool:
    """Whether a component carries the packets of every path of a node, in any system."""
    return any(
        component in parts and parts[component].carries
        for system in SYSTEMS.values()
        for parts in system.components.values()
    )


def is_part_of_one_plane(component: str | None) -> bool:
    """Whether a component is a process of one plane only, of a system that has several."""
    return any(
        component in parts and any(component not in others for others in system.components.values())
        for system in SYSTEMS.values()
        for parts in system.components.values()
    )
