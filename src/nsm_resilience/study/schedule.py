# SPDX-License-Identifier: Apache-2.0
"""The order in which trials are run: seeded, shuffled in blocks, controls among them.

A block holds one trial of every cell that still has trials left, so that slow drifts of the machine
meet all scenarios alike (randomised complete blocks; anchors: Hoefler and Belli 2015, rule on
documenting and randomising the order). The order depends on the study file alone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from nsm_resilience.study.models import Cell, Study


@dataclass(frozen=True)
class ScheduledTrial:
    """One planned trial. `order` counts from 0, `block` and `number` (inside its cell) from 1."""

    order: int
    block: int
    cell: Cell
    number: int

    @property
    def trial(self) -> str:
        """The trial's id, `<cell id>/<NN>`."""
        return f"{self.cell.id}/{self.number:02d}"


def make_schedule(study: Study) -> list[ScheduledTrial]:
    """Return all trials of the study in the order in which they are to be run."""
    cells = study.blocks()
    schedule: list[ScheduledTrial] = []
    for block in range(1, max(blocks.stop for _, blocks in cells)):
        members = [(cell, blocks) for cell, blocks in cells if block in blocks]
        # One generator per block: adding a scenario does not reorder the blocks after it by chance
        # of how many numbers were drawn before.
        random.Random(f"{study.seed}/{block}").shuffle(members)
        for cell, blocks in members:
            number = block - blocks.start + 1
            schedule.append(ScheduledTrial(len(schedule), block, cell, number))
    return schedule


def find_trial(study: Study, trial: str) -> ScheduledTrial:
    """The scheduled trial with this id; ValueError naming near ones when there is none."""
    schedule = make_schedule(study)
    for scheduled in schedule:
        if scheduled.trial == trial:
            return scheduled
    cells = sorted({s.cell.id for s in schedule})
    raise ValueError(
        f"the study `{study.name}` has no trial `{trial}`; a trial is written <cell>/<NN>, with a "
        f"cell out of: {', '.join(cells)}"
    )
