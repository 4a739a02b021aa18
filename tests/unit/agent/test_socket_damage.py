# SPDX-License-Identifier: Apache-2.0
"""Each kind of damage shows, and can be undone while the listener lives."""

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
