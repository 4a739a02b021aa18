# SPDX-License-Identifier: Apache-2.0
"""Cells (a scenario with one level of each factor), and arms, which name many cells."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import ConfigDict, Field, model_validator

from nsm_resilience.study.fault import Failure, Fault, Model, check_failure
from nsm_resilience.study.mistake import check_listed_once
from nsm_resilience.study.names import PLANE_NAMES, Plane, SystemName
from nsm_resilience.study.scenario import Scenario
from nsm_resilience.systems.base import Component, System
from nsm_resilience.systems.known import (
    FIRST,
    SYSTEMS,
    USUAL_PLANE,
    instead_of,
    kinds_of,
)

Client = Literal["monitored", "plain"]
Outage = Literal["first", "second"]
SECOND_OUTAGE = "outage: second"
"""Condition of a trial that breaks a path again after it has healed (judge/reached.py)."""
Watch = Literal["usual", "full"]
"""`full`: the longer windows of the study's key `full`; "not within 120 s" becomes "not at all"."""
Remedy = Literal["none", "observe", "heal"]


class Factors(Model):
    """One level of each factor.

    `watch` has no effect on the system and is no contrast. It is a factor so that a longer watch is
    a cell of its own, and trials of two windows are never counted together.
    """

    ADDED_LATER = frozenset({"watch", "system"})

    system: SystemName = FIRST
    plane: Plane = USUAL_PLANE
    client: Client = "monitored"
    failure: Failure = "kill"
    outage: Outage = "first"
    watch: Watch = "usual"
    remedy: Remedy = "none"

    @property
    def under_test(self) -> System:
        """The system under test."""
        return SYSTEMS[self.system]

    @property
    def components(self) -> Mapping[str, Component]:
        """The components of the system under test on its plane, by name."""
        return self.under_test.components[self.plane]

    def levels(self) -> dict[str, str]:
        """Every level by the factor's name, defaults included."""
        return {name: str(getattr(self, name)) for name in type(self).model_fields}


LEVELS: dict[str, tuple[str, ...]] = {
    **{name: get_args(field.annotation) for name, field in Factors.model_fields.items()},
    "system": tuple(SYSTEMS),
    "plane": tuple(PLANE_NAMES),
}
"""Every level by the factor's name, in the order of the factors."""


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


LISTS = ("scenarios", *Factors.model_fields)
"""Keys of an arm whose single value may stand without brackets."""


def _scalars_in_schema(schema: dict[str, Any]) -> None:
    """Allow a single value for a list in the JSON schema as well, and add an example."""
    schema["examples"] = [{"scenarios": ["S1", "S2"], "trials": 5}]
    for name in LISTS:
        listed = schema["properties"][name]
        rest = {key: listed.pop(key) for key in ("title", "default", "examples") if key in listed}
        schema["properties"][name] = {"anyOf": [listed["items"], listed], **rest}


class Arm(Model):
    """A part of the campaign: these scenarios, with every combination of these levels, n times.

    A level may be one value or a list; a factor not named has its default (`failure`: the
    scenario's own default).
    """

    model_config = ConfigDict(json_schema_extra=_scalars_in_schema)
    ADDED_LATER = frozenset({"first_block", *Factors.ADDED_LATER})

    scenarios: Annotated[tuple[str, ...], Field(min_length=1, examples=[["S1", "S2"]])]
    trials: Annotated[int, Field(ge=1, le=99)]
    first_block: Annotated[int, Field(ge=1, le=99)] = Field(
        default=1,
        description="Block of the schedule that holds the arm's first trial; a later one puts what "
        "is asked first before the rest.",
    )
    system: tuple[SystemName, ...] = Field(
        default=(FIRST,), description="The systems under test; each has planes of its own."
    )
    plane: tuple[Plane, ...] = (USUAL_PLANE,)
    client: tuple[Client, ...] = ("monitored",)
    failure: tuple[Failure, ...] = ()
    outage: tuple[Outage, ...] = ("first",)
    watch: tuple[Watch, ...] = Field(
        default=("usual",), description="`full`: with the windows of the study's key `full`."
    )
    remedy: tuple[Remedy, ...] = ("none",)

    @model_validator(mode="before")
    @classmethod
    def _scalars_are_lists(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        return {k: _as_list(v) if k in LISTS else v for k, v in data.items()}

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for key in LISTS:
            check_listed_once(key, getattr(self, key))
        return self

    def cells(self, scenario: Scenario) -> list[Cell]:
        """Every combination of this arm's levels for one scenario."""
        levels = {name: getattr(self, name) for name in Factors.model_fields}
        levels["failure"] = self.failure or (scenario.default_failure,)
        return [
            Cell(scenario=scenario.id, factors=Factors(**dict(zip(levels, chosen, strict=True))))
            for chosen in product(*levels.values())
        ]


_ALWAYS = ("plane", "client", "failure")
"""Factors whose level is in the id of every cell."""


class Cell(Model):
    """One scenario with one level of each factor; its trials are repetitions of each other."""

    scenario: str
    factors: Factors

    @property
    def id(self) -> str:
        """E.g. `S2-kernel-monitored-kill`; other factors appear only with a level not default."""
        f = self.factors
        parts = [self.scenario, f.plane, f.client, f.failure]
        unusual = {
            name: level
            for name, level in f.levels().items()
            if name not in _ALWAYS and level != Factors.model_fields[name].default
        }
        system = unusual.pop("system", None)  # names of systems have dashes, and come last
        return "-".join((*parts, *unusual.values(), *([system] if system else [])))


def check_cell(scenario: Scenario, cell: Cell) -> None:
    """Raise ValueError when the cell's failure cannot be applied to the scenario's targets."""
    failure, system = cell.factors.failure, cell.factors.under_test
    if cell.factors.plane not in system.planes:
        raise ValueError(
            f"{scenario.id}: {system.name} has no plane `{cell.factors.plane}`; write `plane: "
            f"{next(iter(system.planes))}` in its arm"
        )
    if cell.factors.remedy != "none" and system.remedy:
        raise ValueError(
            f"{scenario.id}: there is no remedy for {system.name}: {system.remedy}; write `remedy: "
            "none` in its arm"
        )
    if cell.factors.client == "monitored" and system.sidecar is None:
        raise ValueError(
            f"{scenario.id}: {system.name} has no client that watches its connection; write "
            "`client: plain` in its arm"
        )
    if cell.factors.client not in system.clients():
        raise ValueError(
            f"{scenario.id}: {system.name} has no client `{cell.factors.client}`; write one of "
            f"{', '.join(system.clients())} in its arm, or the manifest client-"
            f"{cell.factors.client}.yaml in its folder"
        )
    if scenario.is_control and failure != "none":
        raise ValueError(f"{scenario.id} has no fault; its `failure` can only be `none`")
    if scenario.faults and all(f.usual_failure for f in scenario.faults):
        check_own_way(scenario, failure)
    for fault in scenario.faults:
        check_failure(fault, fault.failure_in(failure))
    lacking = dict.fromkeys(not_applicable(fault, cell.factors) for fault in scenario.faults)
    problems = [problem for problem in lacking if problem]
    if problems:
        raise ValueError(f"{scenario.id}: {'; '.join(problems)}")
    for fault in scenario.faults:
        if fault.component is not None and fault.failure_in(failure) == "hang":
            part = cell.factors.components[fault.component]
            if part.cannot_hang:
                raise ValueError(f"{scenario.id}: {part.cannot_hang}")


def check_own_way(scenario: Scenario, failure: str) -> None:
    """Raise ValueError when targets that do not fail as their cell says cannot fail so."""
    ways = scenario.faults[0].ways
    if failure not in (scenario.default_failure, *ways):
        possible = " or ".join(f"`{way}`" for way in ways)
        few = "in one way only" if len(ways) == 1 else "in ways of their own"
        raise ValueError(
            f"{scenario.id}: its faults come {few}; its `failure` can only be {possible}"
        )


def not_applicable(fault: Fault, factors: Factors) -> str:
    """Why the target of a fault does not exist in the system under test; empty when it does."""
    system = factors.under_test
    if fault.component is not None and fault.component not in factors.components:
        elsewhere = [
            plane for plane, parts in system.components.items() if fault.component in parts
        ]
        if elsewhere:
            return (
                f"`{fault.component}` exists on the {elsewhere[0]} plane only; write `plane: "
                f"{elsewhere[0]}` in its arm, or name another component"
            )
        return _does_not_exist(fault.component, tuple(system.components_by_name()), system)
    if fault.component is not None:
        placed = factors.components[fault.component].only_on
        if placed is None and fault.node is None:
            return f"`{fault.component}` of {system.name} is on both nodes; write `node: client`"
        if placed is not None and fault.node not in (None, placed):
            return (
                f"`{fault.component}` of {system.name} is one in a lane, on the {placed}'s node; "
                f"write `node: {placed}`"
            )
    every = ("all",) if system.socket_patterns("all") else ()
    for name, there in (
        (fault.socket, (*system.sockets, *every)),
        (fault.registry, (*system.registry.plurals, "all")),
    ):
        if name is not None and name not in there:
            return _does_not_exist(name, there, system)
    return ""


def _does_not_exist(name: str, there: tuple[str, ...], system: System) -> str:
    why = system.absent.get(name) or instead_of(name, system)
    if not why:
        kinds = " or ".join(f"`{kind}`" for kind in kinds_of(name))
        lacking = f"nothing there is of the kind {kinds}; " if kinds else ""
        why = f"{lacking}there are: {', '.join(there) or 'none'}"
    return f"`{name}` does not exist in {system.name}: {why}"
