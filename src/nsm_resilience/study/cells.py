# SPDX-License-Identifier: Apache-2.0
"""What is repeated: a scenario with one level of each factor, and the arms that name many."""

from __future__ import annotations

from itertools import product
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from nsm_resilience.study.fault import VPP_PROCESSES, Failure, Model, check_failure
from nsm_resilience.study.scenario import Scenario

Plane = Literal["kernel", "vpp"]
PLANE_NAMES: dict[Plane, str] = {"kernel": "kernel", "vpp": "VPP"}
"""The forwarding planes as they are written for people."""
Client = Literal["monitored", "plain"]
Outage = Literal["first", "second"]
SECOND_OUTAGE = "outage: second"
"""What a trial depends on that breaks a path again after it has healed (judge/reached.py)."""
Remedy = Literal["none", "observe", "heal"]


class Factors(Model):
    """One level of each factor."""

    plane: Plane = "kernel"
    client: Client = "monitored"
    failure: Failure = "kill"
    outage: Outage = "first"
    remedy: Remedy = "none"


def _levels(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


LISTS = ("scenarios", "plane", "client", "failure", "outage", "remedy")
"""Keys of an arm whose single value may stand without brackets."""


def _scalars_in_schema(schema: dict[str, Any]) -> None:
    """Tell the JSON schema, too, that a single value may stand for a list, and an example."""
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
    LATER = frozenset({"first_block"})

    scenarios: Annotated[tuple[str, ...], Field(min_length=1, examples=[["S1", "S2"]])]
    trials: Annotated[int, Field(ge=1, le=99)]
    first_block: Annotated[int, Field(ge=1, le=99)] = Field(
        default=1,
        description="Block of the schedule that holds the arm's first trial; a later one puts what "
        "is asked first before the rest.",
    )
    plane: tuple[Plane, ...] = ("kernel",)
    client: tuple[Client, ...] = ("monitored",)
    failure: tuple[Failure, ...] = ()
    outage: tuple[Outage, ...] = ("first",)
    remedy: tuple[Remedy, ...] = ("none",)

    @model_validator(mode="before")
    @classmethod
    def _scalars_are_lists(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        return {k: _levels(v) if k in LISTS else v for k, v in data.items()}

    def cells(self, scenario: Scenario) -> list[Cell]:
        """Every combination of this arm's levels for one scenario."""
        failures: tuple[Failure, ...] = self.failure or (scenario.default_failure,)
        return [
            Cell(
                scenario=scenario.id,
                factors=Factors(plane=p, client=c, failure=f, outage=o, remedy=r),
            )
            for p, c, f, o, r in product(
                self.plane, self.client, failures, self.outage, self.remedy
            )
        ]


class Cell(Model):
    """One scenario with one level of each factor; its trials are repetitions of each other."""

    scenario: str
    factors: Factors

    @property
    def id(self) -> str:
        """E.g. `S2-kernel-monitored-kill`; `outage` and `remedy` only when not default."""
        f = self.factors
        parts = [self.scenario, f.plane, f.client, f.failure]
        if f.outage != "first":
            parts.append(f.outage)
        if f.remedy != "none":
            parts.append(f.remedy)
        return "-".join(parts)


def check_cell(scenario: Scenario, cell: Cell) -> None:
    """Raise ValueError when the cell's failure cannot be applied to the scenario's targets."""
    failure = cell.factors.failure
    if scenario.is_control and failure != "none":
        raise ValueError(f"{scenario.id} has no fault; its `failure` can only be `none`")
    one_way = scenario.faults and all(f.only_failure for f in scenario.faults)
    if one_way and failure != scenario.default_failure:
        raise ValueError(
            f"{scenario.id}: its faults come in one way only; its `failure` can only be "
            f"`{scenario.default_failure}`"
        )
    for fault in scenario.faults:
        check_failure(fault, fault.failure_in(failure))
        if fault.component in VPP_PROCESSES and cell.factors.plane != "vpp":
            raise ValueError(
                f"{scenario.id}: `{fault.component}` exists on the vpp plane only; "
                "write `plane: vpp` in its arm, or `component: forwarder`"
            )
        if (
            fault.component == "forwarder"
            and fault.failure_in(failure) == "hang"
            and cell.factors.plane == "vpp"
        ):
            raise ValueError(
                f"{scenario.id}: on the vpp plane the forwarder's main process is its supervisor, "
                "and stopping that stops nothing; name the process that is to hang: "
                f"{', '.join(sorted(VPP_PROCESSES))}"
            )
