# SPDX-License-Identifier: Apache-2.0
"""Coverage: which scenario is tested by NSM's own tests of 2019 and of today, and by this study.

The facts about others' tests are in `coverage.yaml`, each with repository and revision. This
study's own coverage is computed from table `trials`, system by system: "not tested" until it was
run, "not applicable" if a system has no such part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nsm_resilience.analysis.coverage_facts import Covered, Facts, Match
from nsm_resilience.systems.known import FIRST, SYSTEMS
from nsm_resilience.tables.attempts import JUDGED, that_count

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Scenario, Study


@dataclass(frozen=True)
class Ours:
    """Trials of this study of one system on one forwarding plane: k supported of n judged.

    `not_reached` counts trials with that verdict. They are outside of n; a line with no others is
    not covered.
    """

    system: str
    plane: str
    k: int
    n: int
    not_reached: int = 0


@dataclass(frozen=True)
class Line:
    """One scenario of the coverage.

    Attributes:
        ours: this study's trials, one entry for each system and plane with any.
        parts: names, in the systems that were run, of the components that the title means.
        absent: systems without such a part.
    """

    title: str
    ours: tuple[Ours, ...]
    parts: tuple[str, ...]
    absent: tuple[str, ...]


def coverage(facts: Facts, trials: pd.DataFrame, study: Study) -> list[Line]:
    """Return one line per scenario of the facts; judged trials of all its cells count together."""
    declared = {scenario.id: scenario for scenario in study.scenarios}
    own = that_count(trials)
    own = own[own["verdict"].isin([*JUDGED, "not_reached"])]
    return [_line(covered, own, declared, tuple(study.planes)) for covered in facts.scenarios]


def _line(
    covered: Covered,
    own: pd.DataFrame,
    declared: Mapping[str, Scenario],
    systems: tuple[str, ...],
) -> Line:
    match = covered.ours
    if match is None:
        return Line(covered.title, (), (), ())
    return Line(
        title=covered.title,
        ours=_ours(match, own, declared),
        parts=tuple(dict.fromkeys(p for s in systems for p in match.parts(SYSTEMS[s]))),
        absent=tuple(s for s in systems if match.is_absent(SYSTEMS[s])),
    )


def _ours(match: Match, own: pd.DataFrame, declared: Mapping[str, Scenario]) -> tuple[Ours, ...]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in own.to_dict("records"):
        cell = {str(name): str(level) for name, level in row.items()}
        if match.takes(declared[cell["scenario"]], cell):
            place = cell.get("system", FIRST), cell["plane"]
            counts.setdefault(place, Counter())[cell["verdict"]] += 1
    order = list(SYSTEMS)
    return tuple(
        Ours(system, plane, found["supported"], sum(found[v] for v in JUDGED), found["not_reached"])
        for (system, plane), found in sorted(
            counts.items(), key=lambda one: (order.index(one[0][0]), one[0][1])
        )
    )
