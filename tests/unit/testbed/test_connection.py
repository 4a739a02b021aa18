# SPDX-License-Identifier: Apache-2.0
"""A kubeconfig is found and read as kubectl does, and every mistake in it is one clear line."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from nsm_resilience.study.load import ConfigError
from nsm_resilience.testbed.api import ApiRefused, ApiUnavailable, Cluster
from nsm_resilience.testbed.config import ExistingTestbed, load_testbed
from nsm_resilience.testbed.connection import KubeconfigError, is_loopback
from nsm_resilience.testbed.doctor import examine
from nsm_resilience.testbed.existing import Existing


def kubeconfig(path: Path, context: str, server: str, **cluster: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "apiVersion": "v1", "kind": "Config", "current-context": context,
        "clusters": [{"name": context, "cluster": {"server": server, **cluster}}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "users": [{"name": context, "user": {}}],
    }  # fmt: skip
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """A server that says the same to everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def existing(**given: Any) -> ExistingTestbed:
    return ExistingTestbed(type="existing", name="lab", **given)


def test_all_files_of_the_environment_are_read_and_one_that_is_missing_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [
        kubeconfig(tmp_path / "a", "first", "http://127.0.0.1:1"),
        tmp_path / "not-there",
        kubeconfig(tmp_path / "b", "second", "http://127.0.0.1:2"),
    ]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))
    for context, port in (("first", 1), ("second", 2)):
        testbed = Existing(existing(context=context), None)
        cluster = Cluster(testbed.kubeconfig, testbed.context)
        assert cluster.api.configuration.host == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("value", ["", ":", None])
def test_without_a_kubeconfig_in_the_environment_it_is_the_users_own(
    value: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    if value is not None:
        monkeypatch.setenv("KUBECONFIG", value)
    assert Existing(existing(context="c"), None).kubeconfig == tmp_path / ".kube" / "config"


def test_a_path_of_a_testbeds_file_may_begin_with_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    config = existing(context="c", kubeconfig="~/.kube/mine")
    assert config.kubeconfig == tmp_path / ".kube" / "mine"


def test_a_kubeconfig_that_is_not_there_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match=r"no kubeconfig at .*/none; write `kubeconfig:`"):
        Cluster(tmp_path / "none", "c")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"<html>", b"a: [", b"[]", b"{}", b"contexts: 3"]
)
def test_a_file_that_is_no_kubeconfig_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_bytes(content)
    with pytest.raises(KubeconfigError, match="kubeconfig") as caught:
        Cluster(path, "c")
    assert len(str(caught.value).splitlines()) == 1


def test_a_context_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "k", "mine", "http://127.0.0.1:1")
    with pytest.raises(KubeconfigError, match="has no context `yours`; there are: mine"):
        Cluster(path, "yours")


@pytest.mark.parametrize(
    "variable", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"]
)
@pytest.mark.parametrize("host", ["127.0.0.1:6443", "localhost:6443", "[::1]:6443"])
def test_this_machine_is_never_asked_through_a_proxy_of_the_environment(
    host: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://proxy.example:3128")
    for scheme in ("http", "https"):
        cluster = Cluster(kubeconfig(tmp_path / "k", "c", f"{scheme}://{host}"), "c")
        assert cluster.api.configuration.proxy is None


def test_another_machine_is_and_so_is_one_whose_kubeconfig_names_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    far = Cluster(kubeconfig(tmp_path / "far", "c", "https://api.example:6443"), "c")
    assert far.api.configuration.proxy == "http://proxy.example:3128"
    named = {"proxy-url": "http://jump.example:1"}
    near = Cluster(kubeconfig(tmp_path / "near", "c", "https://127.0.0.1:6443", **named), "c")
    assert near.api.configuration.proxy == "http://jump.example:1"


@pytest.mark.parametrize(
    ("address", "own"),
    [("https://127.8.0.1", True), ("https://localhost.:1", True), ("https://[::1]", True),
     ("https://127.example", False), ("https://10.0.0.1", False), ("https://mylocalhost", False)],
)  # fmt: skip
def test_what_is_of_this_machine(address: str, own: bool) -> None:
    assert is_loopback(address) is own


STATUS = b'{"kind": "Status", "message": "nodes is forbidden:\\n no", "code": 403}'


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, b"Unauthorized\n", r"GET /api/v1/nodes: 401 Unauthorized \(the API server does not"),
        (403, STATUS, r"403 nodes is forbidden: no \(an administrator gives the rights"),
        (404, b"", r"GET /api/v1/nodes: 404 "),
        (418, b"\xff\x00 tea", "418 "),
    ],
)
def test_a_refusal_is_one_line_with_what_to_do(
    status: int, body: bytes, told: str, tmp_path: Path
) -> None:
    with answering(status, body) as address:
        cluster = Cluster(kubeconfig(tmp_path / "k", "c", address), "c")
        with pytest.raises(ApiRefused, match=told) as caught:
            cluster.find("/api/v1/nodes")
    assert caught.value.status == status
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("status", [200, 302, 307])
def test_a_login_page_is_said_to_be_no_api_server(status: int, tmp_path: Path) -> None:
    page = b"<html><title>Sign in</title></html>"
    with answering(status, page, Content_Type="text/html", Location="/login") as address:
        cluster = Cluster(kubeconfig(tmp_path / "k", "c", address), "c")
        with pytest.raises(ApiUnavailable, match=r"is no Kubernetes API server .*login page"):
            cluster.version()
        testbed = existing(context="c", kubeconfig=tmp_path / "k")
        (found,) = [one for one in examine(testbed) if one.level == "missing"]
    assert "is no Kubernetes API server" in found.found


def test_the_doctor_says_what_a_refusal_is_and_what_a_kubeconfig_lacks(tmp_path: Path) -> None:
    with answering(401, b"Unauthorized") as address:
        testbed = existing(context="c", kubeconfig=kubeconfig(tmp_path / "k", "c", address))
        (found,) = [one for one in examine(testbed) if one.level == "missing"]
    assert "401 Unauthorized (the API server does not know who asks" in found.found
    testbed = existing(context="other", kubeconfig=tmp_path / "k")
    (found,) = [one for one in examine(testbed) if one.level == "missing"]
    assert found.what == "kubeconfig" and "has no context `other`; there are: c" in found.found


@pytest.mark.parametrize(("length", "allowed"), [(49, True), (50, False), (60, False)])
def test_a_name_that_is_too_long_for_a_node_is_refused_at_once(
    length: int, allowed: bool, tmp_path: Path
) -> None:
    path = tmp_path / "testbed.yaml"
    path.write_text(f"testbed: {{type: kind, name: {'n' * length}}}\n", encoding="utf-8")
    if allowed:
        assert load_testbed(path).name == "n" * length
    else:
        with pytest.raises(ConfigError, match="49"):
            load_testbed(path)
