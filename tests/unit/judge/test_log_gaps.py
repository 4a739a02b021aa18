# SPDX-License-Identifier: Apache-2.0
"""What rests on the absence of a log line is unknown where the log may lack lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.container_log import read_log
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.trial import judge_record
from tests.builders.records import Acts, monitor_says, note, record
from tests.builders.samples import ns, wall

TARGET = "client/nsm-monitor"


def judge(folder: Path, *acts: Any, scenario: str = "S9", **given: Any) -> Judgement:
    return judge_record(record(folder, scenario, acts=acts, **given))


def gap(
    since_s: float, until_s: float, target: str | None = TARGET, node: str = "client"
) -> tuple[float, Any]:
    data = {"since_ns": ns(since_s), "bytes": 512, "why": "0.log was cut off"}
    told = {"source": "agent", "node": node, "target": target, "t_ns": ns(until_s)}
    return until_s, note("log_gap", data=data, **told)


def says(at_s: float) -> tuple[float, Any]:
    return at_s, monitor_says(at_s, "Connection closed")


def test_nothing_told_in_a_log_with_a_gap_in_the_watch_is_not_known(tmp_path: Path) -> None:
    found = judge(tmp_path, gap(3.0, 3.5))
    m = found.measures
    assert m.notified_s is None and not m.notification_watched
    assert "512 bytes of nsm-monitor's log are missing: 0.log was cut off" in str(
        m.notified_unknown
    )
    assert "whether the client was told is not known" in found.reason
    assert "told nothing" not in found.reason
    assert any(e.what == "log gap" for e in found.evidence) or any(
        "512 bytes" in e.text for e in found.evidence
    )


@pytest.mark.parametrize(
    "elsewhere",
    [
        gap(-4.0, -0.5), gap(12.5, 13.0), gap(3.0, 4.0, "nsmgr-x/nsmd"),
        gap(3.0, 4.0, TARGET, "endpoint"), gap(3.0, 4.0, None, "endpoint"),
    ],
)  # fmt: skip
def test_a_gap_that_could_hide_nothing_changes_nothing(tmp_path: Path, elsewhere: Any) -> None:
    m = judge(tmp_path, elsewhere).measures
    assert m.notified_unknown is None and m.notification_watched


def test_what_was_told_before_a_gap_is_known(tmp_path: Path) -> None:
    m = judge(tmp_path, says(2.0), gap(3.0, 3.5)).measures
    assert m.notified_s == pytest.approx(2.0, abs=1e-3) and m.notification_watched


def test_what_was_told_after_a_gap_may_not_have_been_the_first(tmp_path: Path) -> None:
    m = judge(tmp_path, gap(3.0, 3.5), says(5.0)).measures
    assert m.notified_s is None and "first told is not known" in str(m.notified_unknown)


def test_a_gap_of_a_whole_node_is_one_of_every_log_there(tmp_path: Path) -> None:
    assert judge(tmp_path, gap(3.0, 3.5, None)).measures.notified_unknown


def test_a_plain_client_has_no_log_that_could_have_told_it(tmp_path: Path) -> None:
    m = judge(tmp_path, gap(3.0, 3.5, None), factors={"client": "plain"}).measures
    assert m.notified_unknown is None and m.notification_watched


def _followed(*what: tuple[float, str]) -> Acts:
    return [(at, note("log", node="client", data={"what": said})) for at, said in what]


def test_a_log_that_was_not_followed_to_its_end_leaves_the_rest_open(tmp_path: Path) -> None:
    begun = _followed((-8.0, "started"))
    assert judge(tmp_path / "a", *begun).measures.notified_unknown
    whole = _followed((-8.0, "started"), (20.0, "ended"))
    assert judge(tmp_path / "b", *whole).measures.notified_unknown is None


@pytest.mark.parametrize(
    "text",
    ["the log probe ended with 1: boom", "the agent on the client's node had to drop 7 lines"],
)
def test_older_records_tell_of_it_by_a_warning(tmp_path: Path, text: str) -> None:
    warned = (20.0, note("warning", data={"text": text}))
    assert text in str(judge(tmp_path, warned).measures.notified_unknown)


def _line(at_s: float, text: str, stream: str = "stderr", tag: str = "F") -> bytes:
    return f"{wall(at_s)[:-1]}001Z {stream} {tag} {text}\n".encode()


def _writes(at_s: float, *lines: bytes) -> tuple[float, Any]:
    return at_s, lambda w: w.log("node-a", "client", "nsm-monitor", b"".join(lines))


def test_a_message_in_pieces_between_which_another_stream_writes_is_heard(tmp_path: Path) -> None:
    pieces = _writes(
        2.0,
        _line(2.0, 'msg="NSM Monitor: Conn', tag="P"),
        _line(2.1, "something else", stream="stdout"),
        _line(2.2, 'ection closed"'),
    )
    m = judge(tmp_path, pieces).measures
    assert m.notified_s == pytest.approx(2.2, abs=1e-3)
    assert m.notified_by == "nsm-monitor: connection closed"


def test_a_message_without_a_time_was_told_nobody_knows_when(tmp_path: Path) -> None:
    m = judge(tmp_path, _writes(2.0, b'msg="NSM Monitor: Connection closed"\n')).measures
    assert m.notified_s is None and "no time" in str(m.notified_unknown)


def test_lines_are_put_together_by_stream(tmp_path: Path) -> None:
    log = tmp_path / "c.log"
    log.write_bytes(
        _line(0, "a", "stdout", "P") + _line(1, "x", "stderr") + _line(2, "b", "stdout", "P")
        + b"\n" + _line(3, "c\x85d", "stdout") + _line(4, "\xff never ended", "stdout", "P")
    )  # fmt: skip
    assert [(line.number, line.text) for line in read_log(log)] == [
        (2, "x"), (5, "abc\x85d"), (6, "\xff never ended"),
    ]  # fmt: skip


def test_a_message_of_kubernetes_with_any_end_of_line_in_it_is_one_event(tmp_path: Path) -> None:
    event = {
        "type": "Warning", "reason": "BackOff", "message": "a\u2028b\x85c\x0bd",
        "involvedObject": {"kind": "Pod", "name": "nsmgr-qb9mv"}, "firstTimestamp": wall(2.0),
    }  # fmt: skip
    assert judge(tmp_path, scenario="S2", kubernetes=[event]).measures.detected_s == 2.0
