# SPDX-License-Identifier: Apache-2.0
"""The parts that attempts are counted in: each in one, so that all parts add up to the attempts.

An attempt that decides nothing never vanishes: every table and every sum names its part. `unknown`
is not `void`, and a verdict that is added later has a part by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

from nsm_resilience.judge.verdict import Verdict
from nsm_resilience.tables.columns import Column, count

if TYPE_CHECKING:
    import pandas as pd

JUDGED = ("supported", "unsupported")
"""Verdicts that count in n."""

UNDECIDED: tuple[str, ...] = tuple(word for word in get_args(Verdict) if word not in JUDGED)
"""All other verdicts."""

APART = (*UNDECIDED, "void", "cut_short", "repeated")
"""Parts outside of n. `repeated`: judged, and replaced by a later attempt of the trial."""

PARTS = (*JUDGED, *APART)

MEANINGS = {
    "unknown": "our own instruments failed, so it says nothing of the system",
    "not_injected": "the fault could not be proved",
    "not_reached": "what the trial is about, such as a second outage, never came about",
    "void": "it was given up: what it needs was not there, or it was told to end",
    "cut_short": "its record breaks off",
    "repeated": "judged, and replaced by a later attempt of its trial",
}
"""Why attempts of each part are outside of n: the one text for tables, paper and site."""

INCOMPLETE = ("void", "cut", "unreadable")
"""Outcomes that a reason can begin with; if it does not, the attempt is complete."""
_OUTCOME = rf"^({'|'.join(INCOMPLETE)}):"


def part_of(outcome: str, verdict: str, *, counts: bool) -> str:
    """The part of one attempt.

    Args:
        outcome: `complete`, `void`, `cut` or `unreadable`.
        counts: whether it is the last complete attempt of its trial.
    """
    incomplete = {"void": "void", "cut": "cut_short", "unreadable": "unknown"}.get(outcome)
    return incomplete or (verdict if counts or verdict not in JUDGED else "repeated")


def that_count(trials: pd.DataFrame) -> pd.DataFrame:
    """The last complete attempt of each trial in table `trials`, as :func:`tables.rows.counting`.

    The reason of a void, cut or unreadable attempt begins with that outcome.
    """
    complete = trials[~trials["reason"].str.match(_OUTCOME)]
    last = complete.groupby(["campaign", "trial"])["attempt"].transform("max")
    return complete[complete["attempt"] == last]


def parts_of(trials: pd.DataFrame) -> pd.Series:
    """The part of every row of table `trials`."""
    import pandas as pd

    outcomes = trials["reason"].str.extract(_OUTCOME)[0].fillna("complete")
    counting = set(that_count(trials).index)
    found = [
        part_of(outcome, verdict, counts=at in counting)
        for at, outcome, verdict in zip(trials.index, outcomes, trials["verdict"], strict=True)
    ]
    return pd.Series(found, index=trials.index, dtype="str")


def counted_parts(parts: Iterable[str]) -> dict[str, int]:
    """The number of attempts in each part, empty parts included."""
    found = Counter(parts)
    return {part: found[part] for part in PARTS}


def attempt_columns() -> tuple[Column, ...]:
    """Columns with the number of all attempts, and of those in each part outside of n."""
    return (
        count("attempts", "attempts of all its trials"),
        *(count(part, f"attempts in no n: {MEANINGS[part]}") for part in APART),
    )


def attempt_row(parts: Mapping[str, int]) -> dict[str, int]:
    """The values of `attempt_columns`."""
    return {"attempts": sum(parts.values()), **{part: parts[part] for part in APART}}


def all_accounted_for(table: pd.DataFrame) -> pd.Series:
    """Whether n and the parts outside of it add up to the attempts, row by row."""
    return table["n"] + table[list(APART)].sum(axis=1) == table["attempts"]


def in_words(part: str) -> str:
    """The name of a part in a text."""
    return part.replace("_", " ")


def apart_in_words(row: Mapping[str, Any]) -> str:
    """How many attempts of a cell are outside of n, and why; empty if none are."""
    return ", ".join(f"{row[part]} {in_words(part)}" for part in APART if row[part])
