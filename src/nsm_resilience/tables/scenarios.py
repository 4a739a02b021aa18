# SPDX-License-Identifier: Apache-2.0
"""The table `scenarios`: k of n for every cell of the study."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.statistics.intervals import median_interval, wilson
from nsm_resilience.study.models import Cell, Factors, Plane, Scenario, Study
from nsm_resilience.systems.known import FIRST
from nsm_resilience.tables.attempts import JUDGED, attempt_row, counted_parts, part_of
from nsm_resilience.tables.cell import is_asked_of_the_paper
from nsm_resilience.tables.columns import Row
from nsm_resilience.tables.rows import counting, factors_of


class UndeclaredScenario(ValueError):
    """A record is of a scenario that its campaign's study does not declare."""


def cell_of(judgement: Judgement) -> Cell:
    """The cell a judgement belongs to."""
    return Cell(
        scenario=judgement.scenario,
        factors=Factors.model_validate(factors_of(judgement)),
    )


def default_cell(scenario: Scenario, plane: Plane, system: str = FIRST) -> Cell:
    """A scenario with the default level of every factor but the system and its plane."""
    factors = Factors(system=system, plane=plane, failure=scenario.default_failure)
    return Cell(scenario=scenario.id, factors=factors)


def all_cells(study: Study, judgements: Iterable[Judgement]) -> list[Cell]:
    """Cells in the order of the table.

    First those of the study's campaign, then the defaults of declared scenarios that are not in it
    (on every plane that the campaign uses), then cells that only the records have.

    Raises:
        UndeclaredScenario: If a record is of a scenario that the study does not declare.
    """
    planned = [cell for cell, _ in study.cells()]
    places = list(dict.fromkeys((cell.factors.system, cell.factors.plane) for cell in planned))
    run = {cell.scenario for cell in planned}
    cells = {cell.id: cell for cell in planned}
    for scenario in study.scenarios:
        if scenario.id not in run:
            for system, plane in places:
                cell = default_cell(scenario, plane, system)
                cells.setdefault(cell.id, cell)
    declared = {scenario.id for scenario in study.scenarios}
    for judgement in judgements:
        if judgement.scenario not in declared:
            raise UndeclaredScenario(
                f"the record {judgement.record} is of scenario {judgement.scenario}, which the "
                f"campaign's study.yaml does not declare; declared are: {', '.join(declared)}"
            )
        cell = cell_of(judgement)
        cells.setdefault(cell.id, cell)
    rank = {scenario.id: at for at, scenario in enumerate(study.scenarios)}
    order = {cell_id: at for at, cell_id in enumerate(cells)}
    return sorted(cells.values(), key=lambda c: (rank[c.scenario], order[c.id]))


def scenario_rows(campaign: str, study: Study, judgements: Sequence[Judgement]) -> list[Row]:
    """One row per cell."""
    own: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        own.setdefault(cell_of(judgement).id, []).append(judgement)
    return [
        _row(campaign, study.scenario(cell.scenario), cell, own.get(cell.id, []))
        for cell in all_cells(study, judgements)
    ]


def agreement(verdict: str, claimed: str | None) -> str:
    """Compare a scenario's verdict with the paper's; flaky agrees with neither."""
    if claimed is None:
        return "no claim"
    if verdict in UNTESTED:
        return "not tested"
    return "agrees" if verdict == claimed else "differs"


UNTESTED = ("not tested", "not reached")
"""Verdicts of a cell without a judged trial."""


def verdict_of(k: int, n: int, not_reached: int = 0) -> str:
    """Verdict of a scenario, whatever the interval.

    `not reached`: trials were run, and the condition that the cell tests came about in none.
    """
    if n == 0:
        return "not reached" if not_reached else "not tested"
    return "supported" if k == n else "unsupported" if k == 0 else "flaky"


def _row(campaign: str, scenario: Scenario, cell: Cell, attempts: Sequence[Judgement]) -> Row:
    counted = counting(attempts)
    parts = counted_parts(
        part_of(j.outcome, j.verdict, counts=any(j is one for one in counted)) for j in attempts
    )
    judged = [j for j in counted if j.verdict in JUDGED]
    n, k = len(judged), sum(j.verdict == "supported" for j in judged)
    interval = wilson(k, n)
    median = median_interval(_times(judged, "outage", "outage"))
    blinds = _times(judged, "blind", "blind")
    not_reached = sum(j.verdict == "not_reached" for j in counted)
    verdict = verdict_of(k, n, not_reached)
    levels = cell.factors.levels()
    claimed = scenario.claimed if is_asked_of_the_paper(levels) else None
    return {
        "campaign": campaign,
        "scenario": scenario.id,
        "title": scenario.title,
        "source": scenario.source,
        **levels,
        "n": n,
        "k": k,
        **attempt_row(parts),
        "verdict": verdict,
        "wilson_low": _rounded(interval.low),
        "wilson_high": _rounded(interval.high),
        "claimed": claimed,
        "agreement": agreement(verdict, claimed),
        "outage_median_s": _rounded(median.median),
        "outage_median_low_s": _rounded(median.low),
        "outage_median_high_s": _rounded(median.high),
        "censored": sum(j.measures.outage_censored for j in judged),
        "down_median_s": _rounded(median_interval(_times(judged, "down", "outage")).median),
        "interruptions_most": max((len(j.measures.outages) for j in judged), default=0),
        "blind_n": len(blinds),
        "blind_median_s": _rounded(median_interval(blinds).median),
        "blind_censored": sum(j.measures.blind_censored for j in judged),
    }


def _times(judged: Sequence[Judgement], what: str, censored: str) -> list[float]:
    """Seconds of a measure in the trials that have it; infinite where the other is censored."""
    return [
        math.inf if getattr(one.measures, f"{censored}_censored") else seconds
        for one in judged
        if (seconds := getattr(one.measures, f"{what}_s")) is not None
    ]


def _rounded(value: float) -> float:
    return round(value, 6)
