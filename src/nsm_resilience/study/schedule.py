# SPDX-License-Identifier: Apache-2.0
"""The order of the trials: seeded, shuffled in blocks, with controls among them.

A block holds one trial of every cell that still has trials left, so that slow drifts of the machine
affect all scenarios alike (randomised complete blocks; anchors: Hoefler and Belli 2015, rule on
documenting and randomising the order). The order depends only on the study file.

Some trials run alone on the cluster: those of a scenario with `alone`, and those with a fault that
would disturb other lanes (study/fault.py, `disturbs`). They keep their place in the order: all
earlier trials end before such a trial begins, and all later ones wait for it. So trials that need
one lane never overtake a trial that needs all lanes.

A study with `turns` runs some blocks one trial at a time and some with a trial on every lane. Turns
come in pairs, one of each kind in random order, so that a drift affects both alike.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from nsm_resilience.nearest import did_you_mean
from nsm_resilience.study.models import Cell, Study


@dataclass(frozen=True)
class ScheduledTrial:
    """One planned trial.

    Attributes:
        order: Place in the order, from 0; all other numbers are from 1.
        number: Number inside its cell.
        turn: 0 in a study without turns. One turn ends before the next begins.
        alone: Whether no other trial may run beside it.
    """

    order: int
    block: int
    cell: Cell
    number: int
    turn: int = 0
    alone: bool = False

    @property
    def trial(self) -> str:
        """The trial's id, `<cell id>/<NN>`."""
        return f"{self.cell.id}/{self.number:02d}"


def make_schedule(study: Study) -> list[ScheduledTrial]:
    """Return all trials of the study in their order."""
    cells = study.blocks()
    schedule: list[ScheduledTrial] = []
    for block in range(1, max(blocks.stop for _, blocks in cells)):
        members = [(cell, blocks) for cell, blocks in cells if block in blocks]
        # One generator per block: the order of a block does not depend on how many numbers the
        # blocks before it have drawn.
        random.Random(f"{study.seed}/{block}").shuffle(members)
        turn, alone = _turn(study, block)
        for cell, blocks in members:
            number = block - blocks.start + 1
            own = study.scenario(cell.scenario).runs_alone(cell.factors.failure)
            schedule.append(ScheduledTrial(len(schedule), block, cell, number, turn, alone or own))
    return schedule


def _turn(study: Study, block: int) -> tuple[int, bool]:
    """The turn of a block, and whether its trials run one at a time."""
    if study.turns is None:
        return 0, False
    before = (block - 1) // study.turns.blocks
    pair, second = divmod(before, 2)
    first_alone = random.Random(f"{study.seed}/turns/{pair}").random() < 0.5
    return before + 1, first_alone != bool(second)


def trials_before(schedule: Sequence[ScheduledTrial], scheduled: ScheduledTrial) -> list[str]:
    """Ids of the trials that have to be over before this one may begin.

    All trials of the turn before its own. In its own turn: the last earlier trial that runs alone,
    and, if this one runs alone, also all trials since.
    """
    before = [s for s in schedule[: scheduled.order] if s.turn == scheduled.turn]
    own: list[str] = []
    for other in reversed(before):
        if other.alone:
            own.append(other.trial)
            break
        if scheduled.alone:
            own.append(other.trial)
    turn = [s.trial for s in schedule if s.turn and s.turn == scheduled.turn - 1]
    return [*turn, *reversed(own)]


class NoSuchTrial(ValueError):
    """A study has no trial of this id; the message names the nearest, or its cells."""


def find_trial(study: Study, trial: str) -> ScheduledTrial:
    """The scheduled trial with this id; NoSuchTrial when there is none."""
    schedule = make_schedule(study)
    for scheduled in schedule:
        if scheduled.trial == trial:
            return scheduled
    cells = sorted({s.cell.id for s in schedule})
    written = f"a trial is written <cell>/<NN>, with a cell out of: {', '.join(cells)}"
    hint = did_you_mean(trial, (s.trial for s in schedule), 0.8) or written
    raise NoSuchTrial(f"the study `{study.name}` has no trial `{trial}`; {hint}")
