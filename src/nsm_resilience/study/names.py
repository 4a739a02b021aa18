# SPDX-License-Identifier: Apache-2.0
"""Types for the names of components, sockets, registries, planes and systems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from nsm_resilience.nearest import nearest
from nsm_resilience.systems import known


@dataclass(frozen=True)
class _OneOf:
    """The names that a study may write under `key`, for its check and for its JSON schema."""

    key: str
    names: tuple[str, ...]

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: object) -> dict[str, object]:
        return {"type": "string", "enum": list(self.names)}

    def check(self, value: str) -> str:
        """The name, if it is known; ValueError says where it belongs, or why it does not exist."""
        if value in self.names:
            return value
        for other, of_other in _BY_KEY.items():
            if self.key in _BY_KEY and other != self.key and value in of_other and value != "all":
                raise ValueError(
                    f"`{value}` is no {self.key}; write `{other}: {value}` in place of `{self.key}`"
                )
        absent = _nearest_absent(value, self.names)
        if absent and self.key in _BY_KEY:
            reasons = "; ".join(f"{name}: {why}" for name, why in known.why_absent(absent).items())
            raise ValueError(f"`{absent}` cannot be broken in any system: {reasons}")
        expected = ", ".join(f"'{name}'" for name in self.names)
        raise PydanticKnownError("literal_error", {"expected": expected})


def _nearest_absent(value: str, names: tuple[str, ...]) -> str:
    """The nearest name, if it is one that no system has; else empty."""
    absent = known.in_no_system()
    return next((name for name in nearest(value, (*names, *absent), 1, 0.8) if name in absent), "")


PLANE_NAMES = {name: plane.title for name, plane in known.every_plane().items()}
"""The forwarding planes of all systems, with their titles."""
_BY_KEY = {
    "component": known.component_names(),
    "socket": known.socket_names(),
    "registry": known.registry_names(),
}
"""Names of targets, by the key of a fault."""

Component = Annotated[str, _OneOf("component", _BY_KEY["component"])]
"""A component of any system; `check_cell` checks that a cell's system has it."""
Socket = Annotated[str, _OneOf("socket", _BY_KEY["socket"])]
"""A socket of any system, or `all`."""
Registry = Annotated[str, _OneOf("registry", _BY_KEY["registry"])]
"""A kind of custom resource of any system, or `all`."""
Plane = Annotated[str, _OneOf("plane", tuple(PLANE_NAMES))]
"""A forwarding plane of any system; `check_cell` checks that a cell's system has it."""
SystemName = Annotated[str, _OneOf("system", tuple(known.SYSTEMS))]
"""A level of the factor `system`."""
