# SPDX-License-Identifier: Apache-2.0
"""The tables of contrasts: columns, units, and when they are empty.

A contrast compares two sets of trials that differ in one named thing only. Differences are second
less first. Rows are made by `analysis.contrast_rows` and `report.campaign`.
"""

from __future__ import annotations

from nsm_resilience.study.factors import FACTORS
from nsm_resilience.tables.cell import CAMPAIGN, CELL, FACTOR_LEVELS, SCENARIO, TREATMENTS
from nsm_resilience.tables.columns import Rule, Table, amount, count, number, share, text, truth

SIDES = ("first", "second")

PROPERTIES: dict[str, str] = {
    "company": "trials alone, or side by side",
}
"""Columns of table `trials` by which trials of one cell are compared, with their names in words."""

KINDS: dict[str, str] = {
    **{name: FACTORS[name].name for name in TREATMENTS},
    **PROPERTIES,
    "campaign": "campaign",
}
"""The things that the two sets of a contrast can differ in, with their names: a factor, a property
of trials, the campaign. `analysis.contrasts` forms the sets."""

WORDS = ("better", "worse", "larger", "smaller", "equal", "open")
"""The words for a difference; they rest on the adjusted test and the adjusted interval alone.

`better`, `worse`: the adjusted p is at the level, the difference exceeds the margin, and it is
known which way the measure is better; `larger`, `smaller`: the same if that is not known. `equal`:
the adjusted interval lies within the margin. `open`: neither.
"""

_ONE_SIDED = "one of the two has no value"
_NO_INTERVAL = f"{_ONE_SIDED}, or so few values that no test of them reaches this confidence"
_NOT_MADE = f"{_ONE_SIDED}, or no outcome of so few trials could reach the level"
_FEW_UNITS = f"{_ONE_SIDED}, too few units, or none that differs from another"

CONTRASTS = Table(
    "contrasts",
    "Two sets of trials that differ in one thing: one row per cell and measure.",
    (
        text("differs_in", "what the two differ in", one_of=tuple(KINDS)),
        text("first", "its level in the first, the reference"),
        text("second", "its level in the second"),
        text("first_campaign", "campaign of the first"),
        text("second_campaign", "campaign of the second"),
        SCENARIO,
        *(
            text(
                name, f"level of the factor {name} in both", "it is what the two differ in", levels
            )
            for name, levels in FACTOR_LEVELS.items()
        ),
        amount(
            "within_s",
            "seconds of the shorter watch, by whose end both are compared",
            "both were to be watched for as long",
        ),
        text("measure", "what is compared, see `analysis.measures`"),
        text("unit", "its unit; a share has none", "a share or a count"),
        text("better", "which way is better", "not known", ("less", "more")),
        *(
            column
            for side in SIDES
            for column in (
                count(f"{side}_n", "values"),
                count(
                    f"{side}_censored",
                    "of these, not seen to end, or known as an interval, whose lower end counts",
                ),
                amount(
                    f"{side}_value",
                    "median; of a share the share itself; infinite = among the censored",
                    "no value",
                ),
            )
        ),
        number(
            "difference",
            "Hodges-Lehmann shift, of a share the difference",
            f"{_ONE_SIDED}, or censoring leaves it open",
        ),
        number(
            "at_least", "least that the difference can be; -infinite where it is open", _ONE_SIDED
        ),
        number("at_most", "most that it can be; infinite where it is open", _ONE_SIDED),
        number("low", "interval of it that holds for the whole family", _NO_INTERVAL),
        number("high", "its upper end; infinite where it is open", _NO_INTERVAL),
        share(
            "delta",
            "chance that a value of the second is larger, less that it is smaller (Cliff)",
            f"{_ONE_SIDED}, or it is a share",
            least=-1,
        ),
        share("delta_low", "its interval for the whole family", _NO_INTERVAL, least=-1),
        share("delta_high", "its upper end", _NO_INTERVAL, least=-1),
        text(
            "resampled",
            "which trials are alike and resampled together",
            one_of=("block", "turn", "cluster"),
        ),
        share(
            "resampled_low",
            "interval of delta, or of a share's difference, from these, for the whole family",
            _FEW_UNITS,
            least=-1,
        ),
        share("resampled_high", "its upper end", _FEW_UNITS, least=-1),
        share("p", "two-sided p by itself", _NOT_MADE),
        share("p_adjusted", "p for the whole family (Holm)", f"{_NOT_MADE} for the whole family"),
        share(
            "least_p",
            "least adjusted p that these sizes could give; unadjusted if no test was made",
            _ONE_SIDED,
        ),
        text(
            "method",
            "`exact`, or `Monte Carlo` with its draws and the 95 % interval of p",
            _NOT_MADE,
        ),
        text("family", "which tests are adjusted together"),
        count("family_size", "how many tests these are"),
        amount("margin", "a difference within it does not matter", "none is stated"),
        text("word", "the word for the difference", one_of=WORDS),
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
            lambda t: (
                (t["first_censored"] <= t["first_n"]) & (t["second_censored"] <= t["second_n"])
            ),
        ),
    ),
)

ENVIRONMENTS = Table(
    "environments",
    "What each campaign was made with and by which rules: one row per campaign and fact.",
    (
        CAMPAIGN,
        text("what", "the fact"),
        text("value", "its value"),
        truth("shared", "whether every campaign of the build has the same value"),
    ),
    ("campaign", "what"),
)

CONTRAST_TABLES: tuple[Table, ...] = (CONTRASTS, ENVIRONMENTS)
