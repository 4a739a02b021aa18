# SPDX-License-Identifier: Apache-2.0
"""Arms with a watchdog: what it found and did, its treatment, and the harm it may have done.

The records are constructed; nothing here was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.trial import judge_record
from tests.builders.records import note, record
from tests.builders.samples import INTERVAL, wall
from tests.builders.second_outage import earlier_outage
from tests.builders.studies import WINDOWS
from tests.builders.watchdog_events import Told, acts_at, condition, finds, said, watched


def judge(
    tmp_path: Path,
    scenario: str = "S8",
    remedy: str = "heal",
    says: Sequence[Told] = (),
    **given: Any,
) -> Judgement:
    given.setdefault("acts", [*watched(remedy), *says])
    factors = {"remedy": remedy, **given.pop("factors", {})}
    return judge_record(record(tmp_path, scenario, factors=factors, **given))


# --- what it found and did ------------------------------------------------------------------------


def test_without_a_watchdog_its_columns_are_empty(tmp_path: Path) -> None:
    found = judge(tmp_path, remedy="none", acts=())
    assert found.verdict == "supported"
    own = {n: getattr(found.measures, n) for n in found.measures.__slots__ if "watchdog" in n}
    assert len(own) == 8 and set(own.values()) == {None}


def test_the_first_finding_after_the_fault_and_its_rule(tmp_path: Path) -> None:
    says = [*finds(3.0, "path-dead", 2), *finds(2.0, "socket-lost", 1)]
    found = judge(tmp_path, says=says)
    assert found.verdict == "supported"
    m = found.measures
    assert (m.watchdog_found_s, m.watchdog_found_rule) == (pytest.approx(2.0), "socket-lost")
    assert m.watchdog_findings == 2
    assert "the watchdog first found something 2.0 s after the fault" in found.reason
    lines = [e for e in found.evidence if e.what == "watchdog"]
    assert lines[0].text == "rule socket-lost holds of socket nsm.io.sock: it is gone"


def test_a_watchdog_that_finds_nothing_says_so(tmp_path: Path) -> None:
    found = judge(tmp_path, remedy="observe")
    m = found.measures
    assert (m.watchdog_found_s, m.watchdog_findings, m.watchdog_acts) == (None, 0, 0)
    assert (m.watchdog_false_alarms, m.watchdog_cut) == (0, False)
    assert "the watchdog found nothing" in found.reason


def test_actions_are_counted_with_those_that_failed(tmp_path: Path) -> None:
    says = [
        *finds(2.0, "socket-lost", 1),
        *acts_at(2.5, "socket-lost", 1, ok=False),
        *acts_at(4.5, "socket-lost", 1),
    ]
    m = judge(tmp_path, says=says).measures
    assert m.watchdog_acted_s == pytest.approx(2.5)
    assert (m.watchdog_acts, m.watchdog_acts_failed) == (2, 1)


def test_what_comes_after_the_watch_does_not_count(tmp_path: Path) -> None:
    m = judge(tmp_path, says=finds(WINDOWS["watch_s"] + 1, "path-dead", 1)).measures
    assert (m.watchdog_findings, m.watchdog_found_s, m.detected_s) == (0, None, None)


def test_an_act_for_a_new_client_after_the_watch_is_counted_and_is_not_the_first_in_it(
    tmp_path: Path,
) -> None:
    late = acts_at(WINDOWS["watch_s"] + 1, "path-failed", 1)
    found = judge(tmp_path, says=late)
    m = found.measures
    assert (m.watchdog_acts, m.watchdog_acted_s, m.watchdog_found_s) == (1, None, None)
    assert "first acted" not in found.reason
    assert "it acted outside the watch alone (once)" in found.reason
    both = judge(tmp_path / "both", says=[*acts_at(2.0, "socket-lost", 2), *late]).measures
    assert (both.watchdog_acts, both.watchdog_acted_s) == (2, pytest.approx(2.0))


# --- false alarms ---------------------------------------------------------------------------------


def test_a_finding_before_the_fault_is_a_false_alarm_and_not_a_detection(tmp_path: Path) -> None:
    found = judge(tmp_path, says=finds(-0.5, "path-dead", 1))
    assert found.verdict == "supported"
    assert found.measures.watchdog_false_alarms == 1
    assert found.measures.watchdog_findings == 0
    assert found.measures.detected_s is None
    assert any(e.what == "false alarm" for e in found.evidence)


def test_a_condition_of_the_watchdog_before_the_fault_does_not_hide_the_trial(
    tmp_path: Path,
) -> None:
    assert judge(tmp_path, says=[condition(-0.5, "Path", "False")]).verdict == "supported"


def test_in_a_control_every_finding_is_a_false_alarm_until_the_pods_are_taken_away(
    tmp_path: Path,
) -> None:
    collected = WINDOWS["watch_s"] + 12.5
    says = [
        *finds(3.0, "path-dead", 1),
        *finds(WINDOWS["watch_s"] + 2, "path-dead", 2),
        (collected, lambda writer: writer.begin("collect")),
        *finds(collected + 0.1, "path-dead", 3),
    ]
    found = judge(tmp_path, "S1", says=says)
    assert found.control and found.measures.watchdog_false_alarms == 2


def test_what_is_found_of_the_first_of_two_outages_is_no_false_alarm(tmp_path: Path) -> None:
    says = [*earlier_outage(), *finds(-0.5, "path-dead", 1)]
    found = judge(tmp_path, says=says, factors={"outage": "second"})
    assert found.measures.watchdog_false_alarms == 0


def test_harm_and_false_alarms_of_a_void_attempt_are_kept(tmp_path: Path) -> None:
    spoilt = (-0.2, note("void", data={"reason": "the steady state was not green"}))
    says = [*finds(-1.5, "socket-lost", 1), *acts_at(-1.0, "socket-lost", 1, ok=False), spoilt]
    found = judge(tmp_path, says=says)
    assert found.outcome == "void"
    m = found.measures
    assert (m.watchdog_false_alarms, m.watchdog_acts, m.watchdog_acts_failed) == (1, 1, 1)
    assert m.watchdog_cut is None and m.watchdog_findings is None


def test_a_finding_after_a_fault_is_no_false_alarm(tmp_path: Path) -> None:
    assert judge(tmp_path, says=finds(3.0, "path-dead", 1)).measures.watchdog_false_alarms == 0


# --- shown and told -------------------------------------------------------------------------------


def test_a_finding_is_detection_by_the_watchdog(tmp_path: Path) -> None:
    found = judge(tmp_path, says=finds(2.0, "socket-lost", 1)).measures
    assert found.detected_s == pytest.approx(2.0)
    assert found.detected_by == "watchdog: rule socket-lost on the client's node"


def test_kubernetes_is_still_named_where_it_was_first(tmp_path: Path) -> None:
    counts = {"count_before": 0, "count_after": 1}
    restart = note("restart", source="kubernetes", node="client", target="nsmd", data=counts)
    found = judge(tmp_path, says=[(1.0, restart), *finds(2.0, "peers-stale", 1)]).measures
    assert found.detected_by == "Kubernetes: restart of nsmd on the client's node"
    assert found.watchdog_found_s == pytest.approx(2.0)


def test_a_line_in_the_workspace_tells_a_client_that_has_it_mounted(tmp_path: Path) -> None:
    line = said(3.0, "told", target="client default/client", to="client", by="workspace file")
    told = {}
    for client in ("monitored", "plain"):
        made = record(
            tmp_path / client, "S9", factors={"remedy": "observe", "client": client},
            acts=[*watched("observe"), line],
        )  # fmt: skip
        told[client] = judge_record(made).measures
    assert told["monitored"].notified_s == pytest.approx(3.0)
    assert told["monitored"].notified_by == "watchdog: workspace file"
    assert told["plain"].notified_s is None


@pytest.mark.parametrize("good", [{"alive": True}, {"text": "the path answers again"}])
def test_that_the_path_answers_again_is_no_bad_news(tmp_path: Path, good: dict[str, Any]) -> None:
    line = said(3.0, "told", target="client default/client", to="client", by="condition", **good)
    assert judge(tmp_path, says=[line]).measures.notified_s is None


def test_the_watchdogs_own_pods_are_no_part_of_the_system(tmp_path: Path) -> None:
    unready = {"pod": "nsm-watchdog-x7k2p", "type": "Ready", "status": "False", "reason": ""}
    event = {
        "type": "Warning", "reason": "Unhealthy", "message": "probe timed out",
        "involvedObject": {"kind": "Pod", "name": "nsm-watchdog-x7k2p"},
        "reportingComponent": "kubelet", "firstTimestamp": wall(5.0),
    }  # fmt: skip
    says = [(at, note("condition", node="client", data=unready)) for at in (-0.5, 2.0)]
    restarted = {"pod": "nsm-watchdog-x7k2p", "count_before": 0, "count_after": 1}
    says.append((3.0, note("restart", node="client", target="watchdog", data=restarted)))
    found = judge(tmp_path, says=says, kubernetes=[event])
    assert found.verdict == "supported" and found.measures.detected_s is None


def test_what_another_client_is_told_does_not_tell_this_one(tmp_path: Path) -> None:
    other = said(3.0, "told", target="client default/newcomer", to="client", by="workspace file")
    operator = said(3.0, "told", target="nsmd", to="operator", by="condition")
    assert judge(tmp_path, says=[other, operator]).measures.notified_s is None


def test_conditions_and_events_of_the_watchdog_are_named_as_its_own(tmp_path: Path) -> None:
    found = judge(tmp_path, says=[condition(4.0, "Path", "False")]).measures
    assert found.detected_by == "watchdog: condition Path of pod client on the client's node"
    assert found.notified_by == "watchdog: condition Path"
    event = {
        "type": "Warning", "reason": "NsmPathDead", "message": "no reply",
        "involvedObject": {"kind": "Pod", "name": "client"},
        "reportingComponent": "nsm-watchdog", "firstTimestamp": wall(5.0),
    }  # fmt: skip
    found = judge(tmp_path / "event", kubernetes=[event]).measures
    assert found.detected_by == "watchdog: Warning event NsmPathDead of Pod client"
    assert found.notified_by == "watchdog: event NsmPathDead"


def test_a_condition_that_the_watchdog_does_not_know_is_no_bad_news(tmp_path: Path) -> None:
    found = judge(tmp_path, says=[condition(4.0, "Path", "Unknown")]).measures
    assert (found.detected_s, found.notified_s) == (None, None)


# --- no arm without its treatment -----------------------------------------------------------------


def test_an_arm_whose_watchdog_never_started_is_unknown(tmp_path: Path) -> None:
    found = judge(tmp_path, acts=())
    assert found.verdict == "unknown"
    assert found.reason == (
        "The watchdog on the client's node was not watching when the fault came."
    )


def test_one_node_without_a_watchdog_is_enough(tmp_path: Path) -> None:
    acts = [a for a in watched("heal", nodes=("client",))]
    found = judge(tmp_path, acts=acts)
    assert found.verdict == "unknown" and "endpoint's node" in found.reason


def test_a_watchdog_in_another_mode_is_another_arm(tmp_path: Path) -> None:
    found = judge(tmp_path, remedy="heal", acts=watched("observe"))
    assert found.verdict == "unknown" and "`observe`, and the arm is `heal`" in found.reason


def test_a_watchdog_that_ends_in_the_watch_is_unknown_also_when_it_comes_back(
    tmp_path: Path,
) -> None:
    says = [said(4.0, "ended", target=None), said(5.0, "started", target=None, mode="heal")]
    found = judge(tmp_path, says=says)
    assert found.verdict == "unknown"
    assert found.reason == (
        "The watchdog on the client's node stopped watching 4.0 s after the fault."
    )


def test_a_watchdog_that_is_not_heard_to_the_end_is_unknown(tmp_path: Path) -> None:
    found = judge(tmp_path, acts=watched("heal", ended=False))
    assert found.verdict == "unknown" and "until the end of the watch" in found.reason


def beating(stop_s: float, again_s: float) -> list[Told]:
    """A watchdog that beats every second but between two times."""
    begin = [said(-4.0, "started", node=n, target=None, mode="heal", beat_s=1.0)
             for n in ("client", "endpoint")]  # fmt: skip
    at = [-3.5 + i for i in range(int(WINDOWS["watch_s"]) + 14)]
    beats = [said(t, "beat", node=n, target=None, late=0)
             for t in at for n in ("client", "endpoint")
             if n == "client" or not stop_s < t < again_s]  # fmt: skip
    return [*begin, *beats]


def test_a_watchdog_that_answers_and_does_not_look_is_unknown(tmp_path: Path) -> None:
    found = judge(tmp_path, acts=beating(2.0, 8.0))
    assert found.verdict == "unknown"
    assert "the endpoint's node did not look for 7.0 s, 1.5 s after the fault" in found.reason
    assert judge(tmp_path / "well", acts=beating(2.0, 3.0)).verdict == "supported"


def test_a_watchdog_that_stops_looking_before_the_end_is_unknown(tmp_path: Path) -> None:
    found = judge(tmp_path, acts=[*beating(WINDOWS["watch_s"] - 5, 99.0), *watched("heal")[2:]])
    assert found.verdict == "unknown" and "did not look" in found.reason


def test_a_fault_that_stops_the_whole_node_stops_the_watchdog_as_well(tmp_path: Path) -> None:
    def paused(meta: dict[str, Any]) -> None:
        meta["scenario"]["faults"] = [{"whole_node": True, "node": "endpoint", "for_s": 4}]

    found = judge(tmp_path, acts=beating(2.0, 8.0), meta=paused)
    assert "did not look" not in found.reason


def test_a_watchdog_that_restarts_before_the_fault_has_watched(tmp_path: Path) -> None:
    says = [said(-3.0, "ended", target=None), said(-2.0, "started", target=None, mode="heal")]
    assert judge(tmp_path, says=says).verdict == "supported"


def test_an_arm_without_a_remedy_in_which_one_ran_is_unknown(tmp_path: Path) -> None:
    found = judge(tmp_path, remedy="none", acts=watched("observe"))
    assert found.verdict == "unknown"
    assert found.reason == "A watchdog ran in an arm without one."


def test_an_observer_that_acts_is_no_observer(tmp_path: Path) -> None:
    found = judge(tmp_path, remedy="observe", says=acts_at(3.0, "a", 1))
    assert found.verdict == "unknown" and "to observe" in found.reason


def test_a_fault_that_was_not_proved_is_the_better_reason(tmp_path: Path) -> None:
    assert judge(tmp_path, acts=(), proved=False).verdict == "not_injected"


# --- harm by action -------------------------------------------------------------------------------


def test_a_path_that_stops_after_an_action_was_cut(tmp_path: Path) -> None:
    found = judge(tmp_path, says=acts_at(2.0, "nsmd-hung", 1), down=[(2.5, 4.0)])
    assert found.measures.watchdog_cut is True
    assert [e.file for e in found.evidence if e.what == "cut"] == [
        "events.jsonl", "samples/path.parquet",
    ]  # fmt: skip
    assert "stopped after an action" in found.reason


def test_a_path_that_was_away_already_is_not_cut_by_an_action(tmp_path: Path) -> None:
    found = judge(tmp_path, says=acts_at(2.0, "path-dead", 1), down=[(1.0, 4.0)])
    assert found.measures.watchdog_cut is False


def test_the_last_reply_before_a_cut_may_be_a_little_older_than_the_action(tmp_path: Path) -> None:
    found = judge(tmp_path, says=acts_at(2.0, "a", 1), down=[(2.0 - INTERVAL / 4, 4.0)])
    assert found.measures.watchdog_cut is True
    earlier = judge(
        tmp_path / "b", says=acts_at(2.0, "a", 1), down=[(2.0 - 4 * INTERVAL, 4.0)]
    )  # fmt: skip
    assert earlier.measures.watchdog_cut is False


def test_a_path_that_stops_after_the_settle_time_was_not_cut(tmp_path: Path) -> None:
    later = 2.0 + WINDOWS["settle_s"]
    inside = judge(tmp_path, says=acts_at(2.0, "a", 1), down=[(later - 0.1, later + 1)])
    beyond = judge(tmp_path / "b", says=acts_at(2.0, "a", 1), down=[(later + 0.1, later + 1)])
    assert (inside.measures.watchdog_cut, beyond.measures.watchdog_cut) == (True, False)


def test_a_later_action_can_cut_a_path_that_came_back(tmp_path: Path) -> None:
    says = [*acts_at(1.5, "a", 1), *acts_at(4.0, "b", 2)]
    found = judge(tmp_path, says=says, down=[(0.5, 2.0), (4.5, 5.0)])
    assert found.measures.watchdog_cut is True
    assert "by rule b" in next(e.text for e in found.evidence if e.what == "cut")


def test_an_action_after_the_watch_can_cut_as_well(tmp_path: Path) -> None:
    late = WINDOWS["watch_s"] + 0.02
    found = judge(tmp_path, says=acts_at(late, "a", 1), down=[(late + 0.05, late + 9)])
    assert found.measures.watchdog_acts == 1
    assert found.measures.watchdog_cut is True


def test_a_cut_is_not_known_where_too_little_was_recorded_after_an_action(tmp_path: Path) -> None:
    found = judge(tmp_path, says=acts_at(WINDOWS["watch_s"] - 0.5, "a", 1))
    assert found.verdict == "supported" and found.measures.watchdog_cut is None


def test_a_short_gap_is_no_cut(tmp_path: Path) -> None:
    found = judge(tmp_path, says=acts_at(2.0, "a", 1), lost_at=[2.1])
    assert found.measures.watchdog_cut is False


def test_a_path_that_was_not_measured_cannot_be_said_to_be_cut(tmp_path: Path) -> None:
    found = judge(tmp_path, says=acts_at(2.0, "a", 1), watch_s=5.0)
    assert found.verdict == "unknown" and found.measures.watchdog_cut is None
