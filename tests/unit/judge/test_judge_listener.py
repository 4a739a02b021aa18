# SPDX-License-Identifier: Apache-2.0
"""What NSM would have told the client stands beside what it was told, and decides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.judgement import Judgement, Measures
from nsm_resilience.judge.trial import judge_record
from tests.builders.records import Act, note, record
from tests.builders.samples import ns

Said = tuple[float, Act]


def stream(seconds: float, what: str, **data: Any) -> Said:
    """One event of our stream, as the runner writes it."""
    content = {"channel": "monitor stream", "what": what, **data}
    event = note(
        "notification", source="agent", node="client", target="client", t_ns=ns(seconds),
        data=content,
    )  # fmt: skip
    return seconds, event


def state(seconds: float, kind: str, *states: str) -> Said:
    connections = [[str(n), state] for n, state in enumerate(states, start=1)]
    return stream(seconds, "event", type=kind, connections=connections)


LISTENS = (stream(-1.9, "connected", path="/socket"), state(-1.8, "INITIAL", "UP"))
STOPS = stream(25.0, "ended", because="asked to stop")
BROKEN = {"text": "the connection was closed"}


def judge(folder: Path, *said: Said, client: str = "plain") -> Judgement:
    return judge_record(record(folder, "S9", acts=said, factors={"client": client}))


def listener(folder: Path, *said: Said) -> Measures:
    return judge(folder, *said).measures


@pytest.mark.parametrize(
    ("said", "by"),
    [
        (stream(4.0, "broken", **BROKEN), "stream to NSM broke"),
        (state(4.0, "DELETE", "UP"), "connection closed"),
        (state(4.0, "UPDATE", "UP", "DOWN"), "connection down"),
        (state(4.0, "INITIAL", "DOWN"), "connection down"),
    ],
)
def test_bad_news_on_the_stream_is_told_to_who_listens(tmp_path: Path, said: Said, by: str) -> None:
    found = judge(tmp_path, *LISTENS, said, stream(9.0, "broken", **BROKEN), STOPS)
    measured = found.measures
    assert measured.listener_told_s == pytest.approx(4.0)
    assert (measured.listener_told_by, measured.listener_watched) == (by, True)
    first, second = [e for e in found.evidence if e.what == "listener"]
    assert first.text == f"monitor stream: {by}"
    assert second.text == "monitor stream: stream to NSM broke"


@pytest.mark.parametrize(
    "said",
    [
        state(4.0, "UPDATE", "UP"),
        state(4.0, "INITIAL"),
        stream(4.0, "unreachable", errno="ECONNREFUSED", text="nobody"),
        stream(4.0, "connected", path="/socket"),
        stream(-0.5, "broken", **BROKEN),
        stream(20.0, "broken", **BROKEN),
    ],
)
def test_what_is_no_bad_news_or_not_of_the_watch_is_not_told(tmp_path: Path, said: Said) -> None:
    found = listener(tmp_path, *LISTENS, said, STOPS)
    assert (found.listener_told_s, found.listener_told_by) == (None, None)
    assert found.listener_watched


@pytest.mark.parametrize("client", ["monitored", "plain"])
def test_what_our_stream_heard_is_not_what_the_client_was_told(tmp_path: Path, client: str) -> None:
    found = judge(tmp_path, *LISTENS, stream(4.0, "broken", **BROKEN), STOPS, client=client)
    measured = found.measures
    assert measured.listener_told_s == pytest.approx(4.0)
    assert measured.notified_s is None and measured.notification_watched
    assert "the client was told nothing" in found.reason


@pytest.mark.parametrize(
    "said",
    [
        (),  # a record from before there was a listener
        (stream(-1.9, "unreachable", errno=None, text="no workspace"), STOPS),
        (*LISTENS, stream(3.0, "unreadable", text="?"), STOPS),
        (*LISTENS, stream(3.0, "ended", because="asked to stop")),
        LISTENS,  # it never said that it ended: it may have died at any time
    ],
)
def test_a_stream_that_did_not_listen_all_the_time_proves_no_silence(
    tmp_path: Path, said: tuple[Said, ...]
) -> None:
    found = listener(tmp_path, *said)
    assert found.listener_told_s is None and not found.listener_watched


def test_who_lost_the_stream_before_a_second_fault_listened_all_the_same(tmp_path: Path) -> None:
    said = (*LISTENS, stream(-0.5, "broken", **BROKEN))
    found = listener(tmp_path, *said, stream(4.0, "unreachable", errno="ENOENT", text=""), STOPS)
    assert found.listener_told_s is None and found.listener_watched


def test_a_void_attempt_says_nothing_of_a_listener(tmp_path: Path) -> None:
    found = judge_record(record(tmp_path, "S9", acts=LISTENS, void="no reason", close=False))
    assert found.measures.listener_told_s is None and not found.measures.listener_watched
