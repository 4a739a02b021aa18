# SPDX-License-Identifier: Apache-2.0
"""Two campaigns side by side: which cells belong together, and what differs between them.

Cells are matched by scenario and by the levels of all factors. Where each campaign has one level
of a factor and the two are different (one forwarding plane each, say), that factor is what is
compared: cells are matched by all others, and the comparison says which one differs.

Campaigns are compared, not pooled: trials on one cluster share its state. What lies between
clusters can be told only from campaigns with several of them; see `blocks`.

Tests and intervals of shares are adjusted over all cells, those of a time over all cells too, each
measure by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.blocks import delta_interval, share_interval
from nsm_resilience.analysis.differences import cliffs_delta, risk_difference
from nsm_resilience.analysis.exact_tests import fisher_test, rank_test
from nsm_resilience.analysis.families import Adjusted, adjusted, confidence_of
from nsm_resilience.analysis.figures.cells import TREATMENTS, cell_id, in_order, judged
from nsm_resilience.analysis.statistics import median_interval
from nsm_resilience.analysis.times import Times, timed, times_of
from nsm_resilience.tables.comparison import COMPARISON, ENVIRONMENT, MEASURES, SIDES, TIMES
from nsm_resilience.tables.schemas import CELL
from nsm_resilience.tables.significance import significance_row

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
Key = tuple[str | None, ...]
"""A scenario and one level of each factor; None for a factor that is compared."""


@dataclass(frozen=True)
class Side:
    """One of the two campaigns.

    Attributes:
        name: its name; the other one's is different.
        trials: its table `trials`.
        scenarios: its table `scenarios`.
        facts: what it was made with, value by name; empty where that is not known.
        clusters: id of the cluster by record folder; empty where that is not known.
    """

    name: str
    trials: pd.DataFrame
    scenarios: pd.DataFrame
    facts: Mapping[str, str] = field(default_factory=dict)
    clusters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Contrast:
    """A factor in which two campaigns differ throughout, and the one level that each has."""

    factor: str
    first: str
    second: str


@dataclass(frozen=True)
class Comparison:
    """What comes of it.

    Attributes:
        contrasts: factors in which the two differ throughout.
        verdicts: table `comparison`.
        times: table `comparison_times`.
        environment: table `comparison_environment`.
    """

    contrasts: tuple[Contrast, ...]
    verdicts: pd.DataFrame
    times: pd.DataFrame
    environment: pd.DataFrame


@dataclass(frozen=True)
class Pair:
    """A cell in both campaigns; None where one does not have it. Rows of table `scenarios`."""

    key: Key
    first: Mapping[str, Any] | None
    second: Mapping[str, Any] | None

    @property
    def either(self) -> Mapping[str, Any]:
        """The row that there is, the first campaign's before the second's."""
        row = self.first if self.first is not None else self.second
        if row is None:
            raise ValueError("a pair has at least one cell")
        return row


def compare_campaigns(first: Side, second: Side) -> Comparison:
    """Compare two campaigns; every table is typed and checked.

    Raises:
        ValueError: If both have one name.
        pandera.errors.SchemaErrors: If a table breaks its schema (a defect of this program).
    """
    if first.name == second.name:
        raise ValueError(f"both campaigns are called {first.name}; name them apart")
    contrasts = contrasts_of(first.scenarios, second.scenarios)
    pairs = matched(first.scenarios, second.scenarios, contrasts)
    return Comparison(
        contrasts=contrasts,
        verdicts=COMPARISON.frame(_verdict_rows(pairs, first, second)),
        times=TIMES.frame(_time_rows(pairs, first, second)),
        environment=ENVIRONMENT.frame(_environment_rows(first.facts, second.facts)),
    )


# --- which cells belong together ------------------------------------------------------------------


def contrasts_of(first: pd.DataFrame, second: pd.DataFrame) -> tuple[Contrast, ...]:
    """Return the factors in which two tables `scenarios` differ throughout.

    Cells with judged trials are looked at, where a campaign has any. `none` of factor failure is no
    level of its own: a control has nothing that could fail in another way.
    """
    found = []
    for factor in TREATMENTS:
        levels = [_levels(table, factor) for table in (first, second)]
        if all(len(own) == 1 for own in levels) and levels[0] != levels[1]:
            found.append(Contrast(factor, *(next(iter(own)) for own in levels)))
    return tuple(found)


def _levels(scenarios: pd.DataFrame, factor: str) -> set[str]:
    run = scenarios[scenarios["n"] > 0]
    levels = set((run if len(run) else scenarios)[factor])
    return levels - {"none"} if factor == "failure" else levels


def matched(first: pd.DataFrame, second: pd.DataFrame, contrasts: Sequence[Contrast]) -> list[Pair]:
    """Pair the rows of two tables `scenarios`: in the first's order, then what only the second has.

    A cell at another level of a factor that is compared, without a trial (declared, not run), has
    no counterpart and is left out.
    """
    rows = [
        _by_key(in_order(table), contrasts, side)
        for table, side in ((first, "first"), (second, "second"))
    ]
    return [Pair(key, rows[0].get(key), rows[1].get(key)) for key in {**rows[0], **rows[1]}]


def _by_key(
    scenarios: pd.DataFrame, contrasts: Sequence[Contrast], side: str
) -> dict[Key, Mapping[str, Any]]:
    compared = {contrast.factor: str(getattr(contrast, side)) for contrast in contrasts}
    found: dict[Key, Mapping[str, Any]] = {}
    for row in scenarios.to_dict("records"):
        named = {str(name): value for name, value in row.items()}
        if all(_belongs(named, factor, level) for factor, level in compared.items()):
            found[key_of(named, contrasts)] = named
    return found


def _belongs(row: Mapping[str, Any], factor: str, level: str) -> bool:
    return row[factor] == level or (factor == "failure" and row[factor] == "none")


def key_of(row: Mapping[str, Any], contrasts: Sequence[Contrast]) -> Key:
    """Return what a cell is matched by; `row` has the columns of a cell."""
    compared = {contrast.factor for contrast in contrasts}
    return tuple(None if name in compared else str(row[name]) for name in CELL)


# --- rows -----------------------------------------------------------------------------------------


def _verdict_rows(pairs: Sequence[Pair], first: Side, second: Side) -> list[Row]:
    counts = [[_counts(row) for row in (pair.first, pair.second)] for pair in pairs]
    family = adjusted([fisher_test(*((own["k"], own["n"]) for own in both)) for both in counts])
    return [
        _verdict_row(pair, both, test, first, second)
        for pair, both, test in zip(pairs, counts, family, strict=True)
    ]


def _verdict_row(
    pair: Pair, counts: Sequence[Row], test: Adjusted, first: Side, second: Side
) -> Row:
    confidence = confidence_of(test.size)
    k1, n1, k2, n2 = (int(own[name]) for own in counts for name in ("k", "n"))
    share = risk_difference(k1, n1, k2, n2, confidence)
    sides = _trials(pair, first, second)
    won = [(own["verdict"] == "supported").tolist() for _, own in sides]
    clusters = share_interval(won[0], won[1], _clusters(sides), confidence, paired=False)
    return {
        "first": first.name,
        "second": second.name,
        **dict(zip(CELL, pair.key, strict=True)),
        "title": str(pair.either["title"]),
        **{
            f"{side}_cell": None if row is None else cell_id(row)
            for side, row in zip(SIDES, (pair.first, pair.second), strict=True)
        },
        **{
            f"{side}_{name}": value
            for side, own in zip(SIDES, counts, strict=True)
            for name, value in own.items()
        },
        "change": _change(counts[0], counts[1]),
        "share_difference": _rounded(share.estimate),
        "share_low": _rounded(share.low),
        "share_high": _rounded(share.high),
        **significance_row("fisher", test),
        "share_cluster_low": _rounded(clusters.low),
        "share_cluster_high": _rounded(clusters.high),
    }


def _counts(row: Mapping[str, Any] | None) -> Row:
    if row is None:
        return {"n": 0, "k": 0, "verdict": "not tested"}
    return {"n": int(row["n"]), "k": int(row["k"]), "verdict": str(row["verdict"])}


def _change(first: Row, second: Row) -> str:
    if first["n"] and second["n"]:
        return "same" if first["verdict"] == second["verdict"] else "changed"
    return "first only" if first["n"] else "second only" if second["n"] else "neither"


def _time_rows(pairs: Sequence[Pair], first: Side, second: Side) -> list[Row]:
    both = [(pair, _trials(pair, first, second)) for pair in pairs]
    kept = [(pair, sides) for pair, sides in both if any(len(own) for _, own in sides)]
    found = {measure: _measure_rows(kept, measure) for measure in MEASURES}
    return [found[measure][at] for at in range(len(kept)) for measure in MEASURES]


def _measure_rows(
    pairs: Sequence[tuple[Pair, Sequence[tuple[Side, pd.DataFrame]]]], measure: str
) -> list[Row]:
    column = f"{measure}_s"
    samples = [[(side, timed(own, column)) for side, own in sides] for _, sides in pairs]
    times = [[times_of(own, column) for _, own in sides] for sides in samples]
    family = adjusted([rank_test(own[0], own[1]) for own in times])
    return [
        {
            **dict(zip(CELL, pair.key, strict=True)),
            "measure": measure,
            **_medians(own),
            "cliff_delta": _rounded(cliffs_delta(own[0], own[1]).estimate),
            **significance_row("rank", test),
            **_between_clusters(sides, own, confidence_of(test.size)),
        }
        for (pair, _), sides, own, test in zip(pairs, samples, times, family, strict=True)
    ]


def _medians(times: Sequence[Times]) -> Row:
    row: Row = {}
    for side, own in zip(SIDES, times, strict=True):
        median = median_interval(own.ranked)
        row[f"{side}_n"] = own.n
        row[f"{side}_censored"] = own.censored
        row[f"{side}_median_s"] = _rounded(median.median)
        row[f"{side}_low_s"] = _rounded(median.low)
        row[f"{side}_high_s"] = _rounded(median.high)
    return row


def _between_clusters(
    sides: Sequence[tuple[Side, pd.DataFrame]], times: Sequence[Times], confidence: float
) -> Row:
    found = delta_interval(times[0], times[1], _clusters(sides), confidence, paired=False)
    return {
        "delta_cluster_low": _rounded(found.low),
        "delta_cluster_high": _rounded(found.high),
    }


def _clusters(sides: Sequence[tuple[Side, pd.DataFrame]]) -> tuple[list[str], list[str]]:
    first, second = ([side.clusters.get(record, "") for record in own["record"]]
                     for side, own in sides)  # fmt: skip
    return first, second


def _trials(pair: Pair, first: Side, second: Side) -> list[tuple[Side, pd.DataFrame]]:
    """Return each side with its judged trials of the pair's cell."""
    found = []
    for side, row in ((first, pair.first), (second, pair.second)):
        if row is None:
            own = side.trials.iloc[:0]
        else:
            own = side.trials[(side.trials[list(CELL)] == [row[name] for name in CELL]).all(axis=1)]
        found.append((side, judged(own)))
    return found


def _environment_rows(first: Mapping[str, str], second: Mapping[str, str]) -> list[Row]:
    return [
        {
            "what": what,
            "first": first.get(what) or None,
            "second": second.get(what) or None,
            "differs": (first.get(what) or "") != (second.get(what) or ""),
        }
        for what in {**first, **second}
    ]


def _rounded(value: float) -> float:
    return round(value, 6)
