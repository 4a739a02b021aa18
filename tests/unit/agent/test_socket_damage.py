# SPDX-License-Identifier: Apache-2.0
"""Each kind of damage shows, and can be undone while the listener lives."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs unix sockets")
PATH = "/nsm.io.sock"


@pytest.fixture
def listener(node_root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.chdir(node_root)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.bind(PATH.strip("/"))  # relative: a unix address is short
        made.listen()
        yield made


@pytest.mark.parametrize("method", ["unlink", "replace", "orphan", "mode"])
def test_damage_shows_and_is_mended(listener: socket.socket, method: str) -> None:
    import damage
    import sockets

    before = sockets.describe(PATH)
    assert before["kind"] == "socket" and sockets.answers(PATH)
    assert not all(c["ok"] for c in damage.check(PATH, method, before))

    kept = damage.keep(PATH)
    damage.damage(PATH, method)
    checks = damage.check(PATH, method, before)
    assert checks and all(c["ok"] for c in checks)
    if method != "mode":  # root is not stopped by a mode
        assert not sockets.answers(PATH)

    assert damage.mend(PATH, method, kept, before)
    after = sockets.describe(PATH)
    assert (after["inode"], after["mode"]) == (before["inode"], before["mode"])
    assert sockets.answers(PATH)


def test_a_socket_that_the_component_made_anew_is_left_in_its_place(
    listener: socket.socket, node_root: Path
) -> None:
    import damage
    import sockets

    before = sockets.describe(PATH)
    kept = damage.keep(PATH)
    damage.damage(PATH, "unlink")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as new:
        new.bind(PATH.strip("/"))
        new.listen()
        made = sockets.describe(PATH)
        assert damage.mend(PATH, "unlink", kept, before)
        assert sockets.describe(PATH) == made


@pytest.mark.parametrize("method", ["unlink", "replace", "orphan", "mode"])
def test_damage_whose_injector_was_killed_is_mended_by_whoever_comes(
    listener: socket.socket, node_root: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    import clean
    import inject
    import sockets

    before = sockets.describe(PATH)
    fault = inject.Sockets({"id": "f", "method": method, "sockets": {"nsm": PATH}})
    fault.inject()
    assert fault.prove(0)[0]
    del fault
    monkeypatch.setattr(clean.rules, "remove", lambda: [])
    clean.undo_faults()
    after = sockets.describe(PATH)
    assert (after["inode"], after["mode"]) == (before["inode"], before["mode"])
    assert not list((node_root / "safe").glob("*.json"))


def test_what_is_missing_is_described_as_missing(node_root: Path) -> None:
    import sockets

    assert sockets.describe("/absent") == {"kind": "missing", "inode": None, "mode": None}
    assert not sockets.answers("/absent")
    assert not sockets.answers("/no/such/folder")


def test_a_pattern_finds_every_workspace(node_root: Path) -> None:
    import sockets

    for name in ("nsm-1", "nsm-2"):
        (node_root / name).mkdir()
        (node_root / name / "nsm.server.io.sock").touch()
    found = sockets.expand({"workspace-server": "/nsm-*/nsm.server.io.sock", "one": "/absent"})
    assert found == [
        ("one", "/absent"),
        ("workspace-server", "/nsm-1/nsm.server.io.sock"),
        ("workspace-server", "/nsm-2/nsm.server.io.sock"),
    ]


@pytest.fixture
def inside(
    listener: socket.socket, node_root: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, int]:
    """A process whose file system stands for a container's, with the listener's socket in it."""
    import processes
    import sockets

    stat = processes.stat_of(os.getpid())
    assert stat is not None
    found = {"pid": os.getpid(), "start_ticks": stat[1]}
    monkeypatch.setattr(
        processes, "component", lambda program: dict(found) if program == "forwarder" else None
    )
    sockets._holders.clear()
    return found


@pytest.mark.parametrize("method", ["unlink", "replace", "orphan", "mode"])
def test_a_socket_in_a_container_is_damaged_there_and_mended(
    inside: dict[str, int], node_root: Path, method: str
) -> None:
    import inject
    import sockets

    path = f"forwarder:{node_root}{PATH}"
    before = sockets.describe(path)
    assert before["kind"] == "socket" and sockets.answers(path)
    fault = inject.Sockets({"id": "f", "method": method, "sockets": {"forwarder": path}})
    assert fault.before == {path: {"name": "forwarder", **before, "process": inside}}
    fault.inject()
    assert fault.prove(0)[0]
    assert fault.undo()[0]
    assert sockets.describe(path) == before and sockets.answers(path)
    assert {p.name for p in node_root.iterdir()} == {"safe", PATH.strip("/")}


def test_damage_in_a_container_goes_with_it(inside: dict[str, int], node_root: Path) -> None:
    """Kubelet started another: nothing of it is touched, and nothing is left to mend."""
    import inject
    import sockets

    path = f"forwarder:{node_root}{PATH}"
    fault = inject.Sockets({"id": "f", "method": "replace", "sockets": {"forwarder": path}})
    fault.inject()
    inside["start_ticks"] += 1  # the process that is found now is another one
    for kept in fault.before.values():
        kept["process"]["start_ticks"] -= 1
    import damage

    damage.remember("f", "replace", fault.kept, fault.before)
    assert fault.undo()[0]
    assert sockets.describe(path)["kind"] == "file"


def test_a_container_that_does_not_run_has_no_socket(
    inside: dict[str, int], node_root: Path
) -> None:
    import inject
    import sockets

    path = f"vpp:{node_root}{PATH}"
    assert sockets.expand({"vpp": path}) == [("vpp", path)]
    assert sockets.describe(path)["kind"] == "missing" and not sockets.answers(path)
    fault = inject.Sockets({"id": "f", "method": "unlink", "sockets": {"vpp": path}})
    with pytest.raises(LookupError):
        fault.inject()
