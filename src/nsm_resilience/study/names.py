# SPDX-License-Identifier: Apache-2.0
"""Types of names that the systems under test give: components, sockets, systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticKnownError

from nsm_resilience.nearest import nearest
from nsm_resilience.systems import known


def _one_of(key: str, names: tuple[str, ...]) -> Callable[[str], str]:
    """A check of what a study's `key` names."""

    def check(value: str) -> str:
        if value in names:
            return value
        for other, of_other in _BY_KEY.items():
            if key in _BY_KEY and other != key and value in of_other and value != "all":
                raise ValueError(
                    f"`{value}` is no {key}; write `{other}: {value}` in place of `{key}`"
                )
        absent = _meant(value, names)
        if absent and key in _BY_KEY:
            told = "; ".join(f"{system}: {why}" for system, why in known.why_absent(absent).items())
            raise ValueError(f"`{absent}` cannot be broken in any system: {told}")
        expected = ", ".join(f"'{name}'" for name in names)
        raise PydanticKnownError("literal_error", {"expected": expected})

    return check


def _meant(value: str, names: tuple[str, ...]) -> str:
    """The name that no system has and that is meant, however it is spelled; empty for another."""
    absent = known.in_no_system()
    return next((name for name in nearest(value, (*names, *absent), 1, 0.8) if name in absent), "")


def _schema(names: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "string", "enum": list(names)}


_COMPONENTS, _SOCKETS = known.component_names(), known.socket_names()
_REGISTRY, _SYSTEMS = known.registry_names(), tuple(known.SYSTEMS)
PLANE_NAMES = known.plane_names()
"""The forwarding planes of all systems as they are written for people."""
_PLANES = tuple(PLANE_NAMES)
_BY_KEY = {"component": _COMPONENTS, "socket": _SOCKETS, "registry": _REGISTRY}
"""What a fault can name, by its key."""

Component = Annotated[
    str, AfterValidator(_one_of("component", _COMPONENTS)), WithJsonSchema(_schema(_COMPONENTS))
]
"""A component of any system; whether a cell's system has it, `check_cell` says."""
Socket = Annotated[
    str, AfterValidator(_one_of("socket", _SOCKETS)), WithJsonSchema(_schema(_SOCKETS))
]
"""A socket of any system, or `all`."""
Registry = Annotated[
    str, AfterValidator(_one_of("registry", _REGISTRY)), WithJsonSchema(_schema(_REGISTRY))
]
"""A kind of custom resource of any system, or `all`."""
Plane = Annotated[str, AfterValidator(_one_of("plane", _PLANES)), WithJsonSchema(_schema(_PLANES))]
"""A forwarding plane of any system; whether a cell's system has it, `check_cell` says."""
SystemName = Annotated[
    str, AfterValidator(_one_of("system", _SYSTEMS)), WithJsonSchema(_schema(_SYSTEMS))
]
"""A level of the factor `system`."""
