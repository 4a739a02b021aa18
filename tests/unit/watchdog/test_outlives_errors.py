# SPDX-License-Identifier: Apache-2.0
"""Whatever goes wrong in a look, a telling or an act: the watchdog goes on, and says so."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from http.client import HTTPMessage
from typing import Any

import pytest


def told(calls: list[Any], monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[int]]:
    """What a teller reported of these calls, and which went through (by number)."""
    import kube

    monkeypatch.setattr(kube, "TELL_S", 0.2)
    monkeypatch.setattr("time.sleep", lambda _: None)
    reports: list[str] = []
    through: list[int] = []
    done = threading.Event()
    teller = kube.Teller(reports.append)

    def numbered(number: int, call: Any) -> Any:
        def run() -> None:
            call()
            through.append(number)

        return run

    for number, call in enumerate(calls):
        teller.tell(numbered(number, call))
    teller.tell(done.set)
    assert done.wait(10)
    return reports, through


def raising(error: Exception) -> Any:
    def call() -> None:
        raise error

    return call


def test_what_is_refused_or_broken_does_not_keep_what_waits_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import kube

    calls = [raising(kube.ApiRefused("404 of a pod")), raising(RuntimeError("odd")), lambda: None]
    reports, through = told(calls, monkeypatch)
    assert reports == ["404 of a pod", "RuntimeError: odd"]
    assert through == [2]


def test_an_api_server_that_is_away_is_asked_again_until_the_telling_is_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import kube

    asked: list[int] = []

    def away() -> None:
        asked.append(1)
        raise kube.ApiAway("no route")

    reports, through = told([away, lambda: None], monkeypatch)
    assert len(asked) > 1 and through == [1]
    assert reports == ["given up after 0.2 s: no route"]


@pytest.mark.parametrize(
    ("status", "refused"), [(403, True), (404, True), (429, False), (500, False)]
)
def test_a_refusal_is_told_apart_from_an_api_server_that_is_away(
    status: int, refused: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    import kube

    (tmp_path / "token").write_text("secret")
    monkeypatch.setattr(kube, "ACCOUNT", str(tmp_path))

    def answer(*_: Any, **__: Any) -> Any:
        raise urllib.error.HTTPError("url", status, "why", HTTPMessage(), None)

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    api = kube.Api.__new__(kube.Api)
    api.base, api.context = "https://cluster", None
    with pytest.raises(kube.ApiAway) as found:
        api.call("GET", "/x")
    assert isinstance(found.value, kube.ApiRefused) is refused


def test_an_act_has_an_outcome_whatever_it_ends_with(monkeypatch: pytest.MonkeyPatch) -> None:
    import acts
    import policy

    def broken(*_: Any) -> str:
        raise ValueError("a varint of eleven bytes")

    monkeypatch.setattr(acts, "restart", broken)
    breach = policy.Breach("socket-lost", "nsm.io.sock", "gone", component="nsmd")
    finding = policy.Finding(1, breach, 0.0)
    decision = policy.Decision(finding, "restart", "")
    assert acts.do(decision, None, {}) == (False, "ValueError: a varint of eleven bytes")


def test_a_watchdog_that_does_not_look_says_that_it_is_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import journal

    book = journal.Journal("node")
    server = journal.serve(book, 0)
    url = f"http://127.0.0.1:{server.server_address[1]}/healthz"
    try:
        with urllib.request.urlopen(url) as answer:
            assert answer.status == 200
        book.last_look_s -= journal.STUCK_S
        with pytest.raises(urllib.error.HTTPError) as found:
            urllib.request.urlopen(url)
        assert found.value.code == 503
    finally:
        server.shutdown()
        server.server_close()
