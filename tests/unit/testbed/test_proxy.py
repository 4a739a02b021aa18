# SPDX-License-Identifier: Apache-2.0
"""Which proxy an API server is asked through, what that is told, and what of it is never shown."""

from __future__ import annotations

import http.server
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from api_server import answering, kubeconfig
from kubernetes.stream.ws_client import create_websocket

from nsm_resilience.testbed.api import ApiRefused, ApiUnavailable, Cluster
from nsm_resilience.testbed.config import ExistingTestbed
from nsm_resilience.testbed.connection import KubeconfigError, make_stream_client
from nsm_resilience.testbed.doctor import examine
from nsm_resilience.testbed.proxy import (
    headers_for,
    is_loopback,
    proxy_for,
    with_scheme_and_port,
    without_password,
)


@contextmanager
def a_proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that lets nobody through: its host and port, and who asked, call by call."""
    told: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.append(self.headers.get("Proxy-Authorization", ""))
            self.send_response(407)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_CONNECT = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", told
        server.shutdown()


@pytest.fixture(autouse=True)
def no_proxy_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("user", "who"),
    [("me:secret@", b"me:secret"), ("me:se%23cr%C3%A9t%40@", "me:se#crét@".encode()),
     ("me:a:b@", b"me:a:b"), ("me:\u00e9?~@".replace("?", "%3F"), "me:é?~".encode()), ("", None)],
)  # fmt: skip
@pytest.mark.parametrize("named_by", ["environment", "kubeconfig"])
def test_a_proxy_is_told_the_user_and_password_of_its_address(
    user: str, who: bytes | None, named_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By each way that calls go: plain, through a tunnel, and as a web socket."""
    with a_proxy() as (place, told):
        named = {}
        if named_by == "kubeconfig":
            named["proxy-url"] = f"http://{user}{place}"
        else:
            monkeypatch.setenv("HTTP_PROXY", f"http://{user}{place}")
            monkeypatch.setenv("HTTPS_PROXY", f"{user}{place}")
        plain = kubeconfig(tmp_path / "plain", "c", "http://api.example:6443", **named)
        with pytest.raises(ApiRefused, match=r"407 .*write user and password into"):
            Cluster(plain, "c").version()
        tunnel = kubeconfig(tmp_path / "tunnel", "c", "https://api.example:6443", **named)
        with pytest.raises(ApiUnavailable, match="407"):
            Cluster(tunnel, "c").version()
        made = make_stream_client(tunnel, "c").configuration
        with pytest.raises(Exception, match="407"):
            create_websocket(made, "wss://api.example:6443")
    assert told == [f"Basic {b64encode(who).decode()}" if who else ""] * 3


@pytest.mark.parametrize("proxy", ["socks5://me:secret@p:1", "socks5h://me:secret@p:1"])
def test_no_header_with_a_password_goes_through_a_socks_proxy(proxy: str) -> None:
    """The API server would read it."""
    assert headers_for(proxy) == {}


UNREADABLE = [
    "http://me:se#cret@proxy:3128", "http://me:12#secret@proxy:3128", "http://me:se/cret@proxy:3128",
    "http://me:se?cret@proxy:3128", "http://me:se[cret@proxy:3128", "me:se#cret@proxy:3128",
    "http://me:secret@proxy:3128 ", " http://me:secret@proxy:3128", "http://me:sec ret@proxy:3128",
    "http://me:secret@proxy:3128\r", "http://proxy:port", "http://me:secret@proxy:99999",
    "http://me:secret@proxy:0", "http://me:secret@", "http://", "http://:3128", "http:/proxy:3128",
    "http://me:secret@[fd00::1:3128", "http://me:se%E9cret@proxy:1",
]  # fmt: skip


@pytest.mark.parametrize("proxy", UNREADABLE)
@pytest.mark.parametrize("named_by", ["HTTPS_PROXY", "https_proxy", "proxy-url"])
def test_a_proxy_that_cannot_be_read_is_named_and_never_shown(
    proxy: str, named_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {named_by: proxy} if named_by == "proxy-url" else {}
    if not named:
        monkeypatch.setenv(named_by, proxy)
    path = kubeconfig(tmp_path / "k", "c", "https://api.example:6443", **named)
    with pytest.raises(KubeconfigError, match=rf"[`$]{named_by}.*`#` is `%23`") as caught:
        Cluster(path, "c")
    text = str(caught.value)
    told = text.removeprefix(str(path))  # whose own name has the address in it
    assert not any(part in told for part in ("secret", "cret@", "se#", "me:", ":12"))
    assert len(text.splitlines()) == 1
    if proxy == UNREADABLE[0]:
        testbed = ExistingTestbed(type="existing", name="lab", context="c", kubeconfig=path)
        (found,) = [one for one in examine(testbed) if one.level == "missing"]
        assert found.found == text


@pytest.mark.parametrize("proxy", [3128, ["http://p:1"], {"a": 1}, True])
def test_a_proxy_of_a_kubeconfig_that_is_no_text_is_said(proxy: Any, tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "k", "c", "https://api.example:6443", **{"proxy-url": proxy})
    with pytest.raises(KubeconfigError, match=r"`proxy-url` of its cluster .*no text"):
        Cluster(path, "c")


@pytest.mark.parametrize("proxy", UNREADABLE[:8])
def test_an_address_is_shown_without_what_is_before_its_host(proxy: str) -> None:
    assert without_password(proxy).strip().removeprefix("http://") == "proxy:3128"


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
    assert with_scheme_and_port(proxy, "it") == proxy


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
