# SPDX-License-Identifier: Apache-2.0
"""What if a rule were another: by hand for a campaign, and by a grid for every record."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsm_resilience.judge.altered import GRID, KEYS, AlterationError, altered, parse, value_of
from nsm_resilience.judge.rules import Rules
from nsm_resilience.judge.rules_section import KEY, RULEBOOK
from nsm_resilience.judge.trial import judge_record
from nsm_resilience.study.windows import JudgeRules
from nsm_resilience.tables.sensitivity import sensitivity_rows
from tests.builders.records import record


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("judge.loss_runs=8", "did you mean `judge.loss_run`"),
        ("loss=8", "is no rule"),
        ("judge.loss_run", "a whole number from 1 to 10,000,000"),
        ("judge.loss_run=2.5", "write e.g. `judge.loss_run=5`"),
        ("judge.loss_run=0", "a whole number"),
        ("judge.loss_run=1e300", "from 1 to 10,000,000"),
        ("judge.loss_share=1.5", "at most 1"),
        ("judge.late_reply_s=nan", "a number above 0"),
        ("judge.late_reply_s=inf", "a number above 0 and at most 86,400"),
        ("judge.late_reply_s=1e300", "at most 86,400"),
        ("judge.late_reply_s=soon", "a number above 0"),
    ],
)
def test_what_is_no_rule_or_no_value_is_refused_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(AlterationError, match=says):
        parse(text)


def test_every_threshold_of_the_rulebook_and_every_rule_of_a_study_can_be_altered() -> None:
    sampled = {"interval_s", "component_interval_s"}
    named = {key for key in KEY.findall(RULEBOOK) if not key.isupper()}
    assert named - sampled == set(KEYS.values())
    assert {f"judge.{name}" for name in JudgeRules.model_fields} <= KEYS.keys()
    assert "windows.settle_s" in KEYS
    for key in KEYS:
        changed = altered(Rules(), [parse(f"{key}=1")])
        assert value_of(changed, key) == 1


def test_a_judgement_by_altered_rules_says_so(tmp_path: Path) -> None:
    found = judge_record(record(tmp_path, down=[(1.0, 4.0)]), [parse("judge.loss_run=500")])
    # never stopped by that rule, and watched for too short a time to say so
    assert (found.measures.path_verdict, found.measures.outages) == ("unknown", ())
    assert found.altered == ("judge.loss_run=500",) and found.under == ()
    assert found.reason.startswith("By altered rules (judge.loss_run=500): ")


def test_the_grid_says_what_judging_by_each_point_says(tmp_path: Path) -> None:
    trial = record(tmp_path, down=[(1.0, 1.14)])  # seven echoes
    found = judge_record(trial)
    under = {one.rule: (one.verdict, one.path_verdict) for one in found.under}
    for point in GRID:
        by_hand = judge_record(trial, [point])
        told = under.get(str(point), (found.verdict, found.measures.path_verdict))
        assert told == (by_hand.verdict, by_hand.measures.path_verdict), str(point)
    assert found.measures.path_verdict == "recovered"
    assert under["judge.loss_run=10"] == ("unknown", "unknown")
    assert "judge.loss_run=3" not in under and "judge.loss_run=5" not in under


def test_the_table_names_the_trials_that_change(tmp_path: Path) -> None:
    found = judge_record(record(tmp_path, down=[(1.0, 1.14)]))
    rows = {(r["rule"], r["value"]): r for r in sensitivity_rows("c", Rules(), [found])}
    assert len(rows) == len(GRID)
    assert rows["judge.loss_run", 5.0]["paths_changed"] == 0
    assert rows["judge.loss_run", 10.0]["paths_changed"] == 1
    assert rows["judge.loss_run", 10.0]["paths"].startswith(f"{found.trial} (1): ")
