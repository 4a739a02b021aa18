# SPDX-License-Identifier: Apache-2.0
"""The two tables of a campaign with a remedy as a factor: its cells, and its arms as a whole.

Rows are made by `analysis.remedies`. Differences are a cell with a remedy less the same cell
without one; trials of other campaigns are never pooled with these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from nsm_resilience.study.models import Remedy, Source
from nsm_resilience.tables.attempts import all_accounted_for, attempt_columns
from nsm_resilience.tables.columns import Column, Rule, Table
from nsm_resilience.tables.schemas import CELL, FACTOR_LEVELS, SCENARIO_VERDICTS
from nsm_resilience.tables.significance import significance_columns

if TYPE_CHECKING:
    import pandas as pd

GROUPS = {
    "nine": "the nine",
    "levels": "the nine at other levels",
    "beyond": "beyond the nine",
    "control": "controls",
}
"""What a cell belongs to: a scenario that claim C0 counts, at its defaults or not; any other; or
one without a fault that the claim does not count (one that it does is of the nine)."""

TIMES = {
    "outage": "outage of the established path",
    "detected": "time until something showed that something was wrong",
    "notified": "time until the client was told",
}
"""What is compared as a time; one that was not seen to end is censored."""

_NO_TRIAL = "no judged trial"
_FEW = "fewer than 6 judged trials cannot give 95 %"
_NO_WATCHDOG = "an arm without a watchdog, or no trial of it"
_NO_PAIR = "the arm without a remedy, or one of the two cells has no judged trial"
_NO_INTERVAL = f"{_NO_PAIR}, or too few for an interval that holds for all pairs"
_NO_DELTA = f"{_NO_INTERVAL}; samples that do not overlap have no interval"
_FEW_BLOCKS = f"{_NO_PAIR}, or the two share too few blocks for an interval at that level"


def _factor(name: str) -> Column:
    return Column(name, "text", f"level of the factor {name}", one_of=FACTOR_LEVELS[name])


def _compared_with_itself(table: pd.DataFrame) -> pd.Series:
    return (table["remedy"] != "none") | table["share_difference"].isna()


REMEDIES = Table(
    "remedies",
    "Cells of a campaign by remedy: verdicts, times, what the watchdog did, and what differs.",
    (
        Column("campaign", "text", "name of the campaign"),
        Column("scenario", "text", "scenario of the study"),
        *(_factor(name) for name in CELL[1:]),
        Column("title", "text", "what happens"),
        Column("source", "text", "where the scenario is from", one_of=get_args(Source)),
        Column("group", "text", "what the cell belongs to", one_of=tuple(GROUPS)),
        Column("control", "truth", "whether nothing is broken"),
        Column("n", "integer", "trials judged supported or unsupported", least=0),
        Column("k", "integer", "of these, supported", least=0),
        *attempt_columns(),
        Column("verdict", "text", "verdict of the cell", one_of=SCENARIO_VERDICTS),
        Column("wilson_low", "number", "95 % Wilson interval of k/n", _NO_TRIAL, least=0, most=1),
        Column("wilson_high", "number", "its upper end", _NO_TRIAL, least=0, most=1),
        Column("interrupted", "integer", "of the n, how many paths stopped", least=0),
        Column("censored", "integer", "of the n, how many paths did not recover", least=0),
        Column(
            "outage_median_s", "number", "median outage; infinite = among the censored",
            _NO_TRIAL, least=0,
        ),
        Column("outage_low_s", "number", "95 % interval of it by order statistics", _FEW, least=0),
        Column("outage_high_s", "number", "its upper end", _FEW, least=0),
        Column("detected", "integer", "of the n, in how many anything was shown", least=0),
        Column("detected_unknown", "integer", "of the n, in how many that is not known", least=0),
        Column("detected_median_s", "number", "median of these", "shown in none", least=0),
        Column("notified", "integer", "of the n, in how many the client was told", least=0),
        Column("notified_unknown", "integer", "of the n, in how many that is not known", least=0),
        Column("notified_median_s", "number", "median of these", "told in none", least=0),
        Column("watched", "integer",
               "attempts in which a watchdog ran, unknown and void ones included", least=0),
        Column("found", "integer", "of the n, in how many the watchdog found something",
               _NO_WATCHDOG, least=0),
        Column("found_median_s", "number", "median time of the first finding",
               f"it found nothing; {_NO_WATCHDOG}", least=0),
        Column("acts_per_trial", "number", "actions of the watchdog per judged trial",
               _NO_WATCHDOG, least=0),
        Column("acts_failed", "integer", "actions that failed, over the watched", _NO_WATCHDOG,
               least=0),
        Column(
            "alarmed", "integer",
            "of the watched, in how many the watchdog found something when nothing was wrong",
            _NO_WATCHDOG, least=0,
        ),
        Column("cut", "integer",
               "of the watched, in how many a path that answered stopped after an action",
               _NO_WATCHDOG, least=0),
        Column("cut_known", "integer",
               "of the watched, how many have a measured path, for long enough after each action",
               _NO_WATCHDOG, least=0),
        Column("share_difference", "number", "share supported, less that without a remedy",
               _NO_PAIR, least=-1, most=1),
        Column("share_low", "number",
               "Newcombe interval of it; those of all pairs hold together with 95 %",
               _NO_INTERVAL, least=-1, most=1),
        Column("share_high", "number", "its upper end", _NO_INTERVAL, least=-1, most=1),
        Column("share_block_low", "number",
               "the same from resampled blocks of the schedule, both cells together",
               _FEW_BLOCKS, least=-1, most=1),
        Column("share_block_high", "number", "its upper end", _FEW_BLOCKS, least=-1, most=1),
        *significance_columns("fisher", "Fisher's exact test of the two shares", _NO_PAIR,
                              "all pairs of a cell with a remedy and one without"),
        *(
            column
            for measure, meaning in TIMES.items()
            for column in (
                Column(f"{measure}_delta", "number",
                       f"Cliff's delta of the {meaning}: below 0 where it is shorter",
                       _NO_PAIR, least=-1, most=1),
                Column(f"{measure}_delta_low", "number",
                       "interval of it from ranks; those of all pairs hold together with 95 %",
                       _NO_DELTA, least=-1, most=1),
                Column(f"{measure}_delta_high", "number", "its upper end", _NO_DELTA,
                       least=-1, most=1),
                Column(f"{measure}_block_low", "number", "the same from resampled blocks",
                       _FEW_BLOCKS, least=-1, most=1),
                Column(f"{measure}_block_high", "number", "its upper end", _FEW_BLOCKS,
                       least=-1, most=1),
                *significance_columns(
                    measure, "Gehan's form of the Mann-Whitney test, by permutation", _NO_PAIR,
                    "all pairs of this measure",
                ),
            )
        ),
    ),
    ("campaign", *CELL),
    (
        Rule("k is at most n", lambda t: t["k"] <= t["n"]),
        Rule("every attempt is counted once", all_accounted_for),
        Rule("cut is at most what is known of it",
             lambda t: t["cut"].fillna(0) <= t["cut_known"].fillna(0)),
        Rule("of the watched no more is known", lambda t: t["cut_known"].fillna(0) <= t["watched"]),
        Rule("alarmed is at most watched", lambda t: t["alarmed"].fillna(0) <= t["watched"]),
        Rule("a cell without a remedy is compared with nothing", _compared_with_itself),
    ),
)  # fmt: skip

ARMS = Table(
    "arms",
    "The arms of a campaign as a whole: one row per group of scenarios, plane and remedy.",
    (
        Column("campaign", "text", "name of the campaign"),
        Column("group", "text", "which scenarios", one_of=tuple(GROUPS)),
        _factor("plane"),
        Column("remedy", "text", "level of the factor remedy", one_of=get_args(Remedy)),
        Column("cells", "integer", "cells that the study declares for it", least=0),
        Column("tested", "integer", "of these, with a judged trial", least=0),
        Column("supported", "integer", "of the tested, supported", least=0),
        Column("flaky", "integer", "of the tested, flaky", least=0),
        Column("unsupported", "integer", "of the tested, unsupported", least=0),
        Column("n", "integer", "trials judged", least=0),
        Column("k", "integer", "of these, supported", least=0),
        *attempt_columns(),
        Column("detected", "integer", "of the n with a fault, in how many anything was shown",
               least=0),
        Column("detected_unknown", "integer", "in how many of these that is not known", least=0),
        Column("notified", "integer", "of the n with a fault, in how many the client was told",
               least=0),
        Column("notified_unknown", "integer", "in how many of these that is not known", least=0),
        Column("faults", "integer", "of the n, how many with a fault", least=0),
        Column("watched", "integer",
               "attempts in which a watchdog ran, unknown and void ones included", least=0),
        Column("alarmed", "integer", "of the watched, with a false alarm", _NO_WATCHDOG, least=0),
        Column("controls", "integer", "of the watched, how many without a fault", least=0),
        Column("controls_alarmed", "integer", "of the controls, with a false alarm", _NO_WATCHDOG,
               least=0),
        Column("acts", "integer", "actions of the watchdog over the watched", _NO_WATCHDOG,
               least=0),
        Column("cut", "integer", "of the watched, paths that stopped after an action",
               _NO_WATCHDOG, least=0),
        Column("cut_known", "integer",
               "of the watched, how many have a measured path, for long enough after each action",
               _NO_WATCHDOG, least=0),
    ),
    ("campaign", "group", "plane", "remedy"),
    (
        Rule("every attempt is counted once", all_accounted_for),
        Rule("verdicts add up",
             lambda t: t["supported"] + t["flaky"] + t["unsupported"] == t["tested"]),
        Rule("tested is at most what is declared", lambda t: t["tested"] <= t["cells"]),
    ),
)  # fmt: skip

REMEDY_TABLES: tuple[Table, ...] = (REMEDIES, ARMS)
