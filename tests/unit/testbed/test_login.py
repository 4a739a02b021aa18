# SPDX-License-Identifier: Apache-2.0
"""A login that expires while somebody works with a cluster is renewed, or said to be none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from api_server import StandIn, serving

from nsm_resilience.testbed import api, connection
from nsm_resilience.testbed.api import ApiRefused, ApiUnavailable, Cluster, is_signed_out, wait_for

NODE = "/api/v1/nodes/a"
SPACE = "{apiVersion: v1, kind: Namespace, metadata: {name: x}}"
EVENT = {"type": "ADDED", "object": {}}


@pytest.fixture
def theirs() -> StandIn:
    held = StandIn("a")
    held.token = "first"
    return held


@pytest.fixture
def kubeconfig(theirs: StandIn, tmp_path: Path) -> Iterator[Path]:
    with serving(theirs, tmp_path) as path:
        log_in(path, token="first")
        yield path


def log_in(kubeconfig: Path, **user: Any) -> None:
    content = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    content["users"] = [{"name": "u", "user": user}]
    kubeconfig.write_text(yaml.safe_dump(content), encoding="utf-8")


def plug_in(folder: Path, kubeconfig: Path) -> Path:
    """A plug-in that gives the token of a file, as long as there is one; where it says so."""
    version = "client.authentication.k8s.io/v1"
    status = '{\\"token\\": \\"$token\\"}'
    said = f'{{\\"apiVersion\\": \\"{version}\\", \\"kind\\": \\"E\\", \\"status\\": {status}}}'
    script = folder / "plug-in"
    script.write_text(
        f"#!/bin/sh\ncd {folder}\necho asked >> asked\ntoken=$(cat token) || exit 1\n"
        f'echo "{said}"\n'
    )
    script.chmod(0o755)
    (folder / "token").write_text("first")
    log_in(kubeconfig, exec={"apiVersion": version, "command": str(script)})
    return folder / "asked"


def test_a_new_login_in_the_kubeconfig_is_taken(
    theirs: StandIn, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "LOGIN_PAUSE_S", 0)
    cluster = Cluster(kubeconfig, "theirs")
    cluster.apply(SPACE)

    def follow() -> None:
        monkeypatch.setattr(theirs, "answer", lambda *_: (200, EVENT))
        assert list(cluster.follow("/api/v1/pods?watch=true", timeout_s=5)) == [EVENT]

    for number, ask in enumerate((lambda: cluster.get(NODE), lambda: cluster.apply(SPACE), follow)):
        theirs.token = f"another-{number}"
        log_in(kubeconfig, token=theirs.token)
        ask()


def test_a_plug_in_is_asked_again_when_its_login_is_no_longer_taken(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    plug_in(tmp_path, kubeconfig)
    cluster = Cluster(kubeconfig, "theirs")
    cluster.get(NODE)
    theirs.token = "second"
    (tmp_path / "token").write_text("second")
    cluster.get(NODE)


def test_a_login_that_nobody_renews_is_one_line_and_its_plug_in_is_not_asked_for_ever(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = plug_in(tmp_path, kubeconfig)
    cluster = Cluster(kubeconfig, "theirs")
    cluster.apply(SPACE)
    theirs.token = "second"
    (tmp_path / "token").unlink()
    for what, ask in (("GET", lambda: cluster.get(NODE)), ("apply", lambda: cluster.apply(SPACE))):
        with pytest.raises(ApiRefused, match=f"{what} .*401 Unauthorized .*sign in again") as told:
            ask()
        assert len(str(told.value).splitlines()) == 1
        assert is_signed_out(told.value)
    assert len(asked.read_text().splitlines()) == 2  # at first, and when it was refused
    assert capfd.readouterr() == ("", "")


def test_who_waits_in_vain_for_lack_of_a_login_says_so(theirs: StandIn, kubeconfig: Path) -> None:
    cluster = Cluster(kubeconfig, "theirs")
    theirs.token = "second"
    with pytest.raises(ApiUnavailable, match="sign in again") as told:
        wait_for("an answer", cluster.identity, 0.1, 0.05)
    assert is_signed_out(told.value)


@pytest.mark.parametrize(("pause_s", "times"), [(0, 2), (60, 0)])
def test_a_renewal_that_fails_leaves_the_login_as_it_is(
    pause_s: int, times: int, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client itself renews one that expires soon; what its providers raise is anything."""
    asked: list[Any] = []

    def renew(settings: Any) -> None:
        asked.append(settings)
        settings.refresh_api_key_hook = renew
        raise AttributeError("the provider is away")

    load = connection.config.load_kube_config

    def loading(source: Any, context: str, settings: Any) -> None:
        load(source, context, settings)
        settings.refresh_api_key_hook = renew

    monkeypatch.setattr(connection.config, "load_kube_config", loading)
    monkeypatch.setattr(connection, "LOGIN_PAUSE_S", pause_s)
    cluster = Cluster(kubeconfig, "theirs")
    for _ in range(2):
        cluster.get(NODE)
    assert len(asked) == times
