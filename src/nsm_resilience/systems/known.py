# SPDX-License-Identifier: Apache-2.0
"""The systems there are, and what can be asked of all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from nsm_resilience import systems
from nsm_resilience.systems.base import Component, Kind, Plane, Role, System


def _of_folders() -> dict[str, System]:
    """The system of every folder beside this file; that of the paper first, others by their names.

    ImportError for a folder without one, and for two of one name.
    """
    folders = sorted(one.name for one in iter_modules(systems.__path__) if one.ispkg)
    found: list[System] = []
    for name in folders:
        own = getattr(import_module(f"{systems.__name__}.{name}"), "SYSTEM", None)
        if not isinstance(own, System):
            raise ImportError(
                f"the folder systems/{name} has no system; write `SYSTEM = System(…)`"
            )
        if own.name in (one.name for one in found):
            raise ImportError(f"two folders of systems/ are `{own.name}`; write another `name`")
        found.append(own)
    return {system.name: system for system in sorted(found, key=lambda one: not one.claims_on)}


SYSTEMS: dict[str, System] = _of_folders()
"""By the level of the factor `system`; the first is the one that the paper is about."""
FIRST = next(iter(SYSTEMS))
USUAL_PLANE = next(iter(SYSTEMS[FIRST].planes))
"""The plane of an arm that names none."""


def system_named(name: str) -> System:
    """The system that a level of the factor names; KeyError when there is none."""
    return SYSTEMS[name]


def system_of(factors: Mapping[str, Any]) -> System:
    """The system of a record's factors; records made before there was a second say none."""
    return SYSTEMS[factors.get("system", FIRST)]


def every_plane() -> dict[str, Plane]:
    """Every forwarding plane that any system has; of several by one name that of the first."""
    found: dict[str, Plane] = {}
    for system in SYSTEMS.values():
        for name, plane in system.planes.items():
            found.setdefault(name, plane)
    return found


def component_names() -> tuple[str, ...]:
    """Every component that any system has, each once."""
    return tuple(dict.fromkeys(name for s in SYSTEMS.values() for name in s.components_by_name()))


def socket_names() -> tuple[str, ...]:
    """Every socket that any system has, each once, and `all`."""
    names = dict.fromkeys(name for s in SYSTEMS.values() for name in s.sockets)
    return (*names, "all")


def registry_names() -> tuple[str, ...]:
    """`all`, and every kind of custom resource that any system has, each once."""
    names = dict.fromkeys(name for s in SYSTEMS.values() for name in s.registry.plurals)
    return ("all", *names)


def why_absent(name: str) -> dict[str, str]:
    """What systems say of a name that no system has: by system, why and what there is instead."""
    return {s.name: s.absent[name] for s in SYSTEMS.values() if name in s.absent}


def in_no_system() -> tuple[str, ...]:
    """Names that no system has, of which at least one says why."""
    there = {*component_names(), *socket_names(), *registry_names()}
    named = dict.fromkeys(name for s in SYSTEMS.values() for name in s.absent)
    return tuple(name for name in named if name not in there)


def instead_of(name: str, system: System) -> str:
    """What a system has in place of a component or socket of others, as a clause.

    By what the part does; empty where the system has nothing that does it. What its own folder
    says (`System.absent`) goes before this: systems do not know those that came after them.
    """
    owners, does = _owners(name), kinds_of(name)
    own = {n: p for of in system.components.values() for n, p in of.items() if not p.part_of}
    parts = [n for n, part in own.items() if part.kind in does]
    if owners and not parts_named(name):
        parts = [n for n, socket in system.sockets.items() if socket.owner in parts]
    return f"its part is {' or '.join(f'`{one}`' for one in parts)} there" if parts else ""


def kinds_of(name: str) -> list[Kind]:
    """What a component does in any system, or who answers on a socket; of others nothing."""
    found = (part.kind for one in (name, *_owners(name)) for part in parts_named(one))
    return list(dict.fromkeys(found))


def _owners(socket: str) -> list[str]:
    """Components that make a socket, in any system; none for what is no socket."""
    named = (s.sockets[socket].owner for s in SYSTEMS.values() if socket in s.sockets)
    return list(dict.fromkeys(named))


def parts_named(component: str) -> list[Component]:
    """What a component is in every system and on every plane that has it."""
    return [
        parts[component]
        for system in SYSTEMS.values()
        for parts in system.components.values()
        if component in parts
    ]


def placed_by_itself(component: str) -> Role | None:
    """Role of the node of a component that a lane has one of wherever it exists, else None."""
    found = {part.only_on for part in parts_named(component)}
    return found.pop() if len(found) == 1 else None


def carries(component: str) -> bool:
    """Whether a component carries the packets of every path of a node, in any system."""
    return any(part.carries for part in parts_named(component))


def kind_of(component: str) -> Kind | None:
    """What a component does; None for what is no component."""
    return next((part.kind for part in parts_named(component)), None)


def is_part(component: str | None) -> bool:
    """Whether a component is a process of another one."""
    return component is not None and any(part.part_of for part in parts_named(component))


def are_all(components: Iterable[str]) -> bool:
    """Whether these are all components of a system, but for those that are parts of others."""
    named = set(components)
    return any(
        {name for name, part in parts.items() if not part.part_of and not part.shared} <= named
        for system in SYSTEMS.values()
        for parts in system.components.values()
    )
