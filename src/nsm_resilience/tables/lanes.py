# SPDX-License-Identifier: Apache-2.0
"""The two tables of trials that ran alone beside trials that ran side by side: do lanes bias?

Differences are side by side minus alone. Rows are made by `analysis.lanes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from nsm_resilience.judge.verdict import Verdict
from nsm_resilience.tables.attempts import PARTS
from nsm_resilience.tables.columns import Column, Rule, Table
from nsm_resilience.tables.schemas import FACTOR_LEVELS
from nsm_resilience.tables.significance import significance_columns

if TYPE_CHECKING:
    import pandas as pd

WAYS = ("alone", "together")
"""How a trial was run: one at a time, or with others side by side."""

MEASURES = {
    "outage_s": "outage of the path",
    "detected_s": "something shown after",
    "notified_s": "client told after",
    "new_connection_s": "new client answered after",
    "bystander_s": "ordinary pod started after",
    "install_s": "system installed after",
    "rtt_ms": "median round trip",
    "late_share": "share of echoes sent late",
}
"""What is compared, in words."""

UNITS = {"_s": "s", "_ms": "ms", "_share": ""}
"""The unit of a measure, by the end of its name."""


def unit_of(measure: str) -> str:
    """The unit of a measure as it is written behind a number; empty for a share."""
    return UNITS[measure[measure.rindex("_") :]]


LANE_VERDICTS = ("equal", "biased", "open")
"""What is said of a measure in a cell, by the rule in `analysis.lanes.verdict_of`."""

_CELL = (
    Column("campaign", "text", "name of the campaign"),
    Column("scenario", "text", "scenario of the study"),
    *(
        Column(name, "text", f"level of the factor {name}", one_of=levels)
        for name, levels in FACTOR_LEVELS.items()
    ),
)
_ONE_SIDED = "one of the two has no value"
_NO_VALUE = "no value"
_NO_DELTA = f"{_ONE_SIDED}, too few values, or samples that do not overlap"
_FEW_TURNS = f"{_ONE_SIDED}, or too few turns for an interval that holds for all rows"


def _sides(table: pd.DataFrame) -> pd.Series:
    return (table["alone_n"] > 0) & (table["together_n"] > 0)


LANES = Table(
    "lanes",
    "Trials alone against trials side by side: one row per cell and measure that was seen.",
    (
        *_CELL,
        Column("measure", "text", "what is compared; it has the unit", one_of=tuple(MEASURES)),
        *(
            column
            for way in WAYS
            for column in (
                Column(f"{way}_n", "integer", "values", least=0),
                Column(f"{way}_censored", "integer", "of these, not seen to end", least=0),
                Column(
                    f"{way}_median", "number", "median; infinite = among the censored", _NO_VALUE,
                    least=0,
                ),
            )
        ),
        Column(
            "shift", "number", "Hodges-Lehmann shift", f"{_ONE_SIDED}, or censoring leaves it open"
        ),
        Column(
            "shift_low", "number",
            "interval of it; those of all rows hold together with 95 %; infinite where censoring "
            "leaves it open", f"{_ONE_SIDED}, or too few values",
        ),
        Column("shift_high", "number", "its upper end", f"{_ONE_SIDED}, or too few values"),
        Column("margin", "number", "a shift within it either way is of no account", least=0),
        Column(
            "cliff_delta", "number",
            "chance that the value side by side is the larger one less that of the smaller",
            _ONE_SIDED, least=-1, most=1,
        ),
        Column(
            "delta_low", "number", "interval of it; those of all rows hold together with 95 %",
            _NO_DELTA, least=-1, most=1,
        ),
        Column("delta_high", "number", "its upper end", _NO_DELTA, least=-1, most=1),
        *(
            Column(f"{way}_turns", "integer", "turns that the values are of", least=0)
            for way in WAYS
        ),
        Column(
            "delta_turn_low", "number", "the interval of delta from resampled turns",
            _FEW_TURNS, least=-1, most=1,
        ),
        Column("delta_turn_high", "number", "its upper end", _FEW_TURNS, least=-1, most=1),
        *significance_columns(
            "rank", "Gehan's form of the Mann-Whitney test, by permutation", _ONE_SIDED, "all rows"
        ),
        Column("verdict", "text", "what that says of a bias by lanes", one_of=LANE_VERDICTS),
    ),
    ("campaign", *(column.name for column in _CELL[1:]), "measure"),
    (
        Rule("an effect where both have values", lambda t: _sides(t) == t["cliff_delta"].notna()),
        Rule("nothing is said of one side", lambda t: _sides(t) | (t["verdict"] == "open")),
    ),
)  # fmt: skip

LANE_TRIALS = Table(
    "lanes_trials",
    "What ran beside each attempt, and what its own instruments say of the load.",
    (
        _CELL[0],
        Column("trial", "text", "<cell id>/<number>"),
        Column("attempt", "integer", "attempt of this trial, from 1", least=1),
        *_CELL[1:],
        Column("lane", "text", "lane it ran in"),
        Column("way", "text", "one at a time, or side by side", one_of=WAYS),
        Column("lanes_at_once", "integer", "trials that were allowed to run at once", least=1),
        Column(
            "beside", "number", "other attempts that ran while it did, averaged over its time",
            "no phase of it ended", least=0,
        ),
        Column("verdict", "text", "verdict of the judge", one_of=get_args(Verdict)),
        Column("part", "text", "what it is counted as", one_of=PARTS),
        Column("counted", "truth", "whether it is one of the n judged trials"),
        Column("install_s", "number", "its phase `install`", "it did not end", least=0),
        Column("rtt_ms", "number", "median round trip of its echoes", "it is not counted", least=0),
        Column(
            "late_share", "number", "echoes of the watch sent late", "it is not counted",
            least=0, most=1,
        ),
    ),
    ("campaign", "trial", "attempt"),
    (
        Rule("alone means one at once",
             lambda t: (t["way"] == "alone") == (t["lanes_at_once"] == 1)),
    ),
)  # fmt: skip

LANES_TABLES: tuple[Table, ...] = (LANES, LANE_TRIALS)
