# SPDX-License-Identifier: Apache-2.0
"""All systems under test, and queries over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from nsm_resilience import systems
from nsm_resilience.systems.base import Component, Kind, Plane, Role, System


def _of_folders() -> dict[str, System]:
    """The system of every folder beside this file: the paper's first, the others by their folders.

    ImportError for a folder without a system, and for two systems with one name.
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
"""By the level of the factor `system`; the first is the system of the paper."""
FIRST = next(iter(SYSTEMS))
USUAL_PLANE = next(iter(SYSTEMS[FIRST].planes))
"""The default plane of an arm."""


def system_of(factors: Mapping[str, Any]) -> System:
    """The system of a record's factors; the oldest records name none."""
    return SYSTEMS[factors.get("system", FIRST)]


def every_plane() -> dict[str, Plane]:
    """Every forwarding plane of any system; of several with one name that of the first system."""
    found: dict[str, Plane] = {}
    for system in SYSTEMS.values():
        for name, plane in system.planes.items():
            found.setdefault(name, plane)
    return found


def meaning_of_plane(name: str) -> str:
    """Who forwards packets on a plane, of each system where they differ; whose the paper means."""
    said: dict[str, list[str]] = {}
    for system in SYSTEMS.values():
        if name in system.planes:
            said.setdefault(system.planes[name].meaning, []).append(system.title)
    clauses = list(said)
    if len(said) > 1:
        clauses = [f"of {' and '.join(titles)}: {meaning}" for meaning, titles in said.items()]
    meant = [system.title for system in SYSTEMS.values() if system.claims_on == name]
    return "; ".join((*clauses, *(f"the paper's claims are about that of {one}" for one in meant)))


def component_names() -> tuple[str, ...]:
    """Every component of any system, each once."""
    return tuple(dict.fromkeys(name for s in SYSTEMS.values() for name in s.components_by_name()))


def socket_names() -> tuple[str, ...]:
    """Every socket of any system, each once, and `all`."""
    names = dict.fromkeys(name for s in SYSTEMS.values() for name in s.sockets)
    return (*names, "all")


def registry_names() -> tuple[str, ...]:
    """`all`, and every kind of custom resource of any system, each once."""
    names = dict.fromkeys(name for s in SYSTEMS.values() for name in s.registry.plurals)
    return ("all", *names)


def why_absent(name: str) -> dict[str, str]:
    """By system, why it lacks a name, and its replacement."""
    return {s.name: s.absent[name] for s in SYSTEMS.values() if name in s.absent}


def in_no_system() -> tuple[str, ...]:
    """Names that no system has and at least one explains (`System.absent`)."""
    there = {*component_names(), *socket_names(), *registry_names()}
    named = dict.fromkeys(name for s in SYSTEMS.values() for name in s.absent)
    return tuple(name for name in named if name not in there)


def instead_of(name: str, system: System) -> str:
    """A system's replacement for a component or socket of other systems, as a clause.

    Found by the task of the part; empty if no part of the system has that task. `System.absent` has
    precedence, but knows only the systems that existed when it was written.
    """
    owners, does = _owners(name), kinds_of(name)
    own = {n: p for of in system.components.values() for n, p in of.items() if not p.part_of}
    parts = [n for n, part in own.items() if part.kind in does]
    if owners and not parts_named(name):
        parts = [n for n, socket in system.sockets.items() if socket.owner in parts]
    return f"its part is {' or '.join(f'`{one}`' for one in parts)} there" if parts else ""


def kinds_of(name: str) -> list[Kind]:
    """Tasks of a component in any system, or of the owners of a socket; else empty."""
    found = (part.kind for one in (name, *_owners(name)) for part in parts_named(one))
    return list(dict.fromkeys(found))


def _owners(socket: str) -> list[str]:
    """Components that own a socket, in any system; empty for other names."""
    named = (s.sockets[socket].owner for s in SYSTEMS.values() if socket in s.sockets)
    return list(dict.fromkeys(named))


def parts_named(component: str) -> list[Component]:
    """The component in every system and on every plane that has it."""
    return [
        parts[component]
        for system in SYSTEMS.values()
        for parts in system.components.values()
        if component in parts
    ]


def placed_by_itself(component: str) -> Role | None:
    """Role of the node of a component of which every lane has only one; else None."""
    found = {part.only_on for part in parts_named(component)}
    return found.pop() if len(found) == 1 else None


def may_need_no_node(component: str) -> bool:
    """Whether a lane of some system has only one of a component, so that a fault names no node."""
    return any(part.only_on is not None for part in parts_named(component))


def carries(component: str) -> bool:
    """Whether a component carries the packets of every path of a node, in any system."""
    return any(part.carries for part in parts_named(component))


def kind_of(component: str) -> Kind | None:
    """The task of a component; None for other names."""
    return next((part.kind for part in parts_named(component)), None)


def is_part(component: str | None) -> bool:
    """Whether a component runs in the container of another one."""
    return component is not None and any(part.part_of for part in parts_named(component))


def are_all(components: Iterable[str]) -> bool:
    """Whether these are all components of a system, apart from shared ones and parts of others."""
    named = set(components)
    return any(
        {name for name, part in parts.items() if not part.part_of and not part.shared} <= named
        for system in SYSTEMS.values()
        for parts in system.components.values()
    )
