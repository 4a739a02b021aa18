# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pandera.errors
import pytest

from nsm_resilience.tables.attempts import APART
from nsm_resilience.tables.cell import DEFAULTS
from nsm_resilience.tables.schemas import CLAIMS, OUTAGES, SCENARIOS, TABLES

OUTAGE: dict[str, Any] = {
    "campaign": "c", "trial": "S2-kernel-monitored-kill/01", "attempt": 1, "scenario": "S2",
    "number": 1, "begin_s": 1.0,
    "end_s": 2.0, "length_s": 1.0, "censored": False, "echoes_lost": 50, "first_seq": 1,
    "last_seq": 50,
}  # fmt: skip
SCENARIO: dict[str, Any] = {
    "campaign": "c", "scenario": "S2", "title": "t", "source": "ours",
    **DEFAULTS, "plane": "vpp", "client": "plain", "n": 2, "k": 1, "attempts": 2,
    **dict.fromkeys(APART, 0),
    "verdict": "flaky", "wilson_low": 0.1, "wilson_high": 0.9, "claimed": None,
    "agreement": "no claim", "outage_median_s": 1.0,
    "outage_median_low_s": float("nan"), "outage_median_high_s": float("inf"), "censored": 1,
    "down_median_s": 1.0, "interruptions_most": 1,
    "blind_n": 1, "blind_median_s": 3.0, "blind_censored": 1,
}  # fmt: skip


COLUMNS = {
    "trials": (
        "campaign trial attempt scenario system plane client failure outage watch remedy company "
        "lane started verdict reason path_verdict outage_s outage_censored interruptions down_s "
        "replies_sent replies_lost lost_outside replies_late longest_reply_s late_sends "
        "new_connection_s "
        "new_connection_answered new_connection_verdict blind_s blind_at_least_s blind_censored "
        "bystander_s bystander_started detected_s detected_by "
        "detected_unknown notified_s notified_by notified_unknown listener_told_s "
        "listener_told_by listener_watched watchdog_found_s watchdog_found_rule "
        "watchdog_findings watchdog_acted_s watchdog_acts watchdog_acts_failed "
        "watchdog_false_alarms watchdog_cut injection_proof watch_s record "
        "evidence"
    ),
    "scenarios": (
        "campaign scenario title source system plane client failure outage watch remedy n k "
        "attempts "
        "unknown not_injected not_reached void cut_short repeated "
        "verdict wilson_low wilson_high claimed agreement outage_median_s "
        "outage_median_low_s outage_median_high_s censored down_median_s "
        "interruptions_most blind_n blind_median_s blind_censored"
    ),
    "claims": "campaign claim text plane agreement why scenarios",
    "outages": (
        "campaign trial attempt scenario number begin_s end_s length_s "
        "censored echoes_lost first_seq last_seq"
    ),
    "new_clients": (
        "campaign trial attempt scenario system plane client failure outage watch remedy number "
        "new_client asked_s answered waited_s window_s stage"
    ),
    "disturbances": (
        "campaign trial attempt scenario lane number kind begin_s length_s echoes beside "
        "cause_trial cause_lane act act_text act_at offset_ms followed"
    ),
    "coincidences": "campaign kind stretches shared by_chance by_chance_most",
    "components": "campaign trial attempt scenario node component t_s what value",
    "processor": (
        "campaign trial attempt scenario system plane client failure outage watch remedy node "
        "component sampled_s used_s most_share spun_s spun_from_s"
    ),
    "controls": (
        "campaign system plane client remedy attempts unknown watched_s longest_watch_s "
        "false_alarms alarms_per_h alarms_low_per_h alarms_high_per_h acts gaps down_s "
        "echoes_sent echoes_lost echoes_late sends_late sampled used_s_per_h busiest "
        "busiest_share spun spun_s spun_from_s"
    ),
    "phases": "campaign trial attempt scenario phase begin_s seconds",
    "sensitivity": (
        "campaign rule value own_value n verdicts_changed paths_changed verdicts paths"
    ),
    "campaigns": (
        "campaign first_trial last_trial first_commit last_commit commits study_file "
        "rules_committed rules_before changed_between parts_between changes changed_since "
        "parts_since why"
    ),
    "rule_changes": "campaign commit committed subject parts paths",
}


def test_no_column_is_gone_that_notebooks_and_paper_build_on() -> None:
    there = {table.name: table.names for table in TABLES}
    gone = {name: set(columns.split()) - set(there[name]) for name, columns in COLUMNS.items()}
    assert not any(gone.values()), gone


def test_every_column_says_what_it_means() -> None:
    assert all(column.meaning for table in TABLES for column in table.columns)


def test_a_row_as_it_should_be_is_taken() -> None:
    assert len(OUTAGES.frame([OUTAGE])) == 1
    assert len(SCENARIOS.frame([SCENARIO])) == 1


def test_a_table_without_rows_keeps_its_types() -> None:
    for table in TABLES:
        assert [str(t) for t in table.frame([]).dtypes] == [c.dtype for c in table.columns]


@pytest.mark.parametrize(
    "change",
    [
        {"number": 0},
        {"length_s": -1.0},
        {"length_s": None},
        {"trial": None},
        {"end_s": None},
        {"censored": True},
    ],
)
def test_a_wrong_outage_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((pandera.errors.SchemaErrors, ValueError, TypeError)):
        OUTAGES.frame([{**OUTAGE, **change}])


@pytest.mark.parametrize(
    "change",
    [
        {"k": 3},
        {"n": 0, "k": 0},
        {"wilson_low": 0.6},
        {"wilson_high": 1.2},
        {"verdict": "mostly"},
        {"verdict": "not reached"},
        {"verdict": "not reached", "n": 0, "k": 0, "censored": 0},
        {"claimed": "perhaps"},
        {"censored": 3},
        {"blind_n": 3},
        {"blind_censored": 2},
    ],
)
def test_a_wrong_scenario_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(pandera.errors.SchemaErrors):
        SCENARIOS.frame([{**SCENARIO, **change}])


def test_the_same_row_twice_is_refused() -> None:
    with pytest.raises(pandera.errors.SchemaErrors):
        OUTAGES.frame([OUTAGE, OUTAGE])


def test_a_foreign_or_missing_column_is_refused() -> None:
    with pytest.raises(KeyError, match="colour"):
        OUTAGES.frame([{**OUTAGE, "colour": "red"}])
    with pytest.raises(KeyError):
        CLAIMS.frame([{"campaign": "c"}])
