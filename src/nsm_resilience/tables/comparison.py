# SPDX-License-Identifier: Apache-2.0
"""The three tables of a comparison of two campaigns: columns, units, and when they are empty.

Differences are second minus first. Rows are made by `analysis.comparison`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nsm_resilience.tables.columns import Column, Rule, Table
from nsm_resilience.tables.schemas import CELL, FACTOR_LEVELS, SCENARIO_VERDICTS
from nsm_resilience.tables.significance import significance_columns

if TYPE_CHECKING:
    import pandas as pd

SIDES = ("first", "second")

CHANGES = ("same", "changed", "first only", "second only", "neither")
"""What became of a cell's verdict; `first only`: the second campaign has no judged trial of it."""

MEASURES = {
    "outage": "outage of the established path",
    "new_connection": "time until a new client had a reply",
    "detected": "time until something showed that something was wrong",
    "notified": "time until the client was told",
}
"""What is compared as a time; one that was not seen to end is censored."""

_ONE_SIDED = "one of the two has no judged trial"
_FEW_CLUSTERS = "a campaign has too few clusters to tell what lies between them"
_TOO_FEW = f"{_ONE_SIDED}, or too few trials for an interval that holds for all cells"
_NO_VALUE = "no judged trial, or not measured"
_MEDIAN_INTERVAL_EMPTY = "fewer than 6 values cannot give 95 %"

_KEY = (
    Column("scenario", "text", "scenario of the study"),
    *(
        Column(
            name,
            "text",
            f"level of the factor {name} in both",
            "the campaigns differ in it throughout; the cells' ids name both levels",
            one_of=levels,
        )
        for name, levels in FACTOR_LEVELS.items()
    ),
)


def _share_is_counted(table: pd.DataFrame) -> pd.Series:
    both = (table["first_n"] > 0) & (table["second_n"] > 0)
    return both == table["share_difference"].notna()


def _change_follows_the_verdicts(table: pd.DataFrame) -> pd.Series:
    both = (table["first_n"] > 0) & (table["second_n"] > 0)
    same = table["first_verdict"] == table["second_verdict"]
    return both == table["change"].isin(["same", "changed"]) & (
        ~both | (same == (table["change"] == "same"))
    )


COMPARISON = Table(
    "comparison",
    "Verdicts of two campaigns: one row per cell of either, matched by scenario and levels.",
    (
        Column("first", "text", "name of the first campaign"),
        Column("second", "text", "name of the second campaign"),
        *_KEY,
        Column("title", "text", "what happens"),
        *(
            Column(f"{side}_cell", "text", f"id of the cell in the {side}", f"the {side} lacks it")
            for side in SIDES
        ),
        *(
            column
            for side in SIDES
            for column in (
                Column(f"{side}_n", "integer", "trials judged", least=0),
                Column(f"{side}_k", "integer", "of these, supported", least=0),
                Column(f"{side}_verdict", "text", "verdict of the cell", one_of=SCENARIO_VERDICTS),
            )
        ),
        Column("change", "text", "whether the verdict is another", one_of=CHANGES),
        Column(
            "share_difference", "number", "share supported, second minus first", _ONE_SIDED,
            least=-1, most=1,
        ),
        Column(
            "share_low", "number",
            "Newcombe interval of it; those of all cells hold together with 95 %", _TOO_FEW,
            least=-1, most=1,
        ),
        Column("share_high", "number", "its upper end", _TOO_FEW, least=-1, most=1),
        *significance_columns(
            "fisher", "Fisher's exact test of the two shares", _ONE_SIDED, "all cells"
        ),
        Column(
            "share_cluster_low", "number", "the interval from resampled clusters, as share_low",
            _FEW_CLUSTERS, least=-1, most=1,
        ),
        Column("share_cluster_high", "number", "its upper end", _FEW_CLUSTERS, least=-1, most=1),
    ),
    CELL,
    (
        Rule("a difference where both have trials", _share_is_counted),
        Rule("a change is one of verdicts", _change_follows_the_verdicts),
    ),
)  # fmt: skip

TIMES = Table(
    "comparison_times",
    "Times of two campaigns: one row per cell that either has judged trials of, and measure.",
    (
        *_KEY,
        Column("measure", "text", "what is timed", one_of=tuple(MEASURES)),
        *(
            column
            for side in SIDES
            for column in (
                Column(f"{side}_n", "integer", "values", least=0),
                Column(f"{side}_censored", "integer", "of these, not seen to end", least=0),
                Column(
                    f"{side}_median_s", "number", "median; infinite = among the censored",
                    _NO_VALUE, least=0,
                ),
                Column(
                    f"{side}_low_s", "number", "95 % interval of it by order statistics",
                    _MEDIAN_INTERVAL_EMPTY, least=0,
                ),
                Column(
                    f"{side}_high_s", "number", "its upper end", _MEDIAN_INTERVAL_EMPTY, least=0
                ),
            )
        ),
        Column(
            "cliff_delta", "number",
            "chance that the second is the longer one less that of the first", _ONE_SIDED,
            least=-1, most=1,
        ),
        Column(
            "delta_cluster_low", "number",
            "interval of it from resampled clusters; those of all cells hold together with 95 %",
            _FEW_CLUSTERS, least=-1, most=1,
        ),
        Column("delta_cluster_high", "number", "its upper end", _FEW_CLUSTERS, least=-1, most=1),
        *significance_columns(
            "rank", "Gehan's form of the Mann-Whitney test, by permutation", _ONE_SIDED,
            "all cells of this measure",
        ),
    ),
    (*CELL, "measure"),
    (
        Rule("an effect where both have values",
             lambda t: ((t["first_n"] > 0) & (t["second_n"] > 0)) == t["cliff_delta"].notna()),
    ),
)  # fmt: skip

ENVIRONMENT = Table(
    "comparison_environment",
    "What two campaigns were made with: every fact that either names.",
    (
        Column("what", "text", "the fact"),
        Column("first", "text", "its value in the first campaign", "it does not say"),
        Column("second", "text", "its value in the second campaign", "it does not say"),
        Column("differs", "truth", "whether the two values are different"),
    ),
    ("what",),
    (
        Rule("different means not the same text",
             lambda t: t["differs"] == (t["first"].fillna("") != t["second"].fillna(""))),
    ),
)  # fmt: skip

COMPARISON_TABLES: tuple[Table, ...] = (COMPARISON, TIMES, ENVIRONMENT)
