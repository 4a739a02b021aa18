# SPDX-License-Identifier: Apache-2.0
"""Calls to an API server that does not answer end, and say so at once."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
import urllib3
import yaml
from api_server import StandIn, serving
from kubernetes.client.exceptions import ApiException

from nsm_resilience.testbed import api
from nsm_resilience.testbed.api import ApiUnavailable, Cluster, name_of

LIST = {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []}


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
        cluster.api.call_api("GET", f"{cluster.api.configuration.host}/api/v1/nodes")
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
            cluster.api.call_api("GET", "http://127.0.0.1/x", _request_timeout=timeout)
    assert given == [api.PATIENCE_S, 7, (3, 400)]


def test_an_answer_that_does_not_come_is_asked_for_once(cluster: Cluster, silent: Silent) -> None:
    """Retries of the client itself would hide how long the API server was away."""
    with pytest.raises(ApiUnavailable, match=r"GET /api/v1/nodes: .*timed out"):
        cluster.find("/api/v1/nodes", timeout_s=0.2)
    assert silent.connections() == 1


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[tuple[Cluster, StandIn]]:
    held = StandIn("a", "b")
    with serving(held, tmp_path) as kubeconfig:
        yield Cluster(kubeconfig, "theirs"), held


def test_objects_are_found_changed_and_deleted(theirs: tuple[Cluster, StandIn]) -> None:
    cluster, held = theirs
    cluster.merge("/api/v1/nodes/b", {"metadata": {"labels": {"x/y": "1"}}})
    assert [name_of(node) for node in cluster.find("/api/v1/nodes", selector="x/y=1")] == ["b"]
    cluster.merge("/api/v1/nodes/b", {"metadata": {"labels": {"x/y": None}}})
    assert "x/y" not in held.labels("b")
    assert cluster.ready_nodes() == {"a", "b"}
    assert cluster.delete("/api/v1/nodes/b") and not cluster.delete("/api/v1/nodes/b")
    with pytest.raises(ApiException, match="404"):
        cluster.get("/api/v1/nodes/b")


def test_a_selector_is_written_as_the_api_server_reads_it(
    theirs: tuple[Cluster, StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(theirs[1], "answer", lambda _, url, __: asked.append(url) or (200, LIST))
    theirs[0].find("/api/v1/pods", selector="app in (a,b)", fields="spec.nodeName=c")
    (query,) = (parse_qs(urlparse(url).query) for url in asked)
    assert query == {"labelSelector": ["app in (a,b)"], "fieldSelector": ["spec.nodeName=c"]}


def test_what_goes_on_is_read_line_by_line(
    theirs: tuple[Cluster, StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {"type": "ADDED", "object": {}}
    monkeypatch.setattr(theirs[1], "answer", lambda *_: (200, event))
    assert list(theirs[0].follow("/api/v1/pods?watch=true", timeout_s=5)) == [event]
    monkeypatch.setattr(theirs[1], "answer", lambda *_: (503, {"message": "not now"}))
    with pytest.raises(ApiUnavailable, match=r"503 .*not now"):
        list(theirs[0].follow("/api/v1/pods?watch=true", timeout_s=5))


def test_what_goes_on_and_falls_silent_is_an_api_server_that_is_away(cluster: Cluster) -> None:
    with pytest.raises(ApiUnavailable, match="timed out"):
        list(cluster.follow("/api/v1/pods?watch=true", timeout_s=0.2))


def test_the_clients_models_are_not_loaded(tmp_path: Path) -> None:
    """They cost each trial more than a second of a processor (issue 5)."""
    with serving(StandIn("a"), tmp_path) as kubeconfig:
        look = (
            "import sys; from pathlib import Path\n"
            "from nsm_resilience.testbed.api import Cluster\n"
            "cluster = Cluster(Path(sys.argv[1]), 'theirs')\n"
            "cluster.ready_nodes(), cluster.identity(), cluster.version()\n"
            "cluster.apply('{apiVersion: v1, kind: Namespace, metadata: {name: x}}')\n"
            "print(*sys.modules)"
        )
        loaded = subprocess.run(
            [sys.executable, "-c", look, kubeconfig], capture_output=True, text=True, check=True
        ).stdout.split()
    heavy = [m for m in loaded if m.startswith(("kubernetes.client.api.", "kubernetes.client.mod"))]
    assert set(heavy) <= {"kubernetes.client.models", "kubernetes.client.api.version_api"}


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
