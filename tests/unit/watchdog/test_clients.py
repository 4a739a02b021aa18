# SPDX-License-Identifier: Apache-2.0
"""When a path is silent, when it has failed, and what a client asks for."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    import clients

    class Quiet(clients.Client):  # type: ignore[misc, name-defined]
        def _watch(self) -> None:
            pass

        _ask = _watch

    pod = {"metadata": {"namespace": "n", "name": "client", "uid": "u"}}
    return Quiet(pod, "nsm0", "device", "/nsm-*/s.sock")


def beat(client: Any, begin_s: float, end_s: float, *, answered: bool) -> None:
    """Beats from one second to another."""
    at = begin_s
    while at < end_s:
        if answered:
            client.last_reply_s = at
        else:
            client.silent.append(at)
        at += 0.5


def rules_of(client: Any, now_s: float) -> list[str]:
    return [breach.rule for breach in client.breaches(now_s)]


def test_a_client_that_never_was_connected_has_no_path_to_lose(client: Any) -> None:
    assert client.breaches(1e6) == []


def test_a_path_that_answers_is_well(client: Any) -> None:
    beat(client, 0, 100, answered=True)
    assert rules_of(client, 100) == []


def test_a_silent_path_is_dead_and_after_fifteen_seconds_has_failed(client: Any) -> None:
    beat(client, 0, 10, answered=True)
    beat(client, 10, 20, answered=False)
    assert rules_of(client, 20) == ["path-dead"]
    beat(client, 20, 25, answered=False)
    assert rules_of(client, 25) == ["path-dead", "path-failed"]


def test_a_path_that_comes_and_goes_has_failed_too_but_only_while_it_is_silent(
    client: Any,
) -> None:
    for second in range(0, 30, 10):
        beat(client, second, second + 5, answered=True)
        beat(client, second + 5, second + 10, answered=False)
    assert rules_of(client, 30) == ["path-dead", "path-failed"]
    beat(client, 30, 31, answered=True)
    assert rules_of(client, 31) == []
    beat(client, 31, 33, answered=False)
    assert rules_of(client, 33) == ["path-dead", "path-failed"]


def test_silence_of_more_than_a_minute_ago_and_of_an_old_connection_is_forgotten(
    client: Any,
) -> None:
    beat(client, 0, 1, answered=True)
    beat(client, 1, 21, answered=False)
    beat(client, 21, 80, answered=True)
    beat(client, 80, 83, answered=False)
    assert rules_of(client, 83) == ["path-dead"]
    beat(client, 83, 99, answered=False)
    assert rules_of(client, 99) == ["path-dead", "path-failed"]
    client.silent = deque()
    assert rules_of(client, 99) == ["path-dead"]


def test_what_a_client_asks_for_stands_in_its_pod() -> None:
    from clients import wish_of

    env = [
        {"name": "OUTGOING_NSC_NAME", "value": "icmp-1"},
        {"name": "OUTGOING_NSC_LABELS", "value": "app=icmp,zone=a"},
    ]
    pod = {"spec": {"initContainers": [{"env": env}], "containers": [{}]}}
    assert wish_of(pod) == ("icmp-1", {"app": "icmp", "zone": "a"})
    assert wish_of({"spec": {"containers": [{"env": [{"name": "A", "value": "b"}]}]}}) is None


def test_a_client_whose_request_was_granted_counts_as_connected_for_a_new_watchdog(
    client: Any,
) -> None:
    ended = {"state": {"terminated": {"exitCode": 0}}}
    failed = {"state": {"terminated": {"exitCode": 1}}}
    for status in ({}, {"initContainerStatuses": [failed]}, {"initContainerStatuses": [{}]}):
        client.update({**client.pod, "status": status}, 5.0)
        assert client.breaches(100.0) == []
    client.update({**client.pod, "status": {"initContainerStatuses": [ended]}}, 5.0)
    beat(client, 5, 25, answered=False)
    assert rules_of(client, 25) == ["path-dead", "path-failed"]
