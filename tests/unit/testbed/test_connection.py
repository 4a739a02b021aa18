# SPDX-License-Identifier: Apache-2.0
"""A kubeconfig is found and read as kubectl does, and every mistake in it is one clear line."""

from __future__ import annotations

import http.server
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.stream.ws_client import create_websocket

from nsm_resilience.study.load import ConfigError
from nsm_resilience.testbed.api import ApiRefused, ApiUnavailable, Cluster
from nsm_resilience.testbed.config import ExistingTestbed, load_testbed
from nsm_resilience.testbed.connection import KubeconfigError, make_stream_client
from nsm_resilience.testbed.doctor import examine
from nsm_resilience.testbed.existing import Existing
from nsm_resilience.testbed.proxy import is_loopback, proxy_for, with_scheme_and_port


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


@pytest.mark.parametrize("current", [None, "", "gone"])
def test_the_named_context_is_used_whatever_the_current_one_is(
    current: str | None, tmp_path: Path
) -> None:
    """So does `kubectl --context`; `kind delete` and `unset current-context` leave such files."""
    path = kubeconfig(tmp_path / "k", "mine", "http://127.0.0.1:1")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    del content["current-context"]
    if current is not None:
        content["current-context"] = current
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert Cluster(path, "mine").api.configuration.host == "http://127.0.0.1:1"


def test_a_path_with_a_colon_in_it_is_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of a kind cluster of a checkout in such a folder."""
    path = kubeconfig(tmp_path / "a:b" / "k", "mine", "http://127.0.0.1:1")
    assert Cluster(path, "mine").api.configuration.host == "http://127.0.0.1:1"
    monkeypatch.setenv("KUBECONFIG", str(path))
    testbed = Existing(existing(context="mine"), None)
    assert Cluster(testbed.kubeconfig, "mine").api.configuration.host == "http://127.0.0.1:1"


@pytest.mark.parametrize("nothing", ["", "# nothing\n", "\n", "{}\n"])
def test_an_empty_file_beside_a_good_one_is_passed_over(nothing: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text(nothing, encoding="utf-8")
    good = kubeconfig(tmp_path / "good", "mine", "http://127.0.0.1:1")
    for order in ([empty, good], [good, empty]):
        cluster = Cluster(Path(os.pathsep.join(map(str, ["", *order, ""]))), "mine")
        assert cluster.api.configuration.host == "http://127.0.0.1:1"


@pytest.mark.parametrize("bad", ["<html>", "clusters: 3", "contexts: [x]", "a: [", None])
def test_of_several_files_the_bad_one_is_named(bad: str | None, tmp_path: Path) -> None:
    good, other = kubeconfig(tmp_path / "good", "c", "http://127.0.0.1:1"), tmp_path / "other"
    if bad is None:
        other.mkdir()
    else:
        other.write_text(bad, encoding="utf-8")
    with pytest.raises(KubeconfigError, match=rf"^{other}: is no kubeconfig \(") as caught:
        Cluster(Path(f"{good}{os.pathsep}{other}"), "c")
    assert len(str(caught.value).splitlines()) == 1


PLUGIN = "client.authentication.k8s.io/v1"
NO_TOKEN = {"apiVersion": PLUGIN, "kind": "ExecCredential", "status": {}}


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (None, "No such file or directory"),
        ("echo 'please sign in' >&2; exit 3", "please sign in"),
        ("echo '<html>'", "failed to decode"),
        (f"echo '{json.dumps(NO_TOKEN)}'", "missing token"),
    ],
)  # fmt: skip
def test_a_credential_plug_in_that_fails_is_said_and_nobody_asks_as_a_nobody(
    script: str | None, why: str, tmp_path: Path
) -> None:
    plugin = tmp_path / "plugin"
    if script is not None:
        plugin.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        plugin.chmod(0o755)
    path = kubeconfig(tmp_path / "k", "c", "https://api.example:6443")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["users"][0]["user"] = {"exec": {"apiVersion": PLUGIN, "command": str(plugin)}}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(KubeconfigError, match=f"its credential plug-in: .*{why}.*installed"):
        Cluster(path, "c")


@pytest.mark.parametrize("server", [None, "", "api.example:6443", "/run/api.sock"])
def test_a_cluster_without_an_address_is_not_looked_for_on_this_machine(
    server: str | None, tmp_path: Path
) -> None:
    path = kubeconfig(tmp_path / "k", "c", server or "")
    if server is None:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["clusters"][0]["cluster"] = {}
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(KubeconfigError, match=r"context `c` cannot be used .*`server`"):
        Cluster(path, "c")


def test_a_user_without_a_home_folder_gets_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", nobody)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with pytest.raises(KubeconfigError, match=r"no kubeconfig at ~/.kube/config; write"):
        Cluster(Existing(existing(context="c"), None).kubeconfig, "c")


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


HTTPS = {"HTTPS_PROXY": "http://p:1"}


@pytest.mark.parametrize(
    ("address", "environment", "proxy"),
    [
        ("https://far", HTTPS, "http://p:1"),
        ("https://far", {"https_proxy": "http://p:1"}, "http://p:1"),
        ("https://far", {**HTTPS, "https_proxy": "http://q:1"}, "http://p:1"),
        ("http://far", HTTPS, None),
        ("https://far", {"HTTP_PROXY": "http://p:1"}, None),
        ("https://far", {"ALL_PROXY": "socks5://p:1", "all_proxy": "http://p:1"}, None),
        ("http://far", {"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, None),
        ("https://far", {"HTTPS_PROXY": "p:3128"}, "http://p:3128"),
        ("https://far", {"HTTPS_PROXY": "p"}, "http://p:80"),
        ("https://far", {"HTTPS_PROXY": "socks5://p"}, "socks5://p:1080"),
        ("https://far", {**HTTPS, "NO_PROXY": "other, far"}, None),
        ("https://a.far", {**HTTPS, "no_proxy": "far"}, None),
        ("https://a.far", {**HTTPS, "NO_PROXY": ".far"}, None),
        ("https://a.far", {**HTTPS, "NO_PROXY": "*.far"}, None),
        ("https://far", {**HTTPS, "NO_PROXY": ".far"}, "http://p:1"),
        ("https://notfar", {**HTTPS, "NO_PROXY": "far"}, "http://p:1"),
        ("https://far", {**HTTPS, "NO_PROXY": "*"}, None),
        ("https://far:6443", {**HTTPS, "NO_PROXY": "far:6443"}, None),
        ("https://far", {**HTTPS, "NO_PROXY": "far:6443"}, "http://p:1"),
        ("https://far", {**HTTPS, "NO_PROXY": "far:443"}, None),
        ("https://10.1.2.3", {**HTTPS, "NO_PROXY": "10.0.0.0/8"}, None),
        ("https://10.1.2.3:1", {**HTTPS, "NO_PROXY": "10.1.2.3:1"}, None),
        ("https://[fd00::1]", {**HTTPS, "NO_PROXY": "fd00::/8"}, None),
        ("https://[fd00::1]:1", {**HTTPS, "NO_PROXY": "[fd00::1]:1"}, None),
        ("https://[fd00::1]", {**HTTPS, "NO_PROXY": "fd00::1"}, None),
        ("https://11.1.2.3", {**HTTPS, "NO_PROXY": "10.0.0.0/8,,far"}, "http://p:1"),
    ],
)
def test_the_proxy_is_the_one_that_kubectl_takes(
    address: str, environment: dict[str, str], proxy: str | None
) -> None:
    assert proxy_for(address, environment) == proxy


def test_a_proxy_of_a_kubeconfig_is_taken_whatever_the_environment_excepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    named = {"proxy-url": "http://jump.example"}
    path = kubeconfig(tmp_path / "k", "c", "https://api.example:6443", **named)
    assert str(Cluster(path, "c").api.rest_client.pool_manager.proxy) == "http://jump.example:80"


@pytest.mark.parametrize("proxy", ["socks5://me:secret@p:1", "ftp://me:secret@p:1"])
def test_a_proxy_that_cannot_be_used_is_said_without_its_password(
    proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.delitem(sys.modules, "urllib3.contrib.socks", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(KubeconfigError, match="PySocks") as caught:
        Cluster(kubeconfig(tmp_path / "k", "c", "https://api.example:6443"), "c")
    assert "secret" not in str(caught.value)
    assert with_scheme_and_port(proxy) == proxy


def test_commands_in_containers_of_this_machine_go_to_no_proxy_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with answering(500, b"here") as address:
        path = kubeconfig(tmp_path / "k", "c", address)
        made = make_stream_client(path, "c")
        with pytest.raises(Exception, match="500"):
            create_websocket(made.configuration, address.replace("http", "ws"))


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
