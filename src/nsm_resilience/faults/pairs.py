# SPDX-License-Identifier: Apache-2.0
"""A study of failures in pairs: component × node × kind of failure, as many as a budget allows.

The components are those of the system that the given study runs, of several the first. Two of them
fail at one instant. Two components of one pod on one node are left out when one of them fails by
the deletion of that pod, because the pair is a single event. When not all pairs fit, the choice is
seeded and balanced: the next pair is always one with components that were not taken yet, and else
one whose two failures were taken least often. So few pairs cover every component.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from typing import Any, get_args

import yaml

from nsm_resilience.study.duration import longest_s
from nsm_resilience.study.fault import COMPONENT_FAILURES, Fault, NodeRole
from nsm_resilience.study.models import Plane, Scenario, Study
from nsm_resilience.systems.base import Component, System
from nsm_resilience.systems.known import SYSTEMS, placed_by_itself

CONTROL = "S1"
_WORDS = {"kill": "is killed", "delete": "has its pod deleted", "hang": "hangs"}


class BudgetError(ValueError):
    """The budget is too small for any pair, or makes no sense."""


@dataclass(frozen=True, order=True)
class Failing:
    """One component that fails on one node in one way."""

    component: str
    node: NodeRole
    failure: str

    def fault(self) -> dict[str, Any]:
        """The fault as a study declares it."""
        where = {} if placed_by_itself(self.component) else {"node": self.node}
        return {"component": self.component, **where, "failure": self.failure}


Pair = tuple[Failing, Failing]


@dataclass(frozen=True)
class Selection:
    """The pairs that fit into a budget.

    Attributes:
        pairs: The chosen pairs, in the order of choice.
        others: The other pairs.
        trial_s: Longest time of one trial, seconds.
        lanes: Lanes that run side by side.
        trials: Trials of each pair, and of the control.
    """

    pairs: tuple[Pair, ...]
    others: tuple[Pair, ...]
    trial_s: float
    lanes: int
    trials: int

    def minutes_of(self, pairs: Collection[Pair]) -> float:
        """Longest time of the pairs and the control on these lanes, in minutes."""
        return _rounds(pairs, self.lanes, self.trials) * self.trial_s / 60

    @property
    def minutes(self) -> float:
        """Longest time of the chosen pairs, in minutes."""
        return self.minutes_of(self.pairs)


def _rounds(pairs: Collection[Pair], lanes: int, trials: int) -> int:
    """Longest sequence of trials, one after the other, of the control and these pairs.

    A trial that runs alone (study/schedule.py) waits for all earlier ones, and all later ones wait
    for it. So each of them may leave all other lanes empty for the time of a trial.
    """
    alone = trials * sum(runs_alone(pair) for pair in pairs)
    beside = trials * (len(pairs) + 1) - alone
    return alone + min(beside, (beside + (alone + 1) * (lanes - 1)) // lanes)


@cache
def runs_alone(pair: Pair) -> bool:
    """Whether its trials run alone on the cluster, because of its faults."""
    return any(Fault.model_validate(one.fault()).disturbs(one.failure) for one in pair)


def system_under_test(base: Study) -> System:
    """The system that a study runs, of several the first."""
    return SYSTEMS[next(iter(base.planes))]


def all_pairs(system: System, plane: Plane) -> list[Pair]:
    """Every pair of failures that are two events, in a fixed order.

    Processes of another component are left out. A component that is once in a lane fails on its own
    node.
    """
    known = system.components[plane]
    single = [
        Failing(component, node, failure)
        for component, node, failure in product(
            known, get_args(NodeRole), sorted(COMPONENT_FAILURES)
        )
        if not known[component].part_of
        and known[component].only_on in (None, node)
        and not (known[component].cannot_hang and failure == "hang")
    ]
    return [pair for pair in combinations(single, 2) if _two_events(pair, known)]


def _two_events(pair: Pair, known: Mapping[str, Component]) -> bool:
    first, second = pair
    if first.node != second.node:
        return True
    if first.component == second.component:
        return False
    shared = known[first.component].app == known[second.component].app
    return not (shared and "delete" in (first.failure, second.failure))


def select(
    base: Study, plane: Plane, minutes: float, lanes: int, trials: int, seed: int
) -> Selection:
    """Choose the pairs that fit into `minutes` on `lanes`, each run `trials` times.

    The time of a trial is the longest that the windows of `base` allow. BudgetError when the
    control and one pair do not fit.
    """
    if lanes < 1 or trials < 1:
        raise BudgetError("at least one lane and one trial of each pair are needed")
    system = system_under_test(base)
    if plane not in system.planes:
        there = ", ".join(system.planes)
        raise BudgetError(f"{system.name} has no plane `{plane}`; write one of: {there}")
    pool = all_pairs(system, plane)
    trial_s = longest_s(base.windows, _scenario(1, pool[0]))
    most = int(minutes * 60 / trial_s)
    fewest = min(_rounds([pair], lanes, trials) for pair in pool)
    if most < fewest:
        least = fewest * trial_s / 60
        raise BudgetError(
            f"{minutes:g} minutes are too short: the control and one pair take {least:.1f} on "
            f"{lanes} lane(s); write --minutes {-(-least // 1):.0f}"
        )

    def fits(chosen: Collection[Pair]) -> bool:
        return _rounds(chosen, lanes, trials) <= most

    chosen = _balanced(pool, fits, random.Random(f"pairs/{seed}"))
    others = tuple(pair for pair in pool if pair not in set(chosen))
    return Selection(tuple(chosen), others, trial_s, lanes, trials)


def _balanced(
    pool: list[Pair], fits: Callable[[Collection[Pair]], bool], chance: random.Random
) -> list[Pair]:
    """Add pairs as long as one fits; a pair that runs alone may not fit although others do."""
    left = list(pool)
    chance.shuffle(left)
    taken: Counter[Failing] = Counter()
    seen: set[str] = set()
    chosen: list[Pair] = []

    def cost(pair: Pair) -> tuple[int, int]:
        new = {one.component for one in pair} - seen
        return -len(new), sum(taken[one] for one in pair)

    while left:
        best = min(left, key=cost)
        left.remove(best)
        if not fits([*chosen, best]):
            left = [pair for pair in left if runs_alone(pair) < runs_alone(best)]
            continue
        chosen.append(best)
        taken.update(best)
        seen |= {one.component for one in best}
    return chosen


def _scenario(number: int, pair: Pair) -> Scenario:
    title = " and ".join(
        f"{one.component} {_WORDS.get(one.failure, f'fails ({one.failure})')}" for one in pair
    )
    nodes = {one.node for one in pair}
    return Scenario(
        id=f"P{number}",
        title=title,
        where="both nodes" if len(nodes) == 2 else f"{pair[0].node}'s node",
        faults=tuple(Fault.model_validate(one.fault()) for one in pair),
        source="ours",
        failure=pair[0].failure,
    )


def study_of(selection: Selection, base: Study, plane: Plane, seed: int) -> str:
    """The study of a selection as YAML, with the omitted pairs counted in its first lines."""
    system = system_under_test(base)
    control = {"id": CONTROL, "title": "no fault", "where": "both nodes", "source": "ours"}
    scenarios = [
        _scenario(n, pair).model_dump(mode="json", exclude_defaults=True)
        for n, pair in enumerate(selection.pairs, start=1)
    ]
    ids = [CONTROL, *(s["id"] for s in scenarios)]
    study = {
        "name": f"pairs-{plane}",
        "seed": seed,
        "windows": base.windows.model_dump(mode="json"),
        "probes": base.probes.model_dump(mode="json"),
        "judge": base.judge.model_dump(mode="json"),
        "scenarios": [control, *scenarios],
        "campaign": [
            {
                "scenarios": ids,
                "system": system.name,
                "plane": plane,
                "client": "monitored" if system.sidecar is not None else "plain",
                "trials": selection.trials,
            }
        ],
    }
    every = (*selection.pairs, *selection.others)
    head = (
        f"# {len(selection.pairs)} of {len(every)} pairs of failures on the {plane} plane, "
        f"{selection.trials} trial(s) each, seed {seed}:\n"
        f"# at most {selection.minutes:.0f} minutes on {selection.lanes} lane(s) "
        f"({selection.trial_s:g} s for a trial that uses up all of its windows).\n"
        f"# {len(selection.others)} pairs are left out; all of them would take at most "
        f"{selection.minutes_of(every):.0f} minutes.\n"
    )
    return head + yaml.safe_dump(study, sort_keys=False, default_flow_style=None, width=100)
