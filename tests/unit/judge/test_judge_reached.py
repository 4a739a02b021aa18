# SPDX-License-Identifier: Apache-2.0
"""What a trial depends on and was never reached is no outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.trial import judge_record
from nsm_resilience.tables.scenarios import agreement, scenario_rows
from tests.builders.records import Acts, note, record
from tests.builders.second_outage import earlier_outage
from tests.builders.studies import make_study, study_text

SECOND = {"outage": "second"}


def judge(folder: Path, **given: Any) -> Judgement:
    return judge_record(record(folder, factors=SECOND, **given))


def test_a_second_outage_that_never_came_because_the_first_did_not_heal_is_no_outcome(
    tmp_path: Path,
) -> None:
    found = judge(tmp_path, down=[(2.0, 99.0)])
    assert found.verdict == "not_reached"
    assert found.reason == (
        "The second outage was never reached: the path did not heal from the first in the 12.0 s "
        "watched."
    )
    assert "the only fault of the trial" in [e.text for e in found.evidence]
    assert found.measures.path_verdict == "dead"


def test_why_a_path_that_came_back_was_not_broken_again_is_told_by_the_runner(
    tmp_path: Path,
) -> None:
    because = "nsmgr-x was not Ready within 12 s of the first"
    event = note("not_reached", data={"condition": "outage: second", "because": because})
    found = judge(tmp_path, down=[(1.0, 4.0)], acts=[(8.0, event)])
    assert (found.verdict, found.reason) == (
        "not_reached", f"The second outage was never reached: {because}.",
    )  # fmt: skip


def test_without_the_runners_word_a_path_that_came_back_leaves_it_unknown(tmp_path: Path) -> None:
    found = judge(tmp_path, down=[(1.0, 4.0)])
    assert found.verdict == "unknown" and "no second outage" in found.reason


def test_a_record_that_has_lost_its_second_fault_is_unknown_and_not_unreached(
    tmp_path: Path,
) -> None:
    lost: Acts = [
        (-4.8, lambda w: w.begin("fault")),
        (-4.7, lambda w: w.end("fault")),
        (-4.6, lambda w: w.begin("watch")),
        (-4.5, lambda w: w.end("watch")),
    ]
    found = judge(tmp_path, down=[(2.0, 99.0)], acts=lost)
    assert found.verdict == "unknown" and "does not hold the instant" in found.reason


def test_a_second_outage_that_came_is_judged(tmp_path: Path) -> None:
    assert judge(tmp_path, down=[(2.0, 99.0)], acts=earlier_outage()).verdict == "unsupported"


@pytest.mark.parametrize("proved", [False, None])
def test_a_first_fault_without_proof_stays_not_injected(
    tmp_path: Path, proved: bool | None
) -> None:
    assert judge(tmp_path, down=[(2.0, 99.0)], proved=proved).verdict == "not_injected"


def test_a_probe_that_failed_leaves_a_second_outage_unknown(tmp_path: Path) -> None:
    found = judge(tmp_path, down=[(2.0, 99.0)], path_rows=lambda rows: rows[:200])
    assert found.verdict == "unknown"


def test_a_cell_that_has_only_such_trials_is_not_reached_and_agrees_with_nothing(
    tmp_path: Path,
) -> None:
    arm = {"scenarios": ["S9"], "outage": ["first", "second"], "trials": 2}
    study = make_study(tmp_path, study_text(campaign=[arm]))
    made = [
        judge_record(record(tmp_path, "S9", study=study, number=n, factors=factors,
                            down=[(2.0, 99.0)]))
        for n in (1, 2) for factors in ({}, SECOND)
    ]  # fmt: skip
    rows = {
        row["outage"]: row for row in scenario_rows("c", study, made) if row["scenario"] == "S9"
    }
    wanted = ("n", "k", "not_reached", "verdict", "agreement")
    assert [rows["first"][name] for name in wanted] == [2, 0, 0, "unsupported", "agrees"]
    assert [rows["second"][name] for name in wanted] == [0, 0, 2, "not reached", "no claim"]
    assert agreement("not reached", None) == "no claim"
