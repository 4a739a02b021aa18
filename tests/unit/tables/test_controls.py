# SPDX-License-Identifier: Apache-2.0
"""What came without any fault is summed up over watches of any length (issue 17.4)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.path import Outage
from nsm_resilience.judge.processor_time import ProcessorTime
from nsm_resilience.report.without_fault import without_fault
from nsm_resilience.tables.controls import CONTROLS, PROCESSOR, control_rows, processor_rows
from tests.builders.judging import judge

SPUN = ProcessorTime("client", "nsmd-k8s", 3600.0, 1900.0, 0.93, 1700.0, 1810.0)
STILL = ProcessorTime("client", "nsmd", 3600.0, 20.0, 0.1, 0.0, None)


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    found = judge(tmp_path_factory.mktemp("control"), "S1")
    assert found.control and found.outcome == "complete"
    return found


def hour(one: Judgement, remedy: str, **measures: object) -> Judgement:
    return replace(
        one, remedy=remedy, measures=replace(one.measures, watch_s=3600.0, **measures)  # type: ignore[arg-type]
    )  # fmt: skip


def test_alarms_are_told_per_hour_with_an_exact_interval(control: Judgement) -> None:
    own = [hour(control, "heal", watchdog_false_alarms=3, watchdog_acts=1),
           hour(control, "heal", watchdog_false_alarms=2, watchdog_acts=0)]  # fmt: skip
    (row,) = control_rows("c", own)
    assert (row["attempts"], row["watched_s"], row["false_alarms"], row["acts"]) == (2, 7200, 5, 1)
    assert row["alarms_per_h"] == 2.5
    # Garwood's interval of 5 events is 1.6235 to 11.6683
    assert row["alarms_low_per_h"] == pytest.approx(1.6235 / 2, abs=1e-4)
    assert row["alarms_high_per_h"] == pytest.approx(11.6683 / 2, abs=1e-4)


def test_a_watch_without_its_watchdog_is_no_time_without_alarms(control: Judgement) -> None:
    own = [hour(control, "heal", watchdog_false_alarms=1, watchdog_acts=0), hour(control, "heal")]
    (row,) = control_rows("c", own)
    assert (row["watched_s"], row["alarms_per_h"]) == (7200, 1.0)


def test_without_a_watchdog_there_are_no_alarms_rather_than_none(control: Judgement) -> None:
    rows = list(control_rows("c", [hour(control, "none"), hour(control, "heal",
                                   watchdog_false_alarms=0, watchdog_acts=0)]))  # fmt: skip
    table = CONTROLS.frame(rows)
    none, heal = table.to_dict("records")
    assert none["remedy"] == "none"
    assert table["false_alarms"].isna().tolist() == [True, False]
    assert heal["alarms_per_h"] == 0
    assert heal["alarms_high_per_h"] == pytest.approx(3.6889, abs=1e-4)
    shown = without_fault(table)
    assert [row["alarms"] for row in shown] == ["", "0"]
    assert [row["cells"] for row in shown] == ["kernel, no remedy", "kernel, watchdog heals"]
    assert shown[1]["alarms_per_h"] == "0 (0–3.7)"


def test_a_component_that_spun_is_told_with_when(control: Judgement) -> None:
    spun = hour(control, "none", processor_times=(STILL, SPUN))
    table = CONTROLS.frame(control_rows("c", [spun, hour(control, "none")]))
    (row,) = table.to_dict("records")
    assert (row["sampled"], row["spun"]) == (1, 1)
    assert (row["spun_s"], row["spun_from_s"]) == (1700.0, 1810.0)
    assert (row["used_s_per_h"], row["busiest"], row["busiest_share"]) == (1920.0, "nsmd-k8s", 0.93)
    assert without_fault(table)[0]["busiest"] == "nsmd-k8s 93"
    # the other was not sampled
    assert without_fault(table)[0]["spun"] == "in 1 of 1, 1700 s from 1810 s on"
    assert len(PROCESSOR.frame(processor_rows(spun))) == 2
    still = CONTROLS.frame(control_rows("c", [hour(control, "none", processor_times=(STILL,))]))
    assert without_fault(still)[0]["spun"] == "none of 1"
    unsampled = CONTROLS.frame(control_rows("c", [hour(control, "none")]))
    assert without_fault(unsampled)[0]["spun"] == ""


def test_gaps_are_counted_and_trials_with_a_fault_are_not(
    control: Judgement, tmp_path: Path
) -> None:
    gap = Outage(1, 5.0, 6.5, 1.5, False, 70, 100, 170)
    own = [hour(control, "none", outages=(gap,), down_s=1.5), judge(tmp_path, "S2")]
    table = CONTROLS.frame(control_rows("c", own))
    (row,) = table.to_dict("records")
    assert (row["attempts"], row["gaps"], row["down_s"]) == (1, 1, 1.5)


def test_one_that_is_unknown_counts_too_and_one_without_a_path_does_not(control: Judgement) -> None:
    unknown = replace(hour(control, "none"), verdict="unknown")
    unmeasured = replace(control, measures=replace(control.measures, outage_s=None))
    (row,) = control_rows("c", [unknown, unmeasured, replace(control, outcome="void")])
    assert (row["attempts"], row["unknown"]) == (1, 1)
