# SPDX-License-Identifier: Apache-2.0
"""Effect of a factor: pairs of cells that differ in its level and in nothing else.

Tests and intervals are adjusted over a family: the pairs of one factor and one measure, those that
have trials enough to be tested at all. "Clear" is said of a difference only where its adjusted
interval leaves out zero and its adjusted exact test rejects.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nsm_resilience.analysis.blocks import NO_INTERVAL, delta_interval, share_interval
from nsm_resilience.analysis.differences import (
    Difference,
    Shift,
    cliffs_delta,
    hodges_lehmann,
    risk_difference,
)
from nsm_resilience.analysis.exact_tests import fisher_test, rank_test
from nsm_resilience.analysis.families import Adjusted, adjusted, confidence_of
from nsm_resilience.analysis.figures.cells import (
    FACTORS,
    TREATMENTS,
    cell_id,
    in_order,
    judged,
    levels_in_order,
)
from nsm_resilience.analysis.statistics import Interval
from nsm_resilience.analysis.times import Times, timed, times_of
from nsm_resilience.study.schedule import make_schedule
from nsm_resilience.tables.schemas import CELL

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study

MEASURES: dict[str, str] = {"outage": "outage_s", "shown": "detected_s", "told": "notified_s"}
"""Times that are compared, and their column in table `trials`: how long the path was away, until
something was shown, until the client was told."""

BlockOf = Mapping[str, Hashable]
"""Block of the schedule in which each trial was run, by the trial's id."""


@dataclass(frozen=True)
class TimeEffect:
    """How one kind of time differs between two cells, in seconds.

    Attributes:
        first: times of the cell compared with.
        second: times of the cell with the other level.
        shift: Hodges–Lehmann shift, second minus first, its interval adjusted over the family.
        delta: Cliff's delta, above zero where the second is longer, adjusted as well.
        by_block: the interval of delta by resampled blocks, at the same level; NaN where there are
            too few of them.
        test: the rank test, adjusted by Holm.
    """

    first: Times
    second: Times
    shift: Shift
    delta: Difference
    by_block: Interval
    test: Adjusted

    @property
    def clear(self) -> bool:
        """Whether the difference is more than chance in its whole family."""
        return self.test.rejects and leaves_out_zero(self.shift.interval)


@dataclass(frozen=True)
class ShareEffect:
    """How the share of supported trials differs between two cells.

    Attributes:
        supported: k and n of the two.
        difference: of their shares, second minus first, its interval adjusted over the family.
        by_block: the interval by resampled blocks, at the same level; NaN with too few of them.
        test: Fisher's exact test, adjusted by Holm.
    """

    supported: tuple[tuple[int, int], tuple[int, int]]
    difference: Difference
    by_block: Interval
    test: Adjusted

    @property
    def clear(self) -> bool:
        """Whether the difference is more than chance in its whole family."""
        return self.test.rejects and leaves_out_zero(self.difference)


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
        share: how their shares of supported trials differ.
        times: by the names of `MEASURES`.
        trials: ids of all trials of both.
    """

    factor: str
    reference: str
    level: str
    scenario: str
    fixed: Mapping[str, str]
    cells: tuple[str, str]
    share: ShareEffect
    times: Mapping[str, TimeEffect]
    trials: tuple[str, ...]


@dataclass(frozen=True)
class _Pair:
    """Judged trials of two cells, rows of table `trials`."""

    factor: str
    first: pd.DataFrame
    second: pd.DataFrame

    @property
    def both(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        return self.first, self.second

    @property
    def won(self) -> tuple[list[bool], list[bool]]:
        first, second = ((own["verdict"] == "supported").tolist() for own in self.both)
        return first, second

    @property
    def supported(self) -> tuple[tuple[int, int], tuple[int, int]]:
        first, second = ((sum(own), len(own)) for own in self.won)
        return first, second

    def times(self, column: str) -> tuple[Times, Times]:
        first, second = (times_of(own, column) for own in self.both)
        return first, second

    def blocks(self, column: str | None, of: BlockOf) -> tuple[list[Hashable], list[Hashable]]:
        """Block of each trial, or of each that has this time; one without a block is its own."""
        tables = (own if column is None else timed(own, column) for own in self.both)
        first, second = ([of.get(trial, trial) for trial in own["trial"]] for own in tables)
        return first, second


def blocks_of(study: Study) -> BlockOf:
    """Block of every scheduled trial of a study."""
    return {scheduled.trial: scheduled.block for scheduled in make_schedule(study)}


def effects(trials: pd.DataFrame, block_of: BlockOf | None = None) -> list[Effect]:
    """Return every pair that the judged trials of table `trials` allow, by factor, in order.

    Of cells that differ in one factor only, the first in the order of the report (the default level
    if it was run) is compared with each of the others.

    Args:
        trials: table `trials` of one campaign.
        block_of: see `blocks_of`; without it there are no intervals by block.
    """
    return [pair for factor in TREATMENTS for pair in effects_of(trials, factor, block_of)]


def effects_of(trials: pd.DataFrame, factor: str, block_of: BlockOf | None = None) -> list[Effect]:
    """Return the same of one factor."""
    pairs = list(_pairs(in_order(judged(trials)), factor))
    shares = _shares(pairs, block_of)
    times = {name: _times(pairs, column, block_of) for name, column in MEASURES.items()}
    return [
        _effect(pair, shares[at], {name: own[at] for name, own in times.items()})
        for at, pair in enumerate(pairs)
    ]


def levels(trials: pd.DataFrame, factor: str) -> list[str]:
    """Return the levels of a factor among the judged trials, in the order of the report."""
    return levels_in_order(factor, (str(level) for level in judged(trials)[factor]))


def _pairs(own: pd.DataFrame, factor: str) -> Iterator[_Pair]:
    others = [name for name in CELL if name != factor]
    for _, alike in own.groupby(others, sort=False):
        cells = [cell for _, cell in alike.groupby(factor, sort=False)]
        for cell in cells[1:]:
            yield _Pair(factor, cells[0], cell)


def _shares(pairs: Sequence[_Pair], block_of: BlockOf | None) -> list[ShareEffect]:
    family = adjusted([fisher_test(*pair.supported) for pair in pairs])
    found = []
    for pair, test in zip(pairs, family, strict=True):
        confidence = confidence_of(test.size)
        (k1, n1), (k2, n2) = pair.supported
        by_block = NO_INTERVAL
        if block_of is not None:
            blocks = pair.blocks(None, block_of)
            by_block = share_interval(*pair.won, blocks, confidence, paired=True)
        difference = risk_difference(k1, n1, k2, n2, confidence)
        found.append(ShareEffect(pair.supported, difference, by_block, test))
    return found


def _times(pairs: Sequence[_Pair], column: str, block_of: BlockOf | None) -> list[TimeEffect]:
    samples = [pair.times(column) for pair in pairs]
    family = adjusted([rank_test(*both) for both in samples])
    found = []
    for pair, both, test in zip(pairs, samples, family, strict=True):
        confidence = confidence_of(test.size)
        by_block = NO_INTERVAL
        if block_of is not None:
            blocks = pair.blocks(column, block_of)
            by_block = delta_interval(*both, blocks, confidence, paired=True)
        shift = hodges_lehmann(*both, confidence)
        delta = cliffs_delta(*both, confidence)
        found.append(TimeEffect(*both, shift, delta, by_block, test))
    return found


def _effect(pair: _Pair, share: ShareEffect, times: Mapping[str, TimeEffect]) -> Effect:
    import pandas as pd

    rows = [{name: str(own[name].iloc[0]) for name in CELL} for own in pair.both]
    return Effect(
        factor=pair.factor,
        reference=rows[0][pair.factor],
        level=rows[1][pair.factor],
        scenario=rows[0]["scenario"],
        fixed={name: rows[0][name] for name in FACTORS if name != pair.factor},
        cells=(cell_id(rows[0]), cell_id(rows[1])),
        share=share,
        times=times,
        trials=tuple(pd.concat(list(pair.both))["trial"].drop_duplicates()),
    )


def leaves_out_zero(interval: Difference | Interval) -> bool:
    """Say whether an interval of a difference leaves out zero."""
    return interval.low > 0 or interval.high < 0
