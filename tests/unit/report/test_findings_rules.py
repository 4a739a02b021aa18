# SPDX-License-Identifier: Apache-2.0
"""What is said of when rules were written, against its own definition, for any data."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nsm_resilience.record.commits import CODE
from nsm_resilience.report.findings.rules import changed_since, rows_of, written_before
from nsm_resilience.tables.campaigns import ANSWERS

WORD = st.sampled_from(ANSWERS)
PARTS = st.sampled_from(["judge", "schedule", "schedule, judge"])


@st.composite
def table_row(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """A row of table `campaigns`, with a trial or without."""
    run = draw(st.booleans())
    before, between, since = draw(WORD), draw(WORD), draw(WORD)
    known = "not known" not in (before, between, since) and before == "yes"
    instant = "2026-11-24T13:28:37.340048Z" if run else None
    return {
        "campaign": f"c{number}",
        "first_trial": instant,
        "last_trial": instant,
        "first_commit": draw(st.sampled_from([None, "a" * 40])),
        "last_commit": None,
        "rules_committed": draw(st.sampled_from([None, "2026-11-24T10:00:00Z"])),
        "rules_before": before,
        "changed_between": between,
        "parts_between": draw(PARTS) if between == "yes" else None,
        "changed_since": since,
        "parts_since": draw(PARTS) if since == "yes" else None,
        "why": None if known else f"for {number} reasons",
    }


TABLE = st.integers(0, 5).flatmap(lambda size: st.tuples(*(table_row(n) for n in range(size))))

BEFORE = {
    "In git before the first trial, and unchanged up to the last": ("yes", "no"),
    "In git before the first trial; their code was changed before the last": ("yes", "yes"),
    "In git before the first trial; whether they changed before the last is not known": (
        "yes",
        "not known",
    ),
    "Not in git before the first trial as they were then": ("no", None),
    "Not known whether they were in git before the first trial": ("not known", None),
}
SINCE = {
    "Judged here by the code of its first trial": "no",
    "Judged here by code that was changed since its first trial": "yes",
    "Not known whether the code of its first trial is what judges here": ("not known"),
}


def named(sentences: list[str], words: str) -> str:
    """The campaigns that the sentence with these words names; empty without such a sentence."""
    (found,) = [s for s in sentences if s.startswith(f"{words}: ")] or [""]
    return found.partition(": ")[2]


@given(TABLE)
def test_each_campaign_with_a_trial_is_named_once_where_it_belongs(
    table: tuple[dict[str, Any], ...],
) -> None:
    rows = rows_of(table)
    said = written_before(rows)
    run = [row for row in table if row["first_trial"]]
    if not run:
        assert said == ["No trial was run, so there is nothing to be written before."]
        assert changed_since(rows) == []
        return
    for row in run:
        for words, (before, between) in BEFORE.items():
            belongs = row["rules_before"] == before and between in (None, row["changed_between"])
            assert (row["campaign"] in named(said, words)) == belongs
        for words, since in SINCE.items():
            belongs = row["changed_since"] == since
            assert (row["campaign"] in named(changed_since(rows), words)) == belongs
    for row in table:
        assert " ".join(said).count(row["campaign"]) == bool(row["first_trial"])


@given(TABLE)
def test_a_reason_or_the_parts_stand_beside_each_answer_that_needs_them(
    table: tuple[dict[str, Any], ...],
) -> None:
    rows = rows_of(table)
    said = " ".join(written_before(rows))
    later = " ".join(changed_since(rows))
    for row in rows:
        answer = (row["rules_before"], row["changed_between"])
        assert (f"{row['campaign']} ({row['why']})" in said) == (
            answer[0] != "yes" or answer[1] == "not known"
        )
        if answer == ("yes", "yes"):
            alone = f"{row['campaign']} ({row['parts_between']} alone)"
            assert (alone in said) == (row["parts_between"] in CODE)
        if row["changed_since"] == "yes":
            alone = f"{row['campaign']} ({row['parts_since']} alone)"
            assert (alone in later) == (row["parts_since"] in CODE)
