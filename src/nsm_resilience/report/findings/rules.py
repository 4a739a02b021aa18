# SPDX-License-Identifier: Apache-2.0
"""Were the rules written before the first trial, and did they stay? The answers are git's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.tables.campaigns import ANSWERS
from nsm_resilience.tables.language import listed

Row = Mapping[str, Any]

QUESTIONS = {
    "rules_before": "In git before the first trial",
    "changed_between": "Changed in git between the first trial and the last",
    "changed_since": "Changed since the first trial in the code that judges here",
}
"""Questions to git about each campaign, by column of table `campaigns`."""


def rows_of(table: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of table `campaigns` for the paper: None is an empty text, times are to the second.

    Campaigns without a trial are left out.
    """
    return [
        {
            "campaign": row["campaign"],
            "first_trial": _second(row["first_trial"]),
            "last_trial": _second(row["last_trial"]),
            "rules_committed": _second(row["rules_committed"]),
            **{key: row[key] or "" for key in (*QUESTIONS, "parts_between", "parts_since", "why")},
        }
        for row in table
        if row["first_trial"]
    ]


def answers(rows: Sequence[Row]) -> list[str]:
    """List for each question the campaigns that answer yes, no, and not known."""
    if not rows:
        return ["No trial was run, so there is nothing to be written before."]
    sentences = []
    for question, words in QUESTIONS.items():
        names = {a: [row["campaign"] for row in rows if row[question] == a] for a in ANSWERS}
        parts = [f"{answer} ({listed(own)})" for answer, own in names.items() if own]
        sentences.append(f"{words}: {'; '.join(parts)}.")
    return sentences


def _second(instant: str | None) -> str:
    """An instant to the second, as `2026-11-24 13:28:37`; empty if there is none.

    >>> _second("2026-11-24T13:28:37.340048Z"), _second(None)
    ('2026-11-24 13:28:37', '')
    """
    return instant[:19].replace("T", " ") if instant else ""
