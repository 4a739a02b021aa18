# SPDX-License-Identifier: Apache-2.0
"""A kubeconfig is found and read as kubectl does, and every mistake in it is one clear line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from api_server import answering, kubeconfig

from nsm_resilience.study.load import ConfigError
from nsm_resilience.testbed.api import ApiRefused, ApiUnavailable, Cluster
from nsm_resilience.testbed.config import ExistingTestbed, load_testbed
from nsm_resilience.testbed.connection import KubeconfigError
from nsm_resilience.testbed.doctor import examine
from nsm_resilience.testbed.existing import Existing
from nsm_resilience.testbed.rights import missing_rights


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


@pytest.mark.parametrize(
    "server",
    ["https://[fd00::1:6443", "https://me:secret@api.example:port", "https://api.example:6443#@secret",
     "https://api.example:99999", "https://secret api.example", "ftp://secret:1"],
)  # fmt: skip
def test_a_server_that_cannot_be_read_is_one_line_without_it(server: str, tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "k", "c", server)
    with pytest.raises(KubeconfigError, match=r"`c` .*`server` of its .*https://api") as caught:
        Cluster(path, "c")
    assert "secret" not in str(caught.value) and len(str(caught.value).splitlines()) == 1
    (found,) = [
        one for one in examine(existing(context="c", kubeconfig=path)) if one.level == "missing"
    ]
    assert found.what == "kubeconfig" and found.found == str(caught.value)


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


NO_ANSWERS = (
    b'{"error": "login_required"}', b"[]", b"null", b"3", b'{"items": {"a": 1}}',
    b'{"status": "ok"}', b'{"metadata": [], "items": [{}]}', b"[" * 9999,
)  # fmt: skip


@pytest.mark.parametrize("body", NO_ANSWERS, ids=lambda body: body[:20])
def test_json_of_another_server_is_said_to_be_no_api_servers(body: bytes, tmp_path: Path) -> None:
    with answering(200, body + b"\n", Content_Type="application/json") as address:
        server = address.replace("://", "://me:secret@")
        cluster = Cluster(kubeconfig(tmp_path / "k", "c", server), "c")
        asked = (
            cluster.version, cluster.identity, cluster.ready_nodes,
            lambda: cluster.get("/api/v1/nodes/a"), lambda: missing_rights(cluster),
        )  # fmt: skip
        for ask in asked:
            with pytest.raises(ApiUnavailable, match="is no Kubernetes API server") as caught:
                ask()
            assert "secret" not in str(caught.value)
        with pytest.raises((ValueError, ApiUnavailable), match=r"no event|recursion"):
            list(cluster.follow("/api/v1/pods?watch=true", timeout_s=5))
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
