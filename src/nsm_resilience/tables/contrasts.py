# SPDX-License-Identifier: Apache-2.0
"""The tables of contrasts: columns, units, and when they are empty.

A contrast is two sets of trials that differ in one named thing and in nothing else that is named.
Differences are second less first. Rows are made by `analysis.contrast_rows` and
`report.environments`.
"""

from __future__ import annotations

from nsm_resilience.study.factors import FACTORS
from nsm_resilience.tables.cell import CELL, FACTOR_LEVELS
from nsm_resilience.tables.columns import Column, Rule, Table

SIDES = ("first", "second")

KINDS: dict[str, str] = {
    **{name: FACTORS[name].name for name in FACTOR_LEVELS if name != "watch"},
    "company": "trials alone, or side by side",
    "campaign": "campaign",
}
"""What the two sets of a contrast differ in, and how that is called: a factor, whether others ran
beside, the campaign. Which sets these are, is said in `analysis.contrasts`."""

DIFFERS_IN = tuple(KINDS)

WORDS = ("better", "worse", "larger", "smaller", "equal", "open")
"""What is said of a difference; rests on the adjusted test and the adjusted interval alone.

`better`, `worse`: the adjusted p is at the level and the difference is larger than the margin, of a
measure of which it is known which way is better; `larger`, `smaller`: the same of any other.
`equal`: the adjusted interval lies within the margin. `open`: neither.
"""

_ONE_SIDED = "one of the two has no value"
_NO_VALUE = "no value"
_NO_INTERVAL = f"{_ONE_SIDED}, or so few values that no test of them reaches this confidence"
_NOT_MADE = f"{_ONE_SIDED}, or no outcome of so few trials could reach the level"
_FEW_UNITS = f"{_ONE_SIDED}, too few units, or none that differs from another"

CONTRASTS = Table(
    "contrasts",
    "Two sets of trials that differ in one thing: one row per cell and measure.",
    (
        Column("differs_in", "text", "what the two differ in", one_of=DIFFERS_IN),
        Column("first", "text", "its level in the first, what is compared with"),
        Column("second", "text", "its level in the second"),
        Column("first_campaign", "text", "campaign of the first"),
        Column("second_campaign", "text", "campaign of the second"),
        Column("scenario", "text", "scenario of the study"),
        *(
            Column(
                name,
                "text",
                f"level of the factor {name} in both",
                "it is what the two differ in",
                one_of=levels,
            )
            for name, levels in FACTOR_LEVELS.items()
        ),
        Column("measure", "text", "what is compared, see `analysis.measures`"),
        Column("unit", "text", "its unit; a share has none", "a share or a count"),
        Column("better", "text", "which way is better", "not known", one_of=("less", "more")),
        *(
            column
            for side in SIDES
            for column in (
                Column(f"{side}_n", "integer", "values", least=0),
                Column(f"{side}_censored", "integer", "of these, not seen to end", least=0),
                Column(
                    f"{side}_value",
                    "number",
                    "median; of a share the share itself; infinite = among the censored",
                    _NO_VALUE,
                    least=0,
                ),
            )
        ),
        Column(
            "difference",
            "number",
            "Hodges-Lehmann shift, of a share the difference",
            f"{_ONE_SIDED}, or censoring leaves it open",
        ),
        Column(
            "at_least", "number", "least that the difference can be; -infinite where it is open",
            _ONE_SIDED,
        ),
        Column("at_most", "number", "most that it can be; infinite where it is open", _ONE_SIDED),
        Column("low", "number", "interval of it that holds for the whole family", _NO_INTERVAL),
        Column("high", "number", "its upper end; infinite where it is open", _NO_INTERVAL),
        Column(
            "delta",
            "number",
            "chance that a value of the second is larger less that it is smaller (Cliff)",
            f"{_ONE_SIDED}, or it is a share",
            least=-1,
            most=1,
        ),
        Column("delta_low", "number", "its interval for the whole family", _NO_INTERVAL, least=-1,
               most=1),
        Column("delta_high", "number", "its upper end", _NO_INTERVAL, least=-1, most=1),
        Column("resampled", "text", "which trials are alike and resampled together",
               one_of=("block", "turn", "cluster")),
        Column(
            "resampled_low",
            "number",
            "interval of delta, of a share of the difference, by these, for the whole family",
            _FEW_UNITS,
            least=-1,
            most=1,
        ),
        Column("resampled_high", "number", "its upper end", _FEW_UNITS, least=-1, most=1),
        Column("p", "number", "two-sided p by itself", _NOT_MADE, least=0, most=1),
        Column(
            "p_adjusted",
            "number",
            "p for the whole family (Holm)",
            f"{_NOT_MADE} for the whole family",
            least=0,
            most=1,
        ),
        Column(
            "least_p",
            "number",
            "least adjusted p that these sizes could give; of a test not made, by itself",
            _ONE_SIDED,
            least=0,
            most=1,
        ),
        Column(
            "method",
            "text",
            "`exact`, or `Monte Carlo` with its draws and the 95 % interval of p",
            _NOT_MADE,
        ),
        Column("family", "text", "which tests are adjusted together"),
        Column("family_size", "integer", "how many tests these are", least=0),
        Column("margin", "number", "a difference within it is of no account", "none is stated",
               least=0),
        Column("word", "text", "what is said of it", one_of=WORDS),
    ),
    ("differs_in", "first", "second", "first_campaign", "second_campaign", *CELL, "measure"),
    (
        Rule(
            "a difference is said of two sides",
            lambda t: ((t["first_n"] > 0) & (t["second_n"] > 0)) | (t["word"] == "open"),
        ),
        Rule(
            "an adjusted p is no smaller than p",
            lambda t: t["p_adjusted"].isna() | (t["p_adjusted"] >= t["p"] - 1e-9),
        ),
        Rule("p is made or not", lambda t: t["p"].isna() == t["method"].isna()),
        Rule(
            "no p is 0",
            lambda t: ~t[["p", "p_adjusted", "least_p"]].eq(0).any(axis=1),
        ),
        Rule(
            "censored is at most n",
            lambda t: (t["first_censored"] <= t["first_n"])
            & (t["second_censored"] <= t["second_n"]),
        ),
    ),
)  # fmt: skip

ENVIRONMENTS = Table(
    "environments",
    "What each campaign was made with and by which rules: one row per campaign and fact.",
    (
        Column("campaign", "text", "name of the campaign"),
        Column("what", "text", "the fact"),
        Column("value", "text", "its value"),
        Column("shared", "truth", "whether every campaign of the build has the same value"),
    ),
    ("campaign", "what"),
)

CONTRAST_TABLES: tuple[Table, ...] = (CONTRASTS, ENVIRONMENTS)
