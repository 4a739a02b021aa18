# SPDX-License-Identifier: Apache-2.0
"""The study as data: what is claimed, which faults are injected, what is watched and for how long.

These pydantic models are the one source of the configuration's defaults and of its JSON schema
(`workflow/schemas/study.schema.json`). Unknown keys are errors. All times are in seconds.
"""

from __future__ import annotations

from itertools import product
from typing import Annotated, Any, Literal, Self, cast, get_args

from pydantic import (
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from nsm_resilience.study.fault import (
    COMPONENT_FAILURES,
    SOCKET_FAILURES,
    VPP_PROCESSES,
    Failure,
    Fault,
    Model,
    NodeRole,
    Seconds,
    check_failure,
)

__all__ = [
    "COMPONENT_FAILURES",
    "SOCKET_FAILURES",
    "VPP_PROCESSES",
    "Failure",
    "Fault",
    "Model",
    "NodeRole",
    "Seconds",
    "check_failure",
]

Plane = Literal["kernel", "vpp"]
PLANE_NAMES: dict[Plane, str] = {"kernel": "kernel", "vpp": "VPP"}
"""The forwarding planes as they are written for people."""
Client = Literal["monitored", "plain"]
Outage = Literal["first", "second"]
Remedy = Literal["none", "observe", "heal"]
Source = Literal["stated", "reconstructed", "ours"]

SCENARIO_ID = r"^[A-Za-z][A-Za-z0-9]*$"


class Scenario(Model):
    """One row of the table: its faults, what the paper claims of it, and where that is said."""

    LATER = frozenset({"spare_endpoint"})

    id: Annotated[str, StringConstraints(pattern=SCENARIO_ID)]
    title: Annotated[str, StringConstraints(min_length=3)]
    where: str = Field(description="In words, for the table: `client's node`, `both nodes`.")
    faults: tuple[Fault, ...] = ()
    source: Source = Field(description="`stated` in the abstract, or `reconstructed` by us.")
    claimed: Literal["supported", "unsupported"] | None = Field(
        default=None, description="The paper's verdict; empty where the paper says nothing."
    )
    claims: tuple[Literal["C0", "C1", "C2"], ...] = ()
    new_connection: tuple[NodeRole, ...] = Field(
        default=("client",), description="Nodes on which a new client asks after the watch."
    )
    failure: Failure | None = Field(
        default=None,
        description="Default failure; `kill` for components and workloads, `replace` for sockets.",
    )
    spare_endpoint: bool = Field(
        default=False,
        description="A second endpoint of the service is there, on the endpoint's node, registered "
        "before the client asks.",
    )

    @property
    def is_control(self) -> bool:
        """Whether nothing is broken: the whole window is watched and any alarm is false."""
        return not self.faults

    @property
    def default_failure(self) -> Failure:
        """The failure when a cell does not name one (study: kill; S8: replace; no fault: none)."""
        if self.failure is not None:
            return self.failure
        if self.is_control:
            return "none"
        if any(f.socket for f in self.faults):
            return "replace"
        free = any(f.only_failure is None for f in self.faults)
        return "kill" if free else cast(Failure, self.faults[0].only_failure)

    @property
    def undone_s(self) -> float:
        """Seconds from the fault until the last one that ends within the watch is undone."""
        return max((f.delay_s + f.for_s for f in self.faults if f.for_s is not None), default=0.0)

    @model_validator(mode="after")
    def _failure_fits(self) -> Self:
        for fault in self.faults:
            check_failure(fault, fault.failure_in(self.default_failure))
        return self


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
    """Tell the JSON schema, too, that a single value may stand for a list."""
    for name in LISTS:
        listed = schema["properties"][name]
        rest = {key: listed.pop(key) for key in ("title", "default") if key in listed}
        schema["properties"][name] = {"anyOf": [listed["items"], listed], **rest}


class Arm(Model):
    """A part of the campaign: these scenarios, with every combination of these levels, n times.

    A level may be one value or a list; a factor not named has its default (`failure`: the
    scenario's own default).
    """

    model_config = ConfigDict(json_schema_extra=_scalars_in_schema)
    LATER = frozenset({"first_block"})

    scenarios: Annotated[tuple[str, ...], Field(min_length=1)]
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


class Windows(Model):
    """How long each phase of a trial is, fixed before the run (study.md, "One trial"); seconds."""

    steady_s: Seconds = 10.0
    settle_s: Seconds = 30.0
    watch_s: Seconds = 120.0
    new_connection_s: Seconds = 60.0
    bystander_s: Seconds = 30.0

    @model_validator(mode="after")
    def _settle_fits_into_watch(self) -> Self:
        if self.settle_s >= self.watch_s:
            raise ValueError(
                f"settle_s ({self.settle_s:g}) must be shorter than watch_s ({self.watch_s:g}): "
                "a path that recovers needs the settle time inside the watch"
            )
        return self


class Probes(Model):
    """Rates of the probes; seconds between two samples."""

    echo_interval_s: Annotated[float, Field(ge=0.005, le=1)] = 0.02
    echo_deadline_s: Annotated[float, Field(gt=0, le=10)] = Field(
        default=2.0, description="An echo without a reply after this is lost."
    )
    component_interval_s: Annotated[float, Field(ge=0.1, le=10)] = 0.5


class JudgeRules(Model):
    """Thresholds of the judge, fixed with the study so that no verdict is tuned afterwards."""

    interruption_s: Annotated[float, Field(gt=0)] = Field(
        default=0.1, description="A stretch without reply longer than this is an interruption."
    )
    probe_gap_s: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="A longer gap in what was sent means that the probe stopped."
    )
    late_fraction: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.05, description="More echoes than this sent late make the trial unknown."
    )


class Turns(Model):
    """Blocks by turns, one trial at a time and one on each lane: the way to see if lanes bias.

    Of two turns that follow each other one is of each kind; which is first is drawn by the seed.
    """

    blocks: Annotated[int, Field(ge=1)] = Field(
        default=1, description="Blocks in a turn: so many trials of each cell."
    )


class Study(Model):
    """A whole study file (`config/study.yaml`)."""

    LATER = frozenset({"turns"})

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    seed: Annotated[int, Field(ge=0)]
    attempts: Annotated[int, Field(ge=1, le=9)] = Field(
        default=3,
        description="How often a trial is run that is void, or in which our own probes failed; "
        "every attempt is kept.",
    )
    windows: Windows = Windows()
    probes: Probes = Probes()
    judge: JudgeRules = JudgeRules()
    turns: Turns | None = Field(
        default=None,
        description="Run blocks by turns, one trial at a time and side by side; see `lanes`.",
    )
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]
    campaign: Annotated[tuple[Arm, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [s.id for s in self.scenarios]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"scenario {', '.join(twice)} is declared twice; give each its own id")
        cells: list[str] = []
        for number, arm in enumerate(self.campaign, start=1):
            for scenario_id in arm.scenarios:
                if scenario_id not in ids:
                    raise ValueError(
                        f"campaign, arm {number}: there is no scenario `{scenario_id}`; "
                        f"declared are: {', '.join(ids)}"
                    )
                scenario = self.scenario(scenario_id)
                self._check_undone_in_time(scenario)
                for cell in arm.cells(scenario):
                    check_cell(scenario, cell)
                    cells.append(cell.id)
            if self.turns is not None and arm.trials % (2 * self.turns.blocks):
                raise ValueError(
                    f"campaign, arm {number}: with turns of {self.turns.blocks} block(s), half of "
                    f"them one trial at a time, `trials` is a multiple of {2 * self.turns.blocks}, "
                    f"not {arm.trials}"
                )
        doubled = sorted({c for c in cells if cells.count(c) > 1})
        if doubled:
            raise ValueError(
                f"campaign: cell {', '.join(doubled)} is in two arms; keep it in one and set its "
                "number of trials there"
            )
        return self

    def _check_undone_in_time(self, scenario: Scenario) -> None:
        wanted = scenario.undone_s + self.windows.settle_s
        if scenario.undone_s and wanted >= self.windows.watch_s:
            raise ValueError(
                f"{scenario.id}: its last fault is undone after {scenario.undone_s:g} s, and after "
                f"that a path needs settle_s ({self.windows.settle_s:g}) inside watch_s "
                f"({self.windows.watch_s:g}); shorten `for_s` or write `watch_s: {wanted + 30:g}`"
            )

    def scenario(self, scenario_id: str) -> Scenario:
        """The scenario with this id; KeyError when the study does not declare it."""
        for scenario in self.scenarios:
            if scenario.id == scenario_id:
                return scenario
        raise KeyError(scenario_id)

    def blocks(self) -> list[tuple[Cell, range]]:
        """Every cell with the blocks that hold one trial of it each, in the order declared."""
        return [
            (cell, range(arm.first_block, arm.first_block + arm.trials))
            for arm in self.campaign
            for scenario_id in arm.scenarios
            for cell in arm.cells(self.scenario(scenario_id))
        ]

    def cells(self) -> list[tuple[Cell, int]]:
        """Every cell of the campaign with its number of trials, in the order declared."""
        return [(cell, len(blocks)) for cell, blocks in self.blocks()]


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


FAILURES: tuple[str, ...] = get_args(Failure)
