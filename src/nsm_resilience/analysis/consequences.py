# SPDX-License-Identifier: Apache-2.0
"""Consequences of a fault in the trials of one cell: the path, new pods, and who noticed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from nsm_resilience.judge.path import PathVerdict
from nsm_resilience.tables.trials import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd


ENDED = ("dead", "gone")
"""Paths that were not back when the watch ended."""


@dataclass(frozen=True)
class Noticed:
    """In how many trials something was noticed, most often by what, and when (median, seconds).

    `known` counts the trials in which this is known. If it was noticed in none, `by` is empty and
    `median_s` NaN.
    """

    trials: int
    known: int
    by: str
    median_s: float


@dataclass(frozen=True)
class Consequences:
    """Counts over the judged trials of a cell.

    Attributes:
        stopped: trials whose path was interrupted, dead or gone. It can be dead for losses that are
            no interruption, and late without one.
        new_answered: trials in which a new client connected, of `new_asked`.
        bystander_started: trials in which an ordinary pod started, of `bystander_asked`.
        listener: whether a listening client would have been told, of the `listened` trials.
        listened: trials with our own listener on the client's stream; older records have none.
        outage_s: median outage of the trials whose path stopped and came back; NaN without any.
    """

    n: int
    path: Mapping[str, int]
    stopped: int
    new_answered: int
    new_asked: int
    bystander_started: int
    bystander_asked: int
    shown: Noticed
    told: Noticed
    listener: Noticed
    listened: int
    outage_s: float


def consequences(decided: pd.DataFrame) -> Consequences:
    """Count the consequences in the judged trials of one cell (rows of table `trials`)."""
    path = decided["path_verdict"].value_counts()
    back = decided.loc[decided["path_verdict"] == "recovered", "outage_s"]
    ended = decided["path_verdict"].isin(ENDED)
    return Consequences(
        n=len(decided),
        path={word: int(path.get(word, 0)) for word in get_args(PathVerdict)},
        stopped=int((ended | decided["interruptions"].gt(0).fillna(False)).sum()),
        new_answered=_true(decided["new_connection_answered"]),
        new_asked=int(decided["new_connection_answered"].notna().sum()),
        bystander_started=_true(decided["bystander_started"]),
        bystander_asked=int(decided["bystander_started"].notna().sum()),
        shown=_noticed(decided, "detected"),
        told=_noticed(decided, "notified"),
        listener=_noticed(decided, "listener_told"),
        listened=_true(decided["listener_watched"]),
        outage_s=_median(back),
    )


def _noticed(decided: pd.DataFrame, what: str) -> Noticed:
    seconds, words = decided[f"{what}_s"], decided[f"{what}_by"].dropna()
    unknown = UNKNOWN.get(f"{what}_s")
    known = len(decided) if unknown is None else int(decided[unknown].isna().sum())
    words = words[words != ""]
    commonest = str(words.mode().iloc[0]) if len(words) else ""
    return Noticed(int(seconds.notna().sum()), known, commonest, _median(seconds))


def _true(column: pd.Series) -> int:
    return int(column.eq(True).fillna(False).sum())


def _median(column: pd.Series) -> float:
    found = column.dropna().astype(float)
    return float(found.median()) if len(found) else math.nan
