# SPDX-License-Identifier: Apache-2.0
"""Each kind of damage shows, and can be undone while the listener lives."""

import errno
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


@pytest.fixture
def elsewhere(node_root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our own folder is on another file system than the socket, as /var and /run mostly are.

    The socket's begins at the folder `run` of the node.
    """
    link = os.link
    run = node_root / "run"

    def as_mounted(source: str, place: str, **rest: bool) -> None:
        if not place.startswith(f"{run}/"):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        link(source, place, **rest)

    monkeypatch.setattr(os, "link", as_mounted)
    (run / "spire").mkdir(parents=True)
    return run


@pytest.mark.parametrize("serves", [True, False])
@pytest.mark.parametrize("method", ["unlink", "replace", "orphan", "mode"])
def test_a_socket_on_a_file_system_of_its_own_is_put_back(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, method: str, serves: bool
) -> None:
    """SPIRE's is in /run: its damage was proved and never undone."""
    import inject
    import sockets

    monkeypatch.chdir(elsewhere)
    path = "/run/spire/agent.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.bind("spire/agent.sock")
        made.listen()
        before = sockets.describe(path)
        order = {"id": "f", "method": method, "sockets": {"spire": path}, "serves": serves}
        fault = inject.Sockets(order)
        assert [p.name for p in elsewhere.iterdir() if p.is_socket()] == [
            ".nsm-resilience-run_spire_agent.sock"
        ], "not in the folder that SPIRE uses"
        fault.inject()
        assert fault.prove(0)[0]
        ok, (check,) = fault.undo()
        assert ok and check["after"] == {path: {**before, "answers": True}}
        assert sockets.describe(path) == before and sockets.answers(path)
    assert [p.name for p in elsewhere.iterdir()] == ["spire"], "nothing of ours is left"


@pytest.mark.parametrize("kept", [True, False], ids=["with a second name", "without"])
@pytest.mark.parametrize("method", ["unlink", "replace", "orphan", "mode"])
def test_what_the_component_made_anew_is_undone_whatever_was_kept(
    node_root: Path, monkeypatch: pytest.MonkeyPatch, method: str, kept: bool
) -> None:
    """Kubelet restarted it in the watch. Without a second name that counted as not undone."""
    import damage
    import inject
    import sockets

    monkeypatch.chdir(node_root)
    if not kept:
        monkeypatch.setattr(damage, "keep", lambda _: None)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as old:
        old.bind(PATH.strip("/"))
        old.listen()
        fault = inject.Sockets(
            {"id": "f", "method": method, "sockets": {"spire": PATH}, "serves": True}
        )
        fault.inject()
    Path(PATH.strip("/")).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as new:
        new.bind(PATH.strip("/"))
        new.listen()
        made = sockets.describe(PATH)
        ok, (check,) = fault.undo()
        assert ok and check["after"] == {PATH: {**made, "answers": True}}


def test_a_socket_that_has_to_answer_is_not_undone_while_nobody_does(
    node_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of before is there again, but who listened has ended."""
    import inject

    monkeypatch.chdir(node_root)
    monkeypatch.setattr(inject, "ANSWERS_AGAIN_S", 0.1)
    undone = {}
    for serves in (True, False):
        Path(PATH.strip("/")).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as old:
            old.bind(PATH.strip("/"))
            old.listen()
            fault = inject.Sockets(
                {"id": "f", "method": "replace", "sockets": {"spire": PATH}, "serves": serves}
            )
            fault.inject()
        ok, (check,) = fault.undo()
        assert check["after"][PATH]["kind"] == "socket" and not check["after"][PATH]["answers"]
        undone[serves] = ok
    assert undone == {True: False, False: True}, "a lane's own is made anew with the lane"


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
