# SPDX-License-Identifier: Apache-2.0
"""Coverage: which scenario is tested by NSM's own tests of 2019 and of today, and by this study.

What others test are facts that were read, each with repository and revision (`coverage.yaml`). What
this study tests is computed from table `trials`, so it says "not tested" until it was run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from nsm_resilience.analysis.figures.cells import counted
from nsm_resilience.study.fault import Fault
from nsm_resilience.study.load import load_model
from nsm_resilience.study.models import Failure, Model, Outage, Scenario, Study
from nsm_resilience.systems.known import is_part
from nsm_resilience.tables.attempts import JUDGED

if TYPE_CHECKING:
    import pandas as pd

FACTS = Path(__file__).with_name("coverage.yaml")

Words = Annotated[str, StringConstraints(min_length=3)]


class Suite(Model):
    """A body of tests, and where and at which revision it was read."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]
    title: Words
    repository: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,40}$")]
    read: Words


Kind = Literal[
    "any", "single socket", "VPP process", "client", "endpoint with a spare",
    "endpoint without a spare", "registry", "API server", "network between nodes", "whole node",
    "interface",
]  # fmt: skip
"""What is broken, where that is no list of components and sockets."""


class Match(Model):
    """Which cells of a study test a scenario. Only cells without a remedy are counted."""

    targets: tuple[str, ...] | Kind = Field(
        description="What is broken, as `component@node` or `socket:<name>@node`: just these; or "
        "a kind of it."
    )
    failures: tuple[Failure, ...] = Field(
        default=(), description="Only these failures; without them all but `hang`."
    )
    outage: Outage = "first"

    def takes(self, scenario: Scenario, cell: Mapping[str, str]) -> bool:
        """Say whether a cell (levels by factor) of a scenario is counted."""
        fits = cell["failure"] in self.failures if self.failures else cell["failure"] != "hang"
        levels = fits and cell["outage"] == self.outage and cell["remedy"] == "none"
        return levels and self._breaks(scenario)

    def _breaks(self, scenario: Scenario) -> bool:
        faults = scenario.faults
        broken = {fault.target for fault in faults}
        match self.targets:
            case tuple():
                return broken == set(self.targets)
            case "any":
                return True
            case "single socket":
                return len(broken) == 1 and faults[0].socket not in (None, "all")
            case "VPP process":
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


@dataclass(frozen=True)
class Ours:
    """Trials of this study on one forwarding plane: k supported of n judged.

    `not_reached` are trials that never reached what the line is about; they are in no n, and a line
    that has only such ones is not covered.
    """

    plane: str
    k: int
    n: int
    not_reached: int = 0


@dataclass(frozen=True)
class Line:
    """One scenario of the coverage.

    Attributes:
        title: what is broken.
        note: what has to be known to read the line; may be empty.
        tests: names of the tests by suite, for every suite.
        ours: this study's trials, one entry for each plane on which there are any.
    """

    title: str
    note: str
    tests: Mapping[str, tuple[str, ...]]
    ours: tuple[Ours, ...]


def load_facts(path: Path = FACTS) -> Facts:
    """Load what was read of others' tests; ConfigError with every mistake found."""
    return load_model(path, Facts)


def coverage(facts: Facts, trials: pd.DataFrame, study: Study) -> list[Line]:
    """Return one line per scenario of the facts, in their order.

    Args:
        facts: see `load_facts`.
        trials: table `trials`; judged trials of all cells that match are counted together.
        study: the study that was run.
    """
    declared = {scenario.id: scenario for scenario in study.scenarios}
    own = counted(trials)
    own = own[own["verdict"].isin([*JUDGED, "not_reached"])]
    return [
        Line(
            covered.title,
            covered.note,
            {suite.id: covered.tests.get(suite.id, ()) for suite in facts.suites},
            _ours(covered.ours, own, declared) if covered.ours is not None else (),
        )
        for covered in facts.scenarios
    ]


def _ours(match: Match, own: pd.DataFrame, declared: Mapping[str, Scenario]) -> tuple[Ours, ...]:
    counts: dict[str, Counter[str]] = {}
    for row in own.to_dict("records"):
        cell = {str(name): str(level) for name, level in row.items()}
        if match.takes(declared[cell["scenario"]], cell):
            counts.setdefault(cell["plane"], Counter())[cell["verdict"]] += 1
    return tuple(
        Ours(plane, found["supported"], sum(found[v] for v in JUDGED), found["not_reached"])
        for plane, found in sorted(counts.items())
    )


def in_words(ours: tuple[Ours, ...]) -> str:
    """Our trials of one line: `kernel 3/4`; what was never reached is said, not counted."""
    return ", ".join(
        f"{o.plane} {o.k}/{o.n}" if o.n else f"{o.plane} not reached in {o.not_reached}"
        for o in ours
    )


def table_of_coverage(lines: list[Line], facts: Facts) -> pd.DataFrame:
    """Return the coverage as a table for people: tests by name, and our trials as k/n."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "scenario": line.title,
                **{s.title: ", ".join(line.tests[s.id]) or "–" for s in facts.suites},
                "this study": in_words(line.ours) or "not tested",
                "note": line.note,
            }
            for line in lines
        ]
    )
