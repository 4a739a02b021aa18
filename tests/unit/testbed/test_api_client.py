# SPDX-License-Identifier: Apache-2.0
"""Calls to an API server that does not answer end, and say so at once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml
from api_server import StandIn, serving
from kubernetes.client.exceptions import ApiException

from nsm_resilience.testbed import api
from nsm_resilience.testbed.api import Cluster


class Silent:
    """Takes connections in and never answers; counts them."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def connections(self) -> int:
        self.listener.setblocking(False)
        count = 0
        try:
            while True:
                self.listener.accept()[0].close()
                count += 1
        except BlockingIOError:
            return count


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Silent]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Silent(listener)


@pytest.fixture
def cluster(silent: Silent, tmp_path: Path) -> Cluster:
    kubeconfig = tmp_path / "kubeconfig"
    content = {
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": silent.address}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
    }  # fmt: skip
    kubeconfig.write_text(yaml.safe_dump(content), encoding="utf-8")
    return Cluster(kubeconfig, "c")


def test_a_call_without_a_timeout_of_its_own_does_not_wait_for_ever(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "PATIENCE_S", 0.2)
    with pytest.raises(urllib3.exceptions.TimeoutError):
        cluster.core.list_node()
    with pytest.raises(urllib3.exceptions.TimeoutError):
        cluster.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n")


def test_a_call_keeps_the_timeout_that_it_names(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def request(*_: Any, _request_timeout: Any = None, **__: Any) -> Any:
        given.append(_request_timeout)
        raise urllib3.exceptions.HTTPError

    monkeypatch.setattr(cluster.api.rest_client, "request", request)
    for timeout in (None, 7, (3, 400)):
        with pytest.raises(urllib3.exceptions.HTTPError):
            cluster.core.list_node(_request_timeout=timeout)
    assert given == [api.PATIENCE_S, 7, (3, 400)]


def test_an_answer_that_does_not_come_is_asked_for_once(cluster: Cluster, silent: Silent) -> None:
    """Retries of the client itself would hide how long the API server was away."""
    with pytest.raises(urllib3.exceptions.TimeoutError):
        cluster.core.list_node(_request_timeout=0.2)
    assert silent.connections() == 1


def test_a_refusal_that_is_no_text_is_shown_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(StandIn(), tmp_path) as kubeconfig:
        asked = Cluster(kubeconfig, "theirs")
        answer = type("Answer", (), {"status": 404, "data": b"no \xff pod"})
        pool = asked.api.rest_client.pool_manager
        monkeypatch.setattr(pool, "request", lambda *_, **__: answer)
        with pytest.raises(ApiException, match=r"no . pod"):
            asked.request("GET", "/x", timeout_s=1, headers={})
