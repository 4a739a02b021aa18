# SPDX-License-Identifier: Apache-2.0
"""What the paper says of a watchdog: also of attempts that count in no verdict."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nsm_resilience.report.watchdog import watchdog
from nsm_resilience.study.load import load_study

STUDY = load_study(Path(__file__).parents[3] / "config" / "study-beyond.yaml")


def attempt(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "campaign": "c", "trial": f"S2-kernel-monitored-kill-heal/{number:02}", "attempt": 1,
        "scenario": "S2", "plane": "kernel", "remedy": "heal", "verdict": "supported",
        "reason": "x", "watchdog_found_s": 2.0, "watchdog_acts": 1, "watchdog_acts_failed": 0,
        "watchdog_false_alarms": 0, "watchdog_cut": False, **changes,
    }  # fmt: skip


def arms_of(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = watchdog(pd.DataFrame(rows), STUDY, Path(), [])["arms"]
    return found


def test_harm_is_counted_in_every_attempt_and_findings_in_judged_ones() -> None:
    spoiled = attempt(2, verdict="unknown", reason="void: x", watchdog_false_alarms=1,
                      watchdog_cut=True, watchdog_acts=3, watchdog_found_s=math.nan)  # fmt: skip
    (arm,) = arms_of(attempt(1), spoiled)
    assert (arm["attempts"], arm["faults"], arm["found"]) == (2, 1, 1)
    assert (arm["acts"], arm["alarmed"], arm["cut"], arm["cut_known"]) == (4, 1, 1, 2)
    assert arm["cut_in"] == [{"cell": "S2-kernel-monitored-kill-heal", "n": 1}]


def test_a_finding_in_a_control_is_an_alarm_and_no_fault_found() -> None:
    (arm,) = arms_of(attempt(1, scenario="S1", watchdog_false_alarms=1))
    assert (arm["faults"], arm["controls"], arm["controls_alarmed"]) == (0, 1, 1)


def test_without_a_watchdog_nothing_is_said() -> None:
    bare = attempt(1, remedy="none", watchdog_false_alarms=None)
    assert watchdog(pd.DataFrame([bare]), STUDY, Path(), []) == {"rules": [], "arms": []}


def test_rules_are_stated_whatever_the_id_of_a_cell_ends_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They were looked for by the end of the cell's id, which a later factor would change."""
    ids = ("S2-kernel-monitored-kill-observe-new/01", "S2-kernel-monitored-kill-heal-new/01")
    rows = [attempt(1, trial=ids[0], remedy="observe"), attempt(1, trial=ids[1])]
    records = [{"path": f"records/{trial}/1", "outcome": "complete"} for trial in ids]
    monkeypatch.setattr("nsm_resilience.report.watchdog._rules", lambda folder: [str(folder)])
    for known, path in ((records, records[1]["path"]), (records[:1], records[0]["path"])):
        assert watchdog(pd.DataFrame(rows), STUDY, Path(), known)["rules"] == [path]
    assert watchdog(pd.DataFrame(rows), STUDY, Path(), [])["rules"] == []
