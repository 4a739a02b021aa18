# SPDX-License-Identifier: Apache-2.0
"""The doctor says before a cluster is made which images it cannot have."""

import http.server
import io
import json
import os
import re
import socketserver
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.systems.known import FIRST
from nsm_resilience.testbed.base import TestbedError
from nsm_resilience.testbed.config import Images, KindTestbed
from nsm_resilience.testbed.doctor import examine
from nsm_resilience.testbed.engine import is_elsewhere
from nsm_resilience.testbed.finding import Finding, answer
from nsm_resilience.testbed.image_check import look_at_images
from nsm_resilience.testbed.kind import Kind

PLANES = {FIRST: ("kernel",)}
BOTH = {FIRST: ("kernel", "vpp")}


class Engine:
    """Docker with some images, a registry with others, and perhaps a mirror."""

    def __init__(self, here: Any = (), registry: Any = (), mirrors: str = "[]") -> None:
        self.here, self.registry, self.mirrors = here, registry, mirrors
        self.asked: list[str] = []

    def __call__(self, *command: str, timeout_s: float = 60) -> tuple[bool, str]:
        if command[1:3] == ("image", "inspect"):
            return any(part in command[3] for part in self.here), ""
        if command[1:3] == ("manifest", "inspect"):
            self.asked.append(command[3])
            there = any(part in command[3] for part in self.registry)
            return there, "" if there else 'Get "https://example.org/v2/":\n no such host'
        return True, self.mirrors


def findings(config: KindTestbed, engine: Engine, planes: Any = PLANES) -> dict[str, Finding]:
    return {f.what: f for f in look_at_images(config, planes, engine)}


def test_without_a_registry_a_node_image_that_is_not_there_is_missing() -> None:
    found = findings(KindTestbed(), Engine())
    assert found["node image"].level == "missing"
    assert "no such host" in found["node image"].found
    assert "docker pull kindest/node:" in found["node image"].remedy
    assert "\n" not in found["node image"].found
    assert found["images"].level == "missing"
    assert "8 of 8 cannot be pulled" in found["images"].found
    assert "profiles/live-local-images" in found["images"].remedy


def test_what_is_there_or_can_be_pulled_is_ok_and_asked_for_once() -> None:
    engine = Engine(here=["kindest/node"], registry=["networkservicemesh/", "python:"])
    found = findings(KindTestbed(), engine)
    assert {f.level for f in found.values()} == {"ok"}
    assert len(engine.asked) == len(set(engine.asked)) == 8


def test_behind_a_mirror_it_is_a_warning() -> None:
    """The engine may pull what this host cannot ask for."""
    found = findings(KindTestbed(), Engine(mirrors='["https://mirror.example.org/"]'))
    assert {f.level for f in found.values()} == {"warning"}


def test_the_vpp_plane_wants_its_forwarder_in_docker_too() -> None:
    config = KindTestbed(images=Images(load="docker"))
    assert findings(config, Engine(here=[""]), BOTH)["images in Docker"].level == "ok"

    def only_kernel(*command: str, timeout_s: float = 60) -> tuple[bool, str]:
        return "vppagent" not in command[-1], ""

    (_, images) = look_at_images(config, BOTH, only_kernel)
    assert images.level == "missing"
    assert images.found == "absent: docker.io/networkservicemesh/vppagent-forwarder:v0.2.0"


def archive(path: Path, names: list[str]) -> Path:
    content = json.dumps([{"RepoTags": names}]).encode()
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("manifest.json")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"\x1f\x8b"])
def test_an_archive_that_is_none_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    if content is not None:
        path.write_bytes(content)
    config = KindTestbed(images=Images(load="archives", archives=(path,)))
    found = findings(config, Engine(here=["node"]))["image archives"]
    assert found.level == "missing"
    assert "is no archive of images" in found.found


def test_images_that_no_archive_holds_are_named(tmp_path: Path) -> None:
    config = KindTestbed(images=Images(load="archives"))
    names = ["nsmd", "nsmdp", "nsmd-k8s", "nsm-init", "nsm-monitor", "test-common"]
    held = [f"networkservicemesh/{name}:v0.2.0" for name in names] + ["python:3.12-slim"]
    path = archive(tmp_path / "a.tar", held)
    config = KindTestbed(images=Images(load="archives", archives=(path,)))
    found = findings(config, Engine(here=["node"]))["image archives"]
    assert found.found == "absent: docker.io/networkservicemesh/kernel-forwarder:v0.2.0"
    second = archive(tmp_path / "b.tar", ["networkservicemesh/kernel-forwarder:v0.2.0"])
    config = KindTestbed(images=Images(load="archives", archives=(path, second)))
    assert findings(config, Engine(here=["node"]))["image archives"].level == "ok"


def test_a_program_that_is_not_there_fails_or_hangs_is_an_answer(tmp_path: Path) -> None:
    assert answer("no-such-program") == (False, "no-such-program is not on the PATH")
    assert answer("sh", "-c", "echo why >&2; exit 3") == (False, "why")
    assert answer("sh", "-c", r"printf 'a\377\n'") == (True, "a\ufffd")
    works, said = answer("sleep", "5", timeout_s=0.1)
    assert (works, said) == (False, "no answer within 0.1 s")


def test_a_cluster_for_both_planes_has_the_forwarders_of_both() -> None:
    """Manifests call them by one name; a cluster on which both planes run needs each."""
    names = Images().names(BOTH)
    for forwarder in ("kernel-forwarder", "vppagent-forwarder"):
        assert f"docker.io/networkservicemesh/{forwarder}:v0.2.0" in names
    assert len(names) == len(set(names)) == 8


@contextmanager
def engine(folder: Path, status: int, said: str) -> Iterator[str]:
    """An engine behind a unix socket that says this of every image."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_: Any) -> None:
            pass

    path = folder / "docker.sock"
    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"unix://{path}"
        server.shutdown()
    assert all(one.startswith("/distribution/kindest/node:") for one in asked)


def stand_in(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


DOCKER = """
case "$1 $2" in
  "image inspect") exit 1 ;;
  "manifest inspect") {manifest} ;;
  "context inspect") echo {address} ;;
  "info --format") [ "$3" != "{{{{.ServerVersion}}}}" ] || echo 28.0.0 ;;
esac
"""
"""A stand-in for `docker` without any image, whose own word of a registry is `manifest`."""
REFUSED = '{"message": "Get \\"https://example.org/v2/\\": dial tcp: no such host"}'


@pytest.mark.parametrize(
    ("status", "said", "manifest", "level", "found"),
    [
        (500, REFUSED, "exit 0", "missing", "its engine cannot pull it: .*no such host"),
        (503, "no json", "exit 0", "missing", "the engine reports an error"),
        (200, "{}", "exit 1", "ok", "can be pulled, by the engine"),
        (403, '{"message": "sign in"}', "exit 0", "ok", "can be pulled"),
        (404, "Not Found", "echo 'no such manifest' >&2; exit 1", "missing", "no such manifest"),
    ],
)
def test_whether_the_node_image_can_be_pulled_is_the_engines_word(
    status: int, said: str, manifest: str, level: str, found: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """`docker manifest inspect` asks with the proxy of this host, the engine pulls with its own."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    stand_in(tmp_path / "bin", "kind", "echo kind v0.30.0 go1.24")
    with engine(tmp_path, status, said) as address:
        stand_in(tmp_path / "bin", "docker", DOCKER.format(manifest=manifest, address=address))
        (image,) = [one for one in examine(KindTestbed()) if one.what == "node image"]
    assert image.level == level
    assert re.search(found, image.found)


def test_a_node_image_that_kind_cannot_pull_is_told_as_the_doctor_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("KIND_EXPERIMENTAL_PROVIDER", "podman")
    stand_in(tmp_path / "bin", "docker", "exit 1")
    stand_in(
        tmp_path / "bin", "kind",
        '[ -z "$KIND_EXPERIMENTAL_PROVIDER" ] || exit 0\n[ "$1" = create ] || exit 0\n'
        "echo 'ERROR: failed to create cluster: failed to pull image \"x\"' >&2; exit 1",
    )  # fmt: skip
    with pytest.raises(TestbedError, match=r"(?s)failed to pull.*`docker pull kindest/node.*load"):
        Kind(KindTestbed(), tmp_path).up()


def test_images_that_cannot_be_loaded_are_told_before_a_cluster_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    stand_in(tmp_path / "bin", "docker", "exit 1")
    stand_in(tmp_path / "bin", "kind", f'[ "$1" != create ] || touch {tmp_path}/made')
    for images, told in (
        (Images(load="docker"), "Docker has no image"),
        (Images(load="archives", archives=(tmp_path / "gone.tar",)), "there is no file .*gone.tar"),
    ):
        with pytest.raises(TestbedError, match=told):
            Kind(KindTestbed(images=images), tmp_path, planes=PLANES).up()
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("address", "elsewhere"),
    [
        ("unix:///var/run/docker.sock", False), ("", False), ("npipe:////./pipe/x", False),
        ("tcp://127.0.0.1:2375", False), ("tcp://localhost:2375", False),
        ("tcp://0.0.0.0:1", False), ("tcp://192.0.2.1:2376", True), ("ssh://me@192.0.2.1", True),
    ],
)  # fmt: skip
def test_an_engine_of_another_machine_is_known(address: str, elsewhere: bool) -> None:
    assert is_elsewhere(address) is elsewhere


def test_the_doctor_says_that_an_engine_is_of_another_machine_or_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    stand_in(tmp_path / "bin", "kind", "echo kind v0.30.0")
    docker = DOCKER.format(manifest="exit 1", address="ssh://me:secret@192.0.2.1")
    stand_in(tmp_path / "bin", "docker", docker)
    (found,) = [one for one in examine(KindTestbed()) if one.what == "Docker's machine"]
    assert (found.level, found.found) == ("missing", "another one (ssh://192.0.2.1)")
    stand_in(tmp_path / "bin", "docker", "exit 0")
    (found,) = [one for one in examine(KindTestbed()) if one.what == "Docker"]
    assert found.level == "missing"


def test_the_doctor_goes_on_where_the_system_does_not_say_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of Docker's that is not ours to see; a system that does not tell its memory."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    stand_in(tmp_path / "bin", "kind", "echo kind v0.30.0")
    stand_in(tmp_path / "bin", "docker", "echo /nowhere/to/be/seen")

    def silent(name: str) -> int:
        raise ValueError(f"unrecognized configuration name: {name}")

    monkeypatch.setattr(os, "sysconf", silent)
    found = {one.what: one for one in examine(KindTestbed())}
    assert found["memory"].level == "warning" and "does not say" in found["memory"].found
    assert "GiB free" in found["disk for Docker"].found


def test_a_docker_of_snapd_is_told_where_it_can_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images were all there by `doctor`, and `kind load` could save none of them."""
    config = KindTestbed(images=Images(load="docker"))
    monkeypatch.setattr("shutil.which", lambda name: f"/snap/bin/{name}")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "tmp"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = findings(config, Engine())["Docker is a snap"]
    assert found.level == "warning" and "export TMPDIR=~/tmp" in found.remedy
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "Docker is a snap" not in findings(config, Engine())
