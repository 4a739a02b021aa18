# SPDX-License-Identifier: Apache-2.0
"""The study as data: claims, scenarios with their faults, probes, windows, and the campaign.

These pydantic models are the one source of the configuration's defaults and of its JSON schema
(`workflow/schemas/study.schema.json`). Unknown keys are errors. All times are in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from nsm_resilience.nearest import did_you_mean
from nsm_resilience.study.cells import Arm, Cell, Factors, check_cell
from nsm_resilience.study.fault import Model
from nsm_resilience.study.mistake import Mistake, repeated
from nsm_resilience.study.names import Plane
from nsm_resilience.study.scenario import NewClient, Scenario, check_asked_once
from nsm_resilience.study.windows import FullWindows, JudgeRules, Probes, Windows

__all__ = ["Cell", "Factors", "Plane", "Probes", "Scenario", "Study", "Turns", "carrying"]


class Turns(Model):
    """Blocks in turns, with one trial at a time or one on each lane, to measure bias by lanes.

    Turns come in pairs, one of each kind; the seed draws which one comes first.
    """

    blocks: Annotated[int, Field(ge=1)] = Field(
        default=1, description="Blocks in a turn: so many trials of each cell."
    )


class Study(Model):
    """A whole study file (`config/study.yaml`)."""

    ADDED_LATER = frozenset({"turns", "full", "new_clients"})

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    seed: Annotated[int, Field(ge=0, lt=2**53)]
    attempts: Annotated[int, Field(ge=1, le=9)] = Field(
        default=3,
        description="Attempts at a trial that is void, or in which our own probes failed; every "
        "attempt is kept.",
    )
    windows: Windows = Windows()
    full: FullWindows | None = Field(
        default=None, description="Longer windows, of the arms with `watch: full`."
    )
    new_clients: tuple[NewClient, ...] = Field(
        default=(), description="New clients of every scenario that does not name its own."
    )
    probes: Probes = Probes()
    judge: JudgeRules = JudgeRules()
    turns: Turns | None = Field(
        default=None,
        description="Run blocks by turns, one trial at a time and side by side; see `lanes`.",
    )
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]
    campaign: Annotated[tuple[Arm, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _new_clients_of_all(self) -> Self:
        """Give the study's new clients to every scenario that names none of its own."""
        if self.new_clients:
            check_asked_once(self.new_clients, "new_clients")
            own = {"new_clients", "new_connection"}
            asked = {"new_clients": self.new_clients}
            scenarios = (
                one if own & one.model_fields_set else one.model_copy(update=asked)
                for one in self.scenarios
            )
            object.__setattr__(self, "scenarios", tuple(scenarios))  # frozen, but not yet in use
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [s.id for s in self.scenarios]
        twice = repeated(ids)
        if twice:
            raise Mistake(
                f"scenario {', '.join(map(str, twice))} is declared twice; give each its own id",
                *(("scenarios", n, "id") for places in twice.values() for n in places),
            )
        self.judge.check(self.probes, self.windows)
        cells: list[tuple[str, int]] = []
        for number, arm in enumerate(self.campaign, start=1):
            for scenario_id in arm.scenarios:
                if scenario_id not in ids:
                    there = f"{did_you_mean(scenario_id, ids)} declared are: {', '.join(ids)}"
                    raise Mistake(
                        f"campaign, arm {number}: there is no scenario `{scenario_id}`; "
                        f"{there.lstrip()}",
                        ("campaign", number - 1, "scenarios", arm.scenarios.index(scenario_id)),
                    )
                scenario = self.scenario(scenario_id)
                for cell in arm.cells(scenario):
                    check_cell(scenario, cell)
                    self._check_times(cell)
                    cells.append((cell.id, number))
            if self.turns is not None and arm.trials % (2 * self.turns.blocks):
                raise Mistake(
                    f"campaign, arm {number}: with turns of {self.turns.blocks} block(s), half of "
                    f"them one trial at a time, `trials` is a multiple of {2 * self.turns.blocks}, "
                    f"not {arm.trials}",
                    ("campaign", number - 1, "trials"),
                )
        doubled = repeated(name for name, _ in cells)
        if doubled:
            arms = {cells[n][1] for places in doubled.values() for n in places}
            raise Mistake(
                f"campaign: cell {', '.join(sorted(map(str, doubled)))} is in two arms; keep it in "
                "one and set its number of trials there",
                *(("campaign", number - 1) for number in sorted(arms)),
            )
        return self

    def _check_times(self, cell: Cell) -> None:
        """Check that faults, undos and new clients of the watch fit into it."""
        scenario, windows = self.scenario(cell.scenario), self.windows_of(cell)
        last = scenario.last_act_s
        wanted = last + windows.settle_s
        if last and wanted >= windows.watch_s:
            raise ValueError(
                f"{scenario.id}: its last fault comes or is undone after {last:g} s, and after "
                f"that a path needs settle_s ({windows.settle_s:g}) inside watch_s "
                f"({windows.watch_s:g}); shorten `delay_s` or `for_s`, or write "
                f"`watch_s: {wanted + 30:g}`"
            )
        if scenario.last_asked_s >= windows.watch_s:
            raise ValueError(
                f"{scenario.id}: a new client asks after {scenario.last_asked_s:g} s, which is not "
                f"inside watch_s ({windows.watch_s:g}); one without `at_s` asks after the watch"
            )

    def windows_of(self, cell: Cell) -> Windows:
        """The windows of a cell's trials: the study's own, or the longer ones of `full`."""
        if cell.factors.watch == "usual":
            return self.windows
        if self.full is None:
            raise Mistake(
                f"{cell.id}: `watch: full` needs the study's longer windows; write for example\n"
                f"  full: {{watch_s: {3 * self.windows.watch_s:g}}}",
                *(
                    ("campaign", n, "watch", arm.watch.index("full"))
                    for n, arm in enumerate(self.campaign)
                    if "full" in arm.watch
                ),
            )
        return self.full.over(self.windows)

    def in_cell(self, cell: Cell) -> Study:
        """The study with the windows of this cell."""
        return self.model_copy(update={"windows": self.windows_of(cell)})

    @property
    def watches(self) -> dict[str, float]:
        """Length of the watch for each level of the factor `watch` that the study has; seconds."""
        full = {} if self.full is None else {"full": self.full.watch_s}
        return {"usual": self.windows.watch_s, **full}

    @property
    def longest_watch_s(self) -> float:
        """The longest watch of any cell of the campaign; seconds."""
        return max(self.windows_of(cell).watch_s for cell, _ in self.cells())

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

    @property
    def planes(self) -> dict[str, tuple[str, ...]]:
        """The planes of each system that its campaign runs."""
        found: dict[str, dict[str, None]] = {}
        for cell, _ in self.cells():
            found.setdefault(cell.factors.system, {})[cell.factors.plane] = None
        return {system: tuple(planes) for system, planes in found.items()}

    def cells(self) -> list[tuple[Cell, int]]:
        """Every cell of the campaign with its number of trials, in the order declared."""
        return [(cell, len(blocks)) for cell, blocks in self.blocks()]


def carrying(claim: str, studies: Iterable[Study]) -> set[str]:
    """Ids of the scenarios that carry a claim of the paper in any of these studies."""
    return {s.id for study in studies for s in study.scenarios if claim in s.claims}
