# SPDX-License-Identifier: Apache-2.0
"""Effect of a factor: pairs of cells that differ in its level and in nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nsm_resilience.analysis.differences import (
    Difference,
    Shift,
    cliffs_delta,
    hodges_lehmann,
    risk_difference,
)
from nsm_resilience.analysis.figures.cells import (
    FACTORS,
    TREATMENTS,
    cell_id,
    in_order,
    judged,
    levels_in_order,
)
from nsm_resilience.analysis.rank_tests import Test, holm, two_sample_test
from nsm_resilience.analysis.times import Times, times_of
from nsm_resilience.tables.schemas import CELL

if TYPE_CHECKING:
    import pandas as pd

MEASURES: dict[str, str] = {"outage": "outage_s", "shown": "detected_s", "told": "notified_s"}
"""Times that are compared, and their column in table `trials`: how long the path was away, until
something was shown, until the client was told."""


@dataclass(frozen=True)
class TimeEffect:
    """How one kind of time differs between two cells, in seconds.

    Attributes:
        first: times of the cell compared with.
        second: times of the cell with the other level.
        shift: Hodges–Lehmann shift, second minus first.
        delta: Cliff's delta, above zero where the second is longer.
        test: which rank test it was; empty without trials.
        p: its two-sided p.
        p_adjusted: the same by Holm over all pairs of this factor and this kind of time.
    """

    first: Times
    second: Times
    shift: Shift
    delta: Difference
    test: Test
    p: float
    p_adjusted: float


@dataclass(frozen=True)
class Effect:
    """Two cells that differ in the level of one factor.

    Attributes:
        factor: its name, a column of table `trials`.
        reference: level compared with, the first in the order of the report.
        level: the other level.
        scenario: id.
        fixed: level of each other factor, the same in both.
        cells: ids of the two cells, the reference first.
        supported: k and n of the two.
        share: difference of their shares of supported trials.
        times: by the names of `MEASURES`.
        trials: ids of all trials of both.
    """

    factor: str
    reference: str
    level: str
    scenario: str
    fixed: Mapping[str, str]
    cells: tuple[str, str]
    supported: tuple[tuple[int, int], tuple[int, int]]
    share: Difference
    times: Mapping[str, TimeEffect]
    trials: tuple[str, ...]


def effects(trials: pd.DataFrame) -> list[Effect]:
    """Return every pair that the judged trials of table `trials` allow, by factor, in order.

    Of cells that differ in one factor only, the first in the order of the report (the default level
    if it was run) is compared with each of the others.
    """
    return [pair for factor in TREATMENTS for pair in effects_of(trials, factor)]


def effects_of(trials: pd.DataFrame, factor: str) -> list[Effect]:
    """Return the same of one factor."""
    return _adjusted(list(_pairs(in_order(judged(trials)), factor)))


def levels(trials: pd.DataFrame, factor: str) -> list[str]:
    """Return the levels of a factor among the judged trials, in the order of the report."""
    return levels_in_order(factor, (str(level) for level in judged(trials)[factor]))


def _pairs(own: pd.DataFrame, factor: str) -> Iterator[Effect]:
    others = [name for name in CELL if name != factor]
    for _, alike in own.groupby(others, sort=False):
        by_level = [(str(level), cell) for level, cell in alike.groupby(factor, sort=False)]
        for level, cell in by_level[1:]:
            yield _effect(factor, *by_level[0], level, cell)


def _effect(
    factor: str, reference: str, first: pd.DataFrame, level: str, second: pd.DataFrame
) -> Effect:
    import pandas as pd

    (k1, n1), (k2, n2) = (
        (int((c["verdict"] == "supported").sum()), len(c)) for c in (first, second)
    )
    rows = [{name: str(c[name].iloc[0]) for name in CELL} for c in (first, second)]
    return Effect(
        factor=factor,
        reference=reference,
        level=level,
        scenario=rows[0]["scenario"],
        fixed={name: rows[0][name] for name in FACTORS if name != factor},
        cells=(cell_id(rows[0]), cell_id(rows[1])),
        supported=((k1, n1), (k2, n2)),
        share=risk_difference(k1, n1, k2, n2),
        times={
            name: _compare(times_of(first, column), times_of(second, column))
            for name, column in MEASURES.items()
        },
        trials=tuple(pd.concat([first, second])["trial"].drop_duplicates()),
    )


def _compare(first: Times, second: Times) -> TimeEffect:
    test, p = two_sample_test(first, second)
    return TimeEffect(
        first,
        second,
        hodges_lehmann(first, second),
        cliffs_delta(first, second),
        test,
        p,
        p,
    )


def _adjusted(pairs: list[Effect]) -> list[Effect]:
    """Adjust p over the pairs of one factor, each kind of time by itself."""
    for name in MEASURES:
        adjusted = holm([pair.times[name].p for pair in pairs])
        pairs = [
            replace(pair, times={**pair.times, name: replace(pair.times[name], p_adjusted=p)})
            for pair, p in zip(pairs, adjusted, strict=True)
        ]
    return pairs


def is_clear(estimate: Difference | Shift) -> bool:
    """Say whether the interval of a difference leaves out zero."""
    interval = estimate.interval if isinstance(estimate, Shift) else estimate
    return interval.low > 0 or interval.high < 0
