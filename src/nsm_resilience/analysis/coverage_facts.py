# SPDX-License-Identifier: Apache-2.0
"""The facts about others' tests (`coverage.yaml`), and which of our trials match a line of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, StringConstraints, model_validator

from nsm_resilience.study.cells import Outage
from nsm_resilience.study.fault import Failure, Fault, Model, NodeRole
from nsm_resilience.study.load import load_model
from nsm_resilience.study.models import Scenario
from nsm_resilience.systems.base import Kind as Does
from nsm_resilience.systems.base import System
from nsm_resilience.systems.known import is_part, system_of
from nsm_resilience.tables.cell import is_usual, usual_in_words

FACTS = Path(__file__).with_name("coverage.yaml")

_ANY = ("system", "plane", "client", "failure", "outage", "watch")
"""A trial counts at any level of these factors, unless a line names one."""
COUNTED = usual_in_words(*_ANY)
"""The trials that count, in words: those at the usual levels of all other factors."""

Words = Annotated[str, StringConstraints(min_length=3)]


class Suite(Model):
    """A body of tests, and where and at which revision it was read."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]
    title: Words
    repository: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,40}$")]
    read: Words


Kind = Literal[
    "any", "every component", "single socket", "single process", "client", "endpoint with a spare",
    "endpoint without a spare", "registry", "API server", "network between nodes", "whole node",
    "interface",
]  # fmt: skip
"""What is broken, if that is no list of components and sockets."""
_TARGET = re.compile(rf"({'|'.join(get_args(Does))}|socket:all)@({'|'.join(get_args(NodeRole))})")


def _node(fault: Fault, system: System) -> NodeRole | None:
    """The node of a fault; the system knows it for a component that a lane has only one of."""
    part = system.components_by_name().get(fault.component or "")
    return fault.node or (None if part is None else part.only_on)


def _does(fault: Fault, system: System) -> str:
    """What a fault breaks, in words common to all systems: `manager@client`.

    A target that is no component, or only a process of one, keeps its own name.
    """
    part = system.components_by_name().get(fault.component or "")
    if part is None or part.part_of:
        return fault.target
    return f"{part.kind}@{_node(fault, system)}"


def _meant(target: str, system: System) -> list[str]:
    """Components of a system that `manager@client` means."""
    does, _, node = target.partition("@")
    return [
        name
        for name, part in system.components_by_name().items()
        if part.kind == does and not part.part_of and part.only_on in (None, node)
    ]


def _all_of(system: System) -> set[tuple[str | None, NodeRole | None]]:
    """Every component of a lane that is no part of another one, with each of its nodes."""
    return {
        (name, node)
        for name, part in system.components_by_name().items()
        if not part.part_of and not part.shared
        for node in get_args(NodeRole)
        if part.only_on in (None, node)
    }


class Match(Model):
    """Which cells of a study test a scenario. Only cells without a remedy are counted.

    Components are named by what they do, because their names differ from system to system.
    """

    targets: tuple[str, ...] | Kind = Field(
        description="What is broken, just these: what a component does (systems/base.py) or "
        "`socket:all`, and on which node, as `manager@client`; or a kind of it."
    )
    failures: tuple[Failure, ...] = Field(
        default=(), description="Only these failures; without them all but `hang`."
    )
    outage: Outage = "first"

    @model_validator(mode="after")
    def _targets_are_known(self) -> Self:
        for target in self.targets if isinstance(self.targets, tuple) else ():
            if _TARGET.fullmatch(target) is None:
                raise ValueError(
                    f"`{target}` is no target; write what a component does and its node, e.g. "
                    f"`manager@client`: {', '.join(get_args(Does))}, socket:all"
                )
        return self

    def takes(self, scenario: Scenario, cell: Mapping[str, str]) -> bool:
        """Say whether a cell (levels by factor) of a scenario is counted."""
        fits = cell["failure"] in self.failures if self.failures else cell["failure"] != "hang"
        levels = fits and cell["outage"] == self.outage and is_usual(cell, *_ANY)
        return levels and self._breaks(scenario, system_of(cell))

    def parts(self, system: System) -> tuple[str, ...]:
        """Components of a system that the targets mean, each once."""
        if not isinstance(self.targets, tuple):
            return ()
        found = (name for target in self.targets for name in _meant(target, system))
        return tuple(dict.fromkeys(found))

    def is_absent(self, system: System) -> bool:
        """Whether a system has no component for one of the targets."""
        return isinstance(self.targets, tuple) and any(
            not target.startswith("socket:") and not _meant(target, system)
            for target in self.targets
        )

    def _breaks(self, scenario: Scenario, system: System) -> bool:
        faults = scenario.faults
        broken = {_does(fault, system) for fault in faults}
        match self.targets:
            case tuple():
                return broken == set(self.targets)
            case "any":
                return True
            case "every component":
                return {(f.component, _node(f, system)) for f in faults} == _all_of(system)
            case "single socket":
                return len(broken) == 1 and faults[0].socket not in (None, "all")
            case "single process":
                return len(broken) == 1 and is_part(faults[0].component)
        return bool(faults) and all(self._is_kind(fault, scenario) for fault in faults)

    def _is_kind(self, fault: Fault, scenario: Scenario) -> bool:
        match self.targets:
            case "client":
                return fault.workload == "client"
            case "endpoint with a spare":
                return fault.workload == "endpoint" and scenario.spare_endpoint
            case "endpoint without a spare":
                return fault.workload == "endpoint" and not scenario.spare_endpoint
            case "registry":
                return fault.registry is not None
            case "API server":
                return fault.network == "api"
            case "network between nodes":
                return fault.network == "peer"
            case "interface":
                return fault.interface is not None
        return bool(fault.whole_node)


class Covered(Model):
    """A scenario, the tests that others have for it, and how ours are found."""

    title: Words
    ours: Match | None = Field(default=None, description="Absent: this study cannot declare it.")
    note: str = ""
    tests: dict[str, Annotated[tuple[Words, ...], Field(min_length=1)]]


class Facts(Model):
    """The whole of `coverage.yaml`."""

    suites: Annotated[tuple[Suite, ...], Field(min_length=1)]
    scenarios: Annotated[tuple[Covered, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _suites_are_known(self) -> Self:
        known = [suite.id for suite in self.suites]
        for scenario in self.scenarios:
            unknown = sorted(set(scenario.tests) - set(known))
            if unknown:
                raise ValueError(
                    f"`{scenario.title}` names the suite {', '.join(unknown)}; "
                    f"declared are: {', '.join(known)}"
                )
        return self


def load_facts(path: Path = FACTS) -> Facts:
    """Load the facts about others' tests; ConfigError with every mistake found."""
    return load_model(path, Facts)
