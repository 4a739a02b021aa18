# SPDX-License-Identifier: Apache-2.0
"""What is said of when rules were written, against its own definition, for any data."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nsm_resilience.report.findings.rules import QUESTIONS, answers, rows_of
from nsm_resilience.tables.campaigns import ANSWERS

WORD = st.sampled_from(ANSWERS)
PARTS = st.sampled_from(["judge", "schedule", "schedule, judge"])


@st.composite
def table_row(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """A row of table `campaigns`, with a trial or without."""
    instant = "2026-11-24T13:28:37.340048Z" if draw(st.booleans()) else None
    between, since = draw(WORD), draw(WORD)
    return {
        "campaign": f"c{number}",
        "first_trial": instant,
        "last_trial": instant,
        "rules_committed": draw(st.sampled_from([None, "2026-11-24T10:00:00Z"])),
        "rules_before": draw(WORD),
        "changed_between": between,
        "parts_between": draw(PARTS) if between == "yes" else None,
        "changed_since": since,
        "parts_since": draw(PARTS) if since == "yes" else None,
        "why": draw(st.sampled_from([None, "for many reasons"])),
    }


TABLE = st.integers(0, 5).flatmap(lambda size: st.tuples(*(table_row(n) for n in range(size))))


@given(TABLE)
def test_each_campaign_with_a_trial_gives_each_answer_that_git_shows(
    table: tuple[dict[str, Any], ...],
) -> None:
    run = [row for row in table if row["first_trial"]]
    said = answers(rows_of(table))
    if not run:
        assert said == ["No trial was run, so there is nothing to be written before."]
        return
    assert len(said) == len(QUESTIONS)
    for (question, words), sentence in zip(QUESTIONS.items(), said, strict=True):
        assert sentence.startswith(f"{words}: ")
        told = {
            name: answer
            for answer, names in re.findall(r"(yes|no|not known) \(([^)]*)\)", sentence)
            for name in re.split(", | and ", names)
        }
        assert told == {row["campaign"]: row[question] for row in run}


@given(TABLE)
def test_the_reasons_stand_in_the_table_and_nothing_is_none(
    table: tuple[dict[str, Any], ...],
) -> None:
    run = [row for row in table if row["first_trial"]]
    for row, own in zip(rows_of(table), run, strict=True):
        assert None not in row.values()
        assert row["why"] == (own["why"] or "")
        assert row["first_trial"] == "2026-11-24 13:28:37"
