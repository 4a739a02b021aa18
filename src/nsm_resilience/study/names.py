# SPDX-License-Identifier: Apache-2.0
"""Types of names that the systems under test give: components, sockets, systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticKnownError

from nsm_resilience.systems import known

__all__ = ["Component", "Registry", "Socket", "SystemName"]


def _one_of(names: tuple[str, ...]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in names:
            reasons = known.why_absent(value)
            if reasons:
                told = "; ".join(f"{system}: {why}" for system, why in reasons.items())
                raise ValueError(f"`{value}` cannot be broken in any system: {told}")
            expected = ", ".join(f"'{name}'" for name in names)
            raise PydanticKnownError("literal_error", {"expected": expected})
        return value

    return check


def _schema(names: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "string", "enum": list(names)}


_COMPONENTS, _SOCKETS = known.component_names(), known.socket_names()
_REGISTRY, _SYSTEMS = known.registry_names(), tuple(known.SYSTEMS)

Component = Annotated[
    str, AfterValidator(_one_of(_COMPONENTS)), WithJsonSchema(_schema(_COMPONENTS))
]
"""A component of any system; whether a cell's system has it, `check_cell` says."""
Socket = Annotated[str, AfterValidator(_one_of(_SOCKETS)), WithJsonSchema(_schema(_SOCKETS))]
"""A socket of any system, or `all`."""
Registry = Annotated[str, AfterValidator(_one_of(_REGISTRY)), WithJsonSchema(_schema(_REGISTRY))]
"""A kind of custom resource of any system, or `all`."""
SystemName = Annotated[str, AfterValidator(_one_of(_SYSTEMS)), WithJsonSchema(_schema(_SYSTEMS))]
"""A level of the factor `system`."""
