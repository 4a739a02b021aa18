# SPDX-License-Identifier: Apache-2.0
"""What was shown, what the client was told, what changed on the nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.components import find_changes
from nsm_resilience.judge.trial import judge_record
from nsm_resilience.record.samples import frame
from tests.builders.judging import judge
from tests.builders.records import monitor_says, note, record
from tests.builders.samples import Rows, component_samples, ns, socket_samples, wall
from tests.builders.second_outage import earlier_outage


def _restart(at: float, before: int = 0, after: int = 1) -> tuple[float, Any]:
    counts = {"count_before": before, "count_after": after}
    return at, note("restart", source="kubernetes", node="client", target="nsmd", data=counts)


def _condition(at: float, kind: str, status: str, pod: str = "nsmgr-qb9mv") -> tuple[float, Any]:
    data = {"pod": pod, "type": kind, "status": status, "reason": "because"}
    return at, note("condition", source="kubernetes", node="client", target=pod, data=data)


def _warning(first_s: float | None, last_s: float | None, fine: bool = True) -> dict[str, Any]:
    def stamp(seconds: float | None) -> str | None:
        text = wall(seconds) if seconds is not None else None
        return text if fine or text is None else text.split(".")[0] + "Z"

    return {
        "type": "Warning", "reason": "BackOff", "message": "back-off restarting",
        "involvedObject": {"kind": "Pod", "name": "nsmgr-qb9mv"},
        "firstTimestamp": stamp(first_s), "lastTimestamp": stamp(last_s),
    }  # fmt: skip


def test_nothing_shown_is_nothing_detected(tmp_path: Path) -> None:
    found = judge(tmp_path).measures
    assert (found.detected_s, found.detected_by) == (None, None)


def test_a_restart_that_is_counted_is_detection(tmp_path: Path) -> None:
    found = judge(tmp_path, acts=[_restart(2.0)])
    assert found.measures.detected_s == pytest.approx(2.0)
    assert found.measures.detected_by == "Kubernetes: restart of nsmd on the client's node"
    assert any(e.what == "detection" and e.file == "events.jsonl" for e in found.evidence)


def test_a_restart_count_that_does_not_rise_is_no_detection(tmp_path: Path) -> None:
    assert judge(tmp_path, acts=[_restart(2.0, 1, 1)]).measures.detected_s is None


def test_a_condition_that_turns_false_is_detection(tmp_path: Path) -> None:
    found = judge(tmp_path, acts=[_condition(3.0, "Ready", "False")]).measures
    assert found.detected_s == pytest.approx(3.0)
    assert found.detected_by == "Kubernetes: pod nsmgr not ready on the client's node"


def test_a_condition_that_turns_true_is_no_detection(tmp_path: Path) -> None:
    assert judge(tmp_path, acts=[_condition(3.0, "Ready", "True")]).measures.detected_s is None


def test_a_pod_that_is_deleted_is_no_detection_by_itself(tmp_path: Path) -> None:
    acts = [_condition(0.1, "Deleted", "True"), _condition(1.5, "ContainerReady:nsmd", "False")]
    found = judge(tmp_path, acts=acts).measures
    assert found.detected_s == pytest.approx(1.5)


def test_the_first_of_several_signs_decides_and_all_kinds_are_listed(tmp_path: Path) -> None:
    acts = [_condition(3.0, "Ready", "False"), _restart(2.0), _restart(4.0, 1, 2)]
    found = judge(tmp_path, acts=acts)
    assert found.measures.detected_s == pytest.approx(2.0)
    assert len([e for e in found.evidence if e.what == "detection"]) == 2


def test_a_sign_before_the_fault_or_after_the_watch_does_not_count(tmp_path: Path) -> None:
    acts = [_condition(-0.5, "Ready", "False"), _condition(12.5, "Ready", "False")]
    assert judge(tmp_path, acts=acts).measures.detected_s is None


def test_a_rise_in_the_samples_is_detection(tmp_path: Path) -> None:
    def risen(rows: Rows) -> Rows:
        killed = [("client", "nsmd")]
        return component_samples(-1.5, 12.5, {("endpoint", "forwarder"): 4.0}, killed=killed)

    found = judge(tmp_path, component_rows=risen)
    assert found.measures.detected_s == pytest.approx(4.0)
    assert found.measures.detected_by == "Kubernetes: restart of forwarder on the endpoint's node"


def test_readiness_lost_in_the_samples_is_detection(tmp_path: Path) -> None:
    def unready(rows: Rows) -> Rows:
        for row in rows:
            if row["component"] == "nsmdp" and row["t_ns"] >= ns(5):
                row["ready"] = False
        return rows

    assert judge(tmp_path, component_rows=unready).measures.detected_s == pytest.approx(5.0)


def test_an_event_dates_a_sign_better_than_a_sample(tmp_path: Path) -> None:
    def early(rows: Rows) -> Rows:
        for row in rows:
            row["ready"] = row["t_ns"] < ns(0.5)
        return rows

    found = judge(tmp_path, component_rows=early, acts=[_condition(2.0, "Ready", "False")])
    assert found.measures.detected_s == pytest.approx(2.0)


def test_a_process_that_only_we_saw_die_is_no_detection(tmp_path: Path) -> None:
    def gone(rows: Rows) -> Rows:
        for row in rows:
            if row["component"] == "nsmd" and row["t_ns"] >= ns(1):
                row.update(pid=None, start_ticks=None, state=None)
        return rows

    assert judge(tmp_path, component_rows=gone).measures.detected_s is None


def test_a_warning_event_is_detection_at_its_first_time(tmp_path: Path) -> None:
    found = judge(tmp_path, kubernetes=[_warning(4.0, 90.0)])
    assert found.measures.detected_s == pytest.approx(4.0)
    assert found.measures.detected_by == "Kubernetes: Warning event BackOff of Pod nsmgr"
    assert any(e.file == "kubernetes-events.jsonl" and e.line == 1 for e in found.evidence)


def test_a_warning_that_was_there_before_and_came_again_counts_from_then(tmp_path: Path) -> None:
    found = judge(tmp_path, kubernetes=[_warning(-5.0, 6.0)]).measures
    assert found.detected_s == pytest.approx(6.0)


def test_a_warning_in_whole_seconds_counts_from_the_end_of_its_second(tmp_path: Path) -> None:
    # The made-up fault comes at half a second: a stamp of the same second reads half before it.
    found = judge(tmp_path, kubernetes=[_warning(0.2, 0.2, fine=False)]).measures
    assert found.detected_s == pytest.approx(0.5)
    assert found.detected_by == "Kubernetes: Warning event BackOff of Pod nsmgr, to the second"


def test_a_normal_event_is_no_detection(tmp_path: Path) -> None:
    event = {**_warning(4.0, 4.0), "type": "Normal", "message": '"Warning"'}
    assert judge(tmp_path, kubernetes=[event]).measures.detected_s is None


def _log(seconds: float, text: str) -> bytes:
    return f"{wall(seconds)[:-1]}789Z stderr F {text}\n".encode()


def test_log_lines_are_shown_and_never_decide(tmp_path: Path) -> None:
    lines = [
        _log(-3.0, 'level=error msg="before"'),
        _log(2.0, 'level=info msg="no error at all"'),
        _log(2.5, 'level=error msg="cannot dial"'),
        _log(2.6, 'level=fatal msg="giving up"'),
    ]
    act = (2.0, lambda w: w.log("node-a", "nsmgr-1", "nsmd", b"".join(lines)))
    found = judge(tmp_path, acts=[act])
    assert (found.verdict, found.measures.detected_s) == ("supported", None)
    (shown,) = [e for e in found.evidence if e.what == "NSM log"]
    assert (shown.file, shown.line) == ("logs/node-a/nsmgr-1/nsmd.log", 3)
    assert shown.text == '2.5 s after the fault: level=error msg="cannot dial"'


def test_log_lines_after_the_watch_are_not_shown(tmp_path: Path) -> None:
    act = (
        2.0,
        lambda w: w.log("n", "p", "nsmd", _log(13.0, "level=error x") + b"torn level=error"),
    )
    assert not [e for e in judge(tmp_path, acts=[act]).evidence if e.what == "NSM log"]


def test_the_first_notification_in_the_watch_is_what_the_client_was_told(tmp_path: Path) -> None:
    acts = [
        (-0.5, monitor_says(-0.5, "Connection closed")),
        (6.0, monitor_says(6.0, "Connection closed")),
        _condition(4.0, "Ready", "False", pod="client"),
        (13.0, monitor_says(13.0, "Connection closed")),
    ]
    found = judge(tmp_path, "S9", acts=acts)
    assert found.measures.notified_s == pytest.approx(4.0)
    by = "pod condition: Ready is False"
    assert found.measures.notified_by == by
    assert f"the client was told 4.0 s after the fault by {by}" in found.reason


def test_a_client_that_was_told_nothing_is_said_to_be_so(tmp_path: Path) -> None:
    found = judge(tmp_path, "S9")
    assert found.measures.notified_s is None and found.measures.notification_watched
    assert "the client was told nothing" in found.reason


@pytest.mark.parametrize(
    ("message", "by"),
    [
        ("NSM die, re-connecting: rpc error: code = Unavailable", "stream to NSM broke"),
        ("Connection closed", "connection closed"),
        ("Connection updated: id:1 labels:<> id:1 labels:<> state:DOWN ", "connection down"),
    ],
)
def test_what_the_monitor_hears_on_its_stream_is_told(
    tmp_path: Path, message: str, by: str
) -> None:
    found = judge(tmp_path, "S9", acts=[(3.0, monitor_says(3.0, message))])
    assert found.measures.notified_s == pytest.approx(3.0, abs=1e-5)
    assert found.measures.notified_by == f"nsm-monitor: {by}"
    (line,) = [e for e in found.evidence if e.what == "notification"]
    assert (line.file, line.line) == ("logs/node-a/client/nsm-monitor.log", 2)


@pytest.mark.parametrize(
    "message",
    [
        "Connection updated: id:1 labels:<> state:DOWN  id:1 labels:<> ",  # it came back
        "Performing recovery if needed...",
        "Retry delay 5 sec",
        "connection to NSM established",
    ],
)
def test_what_the_monitor_says_of_itself_or_of_good_news_is_not_told(
    tmp_path: Path, message: str
) -> None:
    found = judge(tmp_path, "S9", acts=[(3.0, monitor_says(3.0, message))])
    assert found.measures.notified_s is None


def test_what_the_monitor_heard_before_the_fault_or_after_the_watch_is_not_told(
    tmp_path: Path,
) -> None:
    acts = [(t, monitor_says(t, "Connection closed")) for t in (-0.5, 12.5)]
    assert judge(tmp_path, "S9", acts=acts).measures.notified_s is None


def test_a_condition_of_the_clients_own_pod_is_told(tmp_path: Path) -> None:
    acts = [_condition(2.0, "Ready", "False"), _condition(5.0, "Ready", "False", pod="client")]
    found = judge(tmp_path, acts=acts, factors={"client": "plain"}).measures
    assert found.notified_s == pytest.approx(5.0)
    assert found.notified_by == "pod condition: Ready is False"


def test_a_warning_about_the_clients_own_pod_is_told(tmp_path: Path) -> None:
    event = {**_warning(4.0, 4.0), "involvedObject": {"kind": "Pod", "name": "client"}}
    found = judge(tmp_path, kubernetes=[_warning(2.0, 2.0), event]).measures
    assert found.notified_s == pytest.approx(4.0)
    assert found.notified_by == "Kubernetes event: BackOff"


def test_a_plain_client_has_no_monitor_to_be_told_by(tmp_path: Path) -> None:
    found = judge(tmp_path, factors={"client": "plain"}).measures
    assert found.notified_s is None and found.notification_watched


def test_without_the_monitors_log_nobody_knows_whether_the_client_was_told(
    tmp_path: Path,
) -> None:
    trial = record(tmp_path, "S9")
    (trial.folder / "logs" / "node-a" / "client" / "nsm-monitor.log").unlink()
    found = judge_record(trial)
    assert found.measures.notified_s is None and not found.measures.notification_watched
    assert "whether the client was told is not known: nsm-monitor's log was not" in found.reason


def test_changes_begin_with_the_value_before_the_fault() -> None:
    components = frame("components", component_samples(-1.5, 5.0, {("client", "nsmd"): 2.0}))
    found = find_changes(components, frame("sockets", []), ns(0.2), ns(5))
    own = [c for c in found if (c.node, c.component) == ("client", "nsmd")]
    assert [(c.t_s, c.what, c.value) for c in own] == [
        (-0.2, "process", "running 100"),
        (-0.2, "ready", "true"),
        (-0.2, "restart", "0"),
        (1.8, "process", "running 1100"),
        (1.8, "restart", "1"),
    ]
    assert len(found) == 2 * 4 * 3 + 2


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ({"pid": None, "start_ticks": None, "state": None}, "gone"),
        ({"state": "T"}, "stopped 100"),
        ({"state": "Z"}, "dead 100"),
    ],
)
def test_a_process_that_dies_or_stops_is_a_change(change: dict[str, Any], value: str) -> None:
    rows = component_samples(-1, 4)
    for row in rows:
        if (row["node"], row["component"]) == ("client", "nsmd") and row["t_ns"] >= ns(2):
            row.update(change)
    found = find_changes(frame("components", rows), frame("sockets", []), ns(0), ns(4))
    assert (2.0, "process", value) in [(c.t_s, c.what, c.value) for c in found]


def test_a_value_that_was_not_known_for_a_while_is_no_change() -> None:
    rows = component_samples(-1, 4)
    for row in rows:
        if ns(1) < row["t_ns"] < ns(3):
            row.update(ready=None, restarts=None)
    found = find_changes(frame("components", rows), frame("sockets", []), ns(0), ns(4))
    assert {c.t_s for c in found} == {0.0}


def test_a_replaced_socket_is_a_change() -> None:
    sockets = frame("sockets", socket_samples(-1, 4, replaced_at=2.0))
    found = find_changes(frame("components", []), sockets, ns(0), ns(4))
    assert [(c.t_s, c.value) for c in found] == [(0.0, "answers 7"), (2.0, "file 8")]


def test_sockets_of_one_name_are_told_apart_by_their_paths() -> None:
    rows = socket_samples(-1, 1)
    rows += [{**row, "path": "/elsewhere", "kind": "missing", "inode": None} for row in rows]
    found = find_changes(frame("components", []), frame("sockets", rows), ns(0), ns(1))
    assert [(c.component, c.value) for c in found] == [
        ("nsm.io.sock /elsewhere", "missing"),
        ("nsm.io.sock /var/lib/networkservicemesh/nsm.io.sock", "answers 7"),
    ]


def test_phases_are_measured_and_an_unfinished_one_has_no_length(tmp_path: Path) -> None:
    found = judge(tmp_path, acts=[(25.0, lambda w: w.begin("wipe"))]).measures.phases
    spans = {p.phase: (p.begin_s, p.seconds) for p in found}
    assert spans["install"] == (-8.4, 3.4)
    assert spans["wipe"] == (25.0, None)


def test_of_two_faults_in_one_connection_the_second_is_judged(tmp_path: Path) -> None:
    found = judge(tmp_path, acts=earlier_outage(), factors={"outage": "second"})
    assert found.verdict == "supported" and found.outage == "second"
    assert found.measures.watch_s == pytest.approx(12.0)
