# SPDX-License-Identifier: Apache-2.0
"""What the paper says of the judge's thresholds."""

from __future__ import annotations

from typing import Any

from nsm_resilience.report.sensitivity import sensitivity
from nsm_resilience.tables.schemas import SENSITIVITY

ROW: dict[str, Any] = {
    "campaign": "c", "rule": "judge.loss_run", "value": 10.0, "own_value": 5.0, "n": 9,
    "verdicts_changed": 1, "paths_changed": 3, "verdicts": "S7-x/03 (1): unknown to supported",
    "paths": "S2-x/01 (1): recovered to alive; S2-x/02 (1): recovered to alive; "
             "S3-x/01 (2): dead to late",
}  # fmt: skip
SAME = {**ROW, "value": 3.0, "verdicts_changed": 0, "paths_changed": 0, "verdicts": None,
        "paths": None}  # fmt: skip


def test_points_that_change_something_are_told_by_cell_and_all_are_counted() -> None:
    found = sensitivity(SENSITIVITY.frame([SAME, ROW, {**SAME, "campaign": "d"}]))
    assert found["points"] == 3
    (row,) = found["rows"]
    assert (row["campaign"], row["value"], row["own_value"]) == ("c", "10", "5")
    assert row["verdicts"] == ["S7-x: 1 unknown to supported"]
    assert row["paths"] == ["S2-x: 2 recovered to alive", "S3-x: 1 dead to late"]


def test_over_all_campaigns_each_value_of_a_rule_is_summed_up() -> None:
    found = sensitivity(SENSITIVITY.frame([SAME, ROW, {**ROW, "campaign": "d", "own_value": 3.0}]))
    (rule,) = found["rules"]
    assert (rule["rule"], rule["own"]) == ("judge.loss_run", ["3", "5"])
    assert rule["values"] == [
        {"value": "3", "n": 9, "verdicts": 0, "paths": 0, "turned": 0},
        {"value": "10", "n": 18, "verdicts": 2, "paths": 6, "turned": 0},
    ]
    assert rule["words"] == "echoes lost in a row that make an interruption"
    assert found["turned"].startswith("At none of these values does a verdict turn")


def test_a_verdict_that_turns_is_told_from_one_that_is_no_longer_known() -> None:
    """All 32 verdicts that a settle time of 20 s changed became unknown; none turned."""
    words = "S2-x/01 (1): supported to unsupported; S3-x/01 (1): supported to unknown"
    turns = {**ROW, "verdicts_changed": 2, "verdicts": words}
    found = sensitivity(SENSITIVITY.frame([SAME, turns]))
    assert [value["turned"] for value in found["rules"][0]["values"]] == [0, 1]
    assert found["turned"] == (
        "At most 1 verdict would turn from supported to unsupported or back (echoes lost in a row "
        "that make an interruption: 10)."
    )
    assert sensitivity(SENSITIVITY.frame([]))["turned"] == ""
