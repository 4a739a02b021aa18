# SPDX-License-Identifier: Apache-2.0
"""Were the rules written before the first trial, and did they stay? Only what git shows is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nsm_resilience.record.commits import CODE
from nsm_resilience.tables.language import listed

Row = Mapping[str, Any]


def rows_of(table: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of table `campaigns` for the paper, with empty texts and without the time's fractions.

    Campaigns without a trial are left out: there is no first one.
    """
    return [
        {
            "campaign": row["campaign"],
            "first_trial": _second(row["first_trial"]),
            "last_trial": _second(row["last_trial"]),
            "first_commit": (row["first_commit"] or "")[:10],
            "last_commit": (row["last_commit"] or "")[:10],
            "rules_committed": _second(row["rules_committed"]),
            **{
                key: row[key] or ""
                for key in (
                    "rules_before",
                    "changed_between",
                    "parts_between",
                    "changed_since",
                    "parts_since",
                    "why",
                )
            },
        }
        for row in table
        if row["first_trial"]
    ]


def written_before(rows: Sequence[Row]) -> list[str]:
    """Say of each campaign with a trial once whether its rules stood in git before, and stayed."""
    told = _told(
        rows,
        (
            "In git before the first trial, and unchanged up to the last",
            lambda row: _answers(row) == ("yes", "no"),
            _name,
        ),
        (
            "In git before the first trial; their code was changed before the last",
            lambda row: _answers(row) == ("yes", "yes"),
            lambda row: _with_part(row, "parts_between"),
        ),
        (
            "In git before the first trial; whether they changed before the last is not known",
            lambda row: _answers(row) == ("yes", "not known"),
            _with_why,
        ),
        (
            "Not in git before the first trial as they were then",
            lambda row: row["rules_before"] == "no",
            _with_why,
        ),
        (
            "Not known whether they were in git before the first trial",
            lambda row: row["rules_before"] == "not known",
            _with_why,
        ),
    )
    return told or ["No trial was run, so there is nothing to be written before."]


def changed_since(rows: Sequence[Row]) -> list[str]:
    """Say of each campaign with a trial once whether it is judged here by the code of then."""
    return _told(
        rows,
        (
            "Judged here by the code of its first trial",
            lambda row: row["changed_since"] == "no",
            _name,
        ),
        (
            "Judged here by code that was changed since its first trial",
            lambda row: row["changed_since"] == "yes",
            lambda row: _with_part(row, "parts_since"),
        ),
        (
            "Not known whether the code of its first trial is what judges here",
            lambda row: row["changed_since"] == "not known",
            _with_why,
        ),
    )


def _told(
    rows: Sequence[Row], *groups: tuple[str, Callable[[Row], bool], Callable[[Row], str]]
) -> list[str]:
    """One sentence for each group that has a campaign: its words, and which."""
    found = []
    for words, belongs, named in groups:
        own = [named(row) for row in rows if belongs(row)]
        if own:
            found.append(f"{words}: {listed(own)}.")
    return found


def _answers(row: Row) -> tuple[str, str]:
    return row["rules_before"], row["changed_between"]


def _name(row: Row) -> str:
    return str(row["campaign"])


def _with_part(row: Row, key: str) -> str:
    """With the part of the code that changed, where another did not."""
    alone = len(row[key].split(", ")) < len(CODE)
    return f"{_name(row)} ({row[key]} alone)" if alone else _name(row)


def _with_why(row: Row) -> str:
    return f"{_name(row)} ({row['why']})"


def _second(instant: str | None) -> str:
    """An instant to the second, as `2026-11-24 13:28:37`; empty where there is none.

    >>> _second("2026-11-24T13:28:37.340048Z"), _second(None)
    ('2026-11-24 13:28:37', '')
    """
    return instant[:19].replace("T", " ") if instant else ""
