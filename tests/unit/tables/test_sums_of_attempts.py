# SPDX-License-Identifier: Apache-2.0
"""No attempt vanishes: the parts of every sum add up to the attempts, whatever verdicts come."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from nsm_resilience.judge.verdict import Verdict
from nsm_resilience.report.numbers import verdict_counts
from nsm_resilience.tables import attempts as module
from nsm_resilience.tables.attempts import (
    APART,
    JUDGED,
    MEANINGS,
    PARTS,
    all_accounted_for,
    attempt_columns,
    attempt_row,
    counted_parts,
    part_of,
    parts_of,
    that_count,
)

VERDICTS = get_args(Verdict)
PAPER = Path(module.__file__).parents[3] / "paper"

OUTCOMES = st.one_of(
    st.tuples(st.just("complete"), st.sampled_from(VERDICTS)),
    st.tuples(st.sampled_from(["void", "cut", "unreadable"]), st.just("unknown")),
)


def table(trials: list[list[tuple[str, str]]]) -> pd.DataFrame:
    """Rows of table `trials`, as far as they are counted by: a list of attempts for each trial."""
    rows = [
        {
            "campaign": "c", "trial": f"S2-kernel-monitored-kill/{number:02}", "attempt": attempt,
            "verdict": verdict,
            "reason": "because" if outcome == "complete" else f"{outcome}: because",
        }
        for number, own in enumerate(trials, 1)
        for attempt, (outcome, verdict) in enumerate(own, 1)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["campaign", "trial", "attempt", "verdict", "reason"])


def test_every_verdict_is_judged_or_apart_and_has_a_column() -> None:
    assert set(JUDGED) | set(APART) == set(PARTS) >= set(VERDICTS)
    assert tuple(MEANINGS) == APART
    assert [column.name for column in attempt_columns()] == ["attempts", *APART]


@given(st.lists(st.lists(OUTCOMES, min_size=1, max_size=3), max_size=12))
@settings(max_examples=100, deadline=None)
def test_the_parts_of_any_campaign_add_up_to_its_attempts(
    trials: list[list[tuple[str, str]]],
) -> None:
    made = table(trials)
    found = verdict_counts(made)
    assert found["attempts"] == len(made) == sum(found[part] for part in PARTS)
    assert found["judged"] + sum(it["n"] for it in found["apart"]) == len(made)
    own = that_count(made)
    assert found["judged"] == int(own["verdict"].isin(JUDGED).sum())
    parts = counted_parts(parts_of(made))
    row = {**attempt_row(parts), "n": sum(parts[word] for word in JUDGED)}
    assert all_accounted_for(pd.DataFrame([row])).all()


def test_an_unknown_attempt_that_was_run_again_stays_unknown() -> None:
    # nine of them were called void in the recorded campaign with remedies
    made = table([[("complete", "unknown"), ("complete", "supported")]])
    assert parts_of(made).tolist() == ["unknown", "supported"]
    again = table([[("complete", "unsupported"), ("void", "unknown"), ("complete", "supported")]])
    assert parts_of(again).tolist() == ["repeated", "void", "supported"]
    assert part_of("unreadable", "unknown", counts=False) == "unknown"


def test_a_verdict_that_is_added_later_has_a_part_of_its_own() -> None:
    assert part_of("complete", "something_new", counts=False) == "something_new"
    assert module.in_words("something_new") == "something new"


def test_the_paper_names_no_part_by_hand_where_it_sums() -> None:
    """A sum that is typed lacks the next verdict: `apart` has all of them."""
    typed = re.compile(
        r"\b(?:counts|row|way|beyond)\.(?:unknown|void|cut_short|not_injected|not_reached)\b"
    )
    found = [
        (path.name, line)
        for path in sorted(PAPER.glob("*.typ"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if typed.search(line)
    ]
    assert found == []
