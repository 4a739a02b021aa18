# SPDX-License-Identifier: Apache-2.0
"""Meanings of the words in the result tables, for new readers.

Each word has one meaning, by its column. A new source or verdict needs its meaning here, a new
level of a factor in study/factors.py; a test names words without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nsm_resilience.study.factors import FACTORS
from nsm_resilience.tables import attempts

HEADINGS: Mapping[str, str] = {
    "source": "Where a scenario is from",
    **{name: factor.name.capitalize() for name, factor in FACTORS.items()},
    "trial": "Verdict of a trial",
    "cell": "Verdict of a cell",
    "agreement": "Agreement with the paper",
}
"""Columns whose words are explained, in the order of the page; `trial` and `cell` are the column
`verdict` of the tables `trials` and `scenarios`."""

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "source": {
        "stated": "the paper's abstract names the scenario",
        "reconstructed": "the abstract does not name it: inferred by us from what it lists and "
        "counts, and from NSM's records of that time",
        "ours": "not of the paper: added by us",
    },
    **{
        name: {level: words.meaning for level, words in factor.levels.items()}
        for name, factor in FACTORS.items()
    },
    "trial": {
        "supported": "the path answers again, or never stopped, stayed so, and a new client got a "
        "working connection",
        "unsupported": "one of the two failed",
        **{word: attempts.MEANINGS[word] for word in (*attempts.UNDECIDED, "void")},
        "cut": attempts.MEANINGS["cut_short"],
        "unreadable": "its record cannot be read",
    },
    "cell": {
        "supported": "all of its n trials are",
        "unsupported": "none of its n trials is supported",
        "flaky": "some of its n trials are supported, some are not",
        "not tested": "n is 0: no trial of it was judged",
        "not reached": "n is 0, and trials were run that never reached what it is about",
    },
    "agreement": {
        "agrees": "the verdict is the paper's",
        "differs": "the verdict is not the paper's",
        "not tested": "no trial was judged",
        "no claim": "the paper says nothing of it",
        "reproduced": "a claim that holds here, too",
    },
}


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its meaning; `column` is a key of `HEADINGS`."""

    column: str
    word: str
    meaning: str


def meaning_of(column: str, word: str) -> str:
    """The meaning of a word; empty if there is none, as for a level of another version."""
    return MEANINGS.get(column, {}).get(word, "")


def words_met(met: Mapping[str, Iterable[str]]) -> list[Word]:
    """The words of a page, given by column, with their meanings, each once, as in `MEANINGS`."""
    return [
        Word(column, word, meaning)
        for column in HEADINGS
        for word, meaning in MEANINGS[column].items()
        if word in set(met.get(column, ()))
    ]
