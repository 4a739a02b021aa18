# SPDX-License-Identifier: Apache-2.0
"""An interface of a pod is set down, proved, and set up again by whoever comes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="networks of Linux")
ORDER = {
    "id": "f", "method": "down", "pod": "client", "pod_uid": "u", "interface": "lo",
}  # fmt: skip
"""A network of its own has this interface without any tool."""


@pytest.fixture
def pod(monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a network of its own, whose `lo` is up."""
    import linkdown
    import processes

    child = subprocess.Popen(["unshare", "--net", "sleep", "60"], stderr=subprocess.DEVNULL)
    own = os.stat("/proc/self/ns/net").st_ino
    deadline = time.monotonic() + 10
    try:
        while os.stat(f"/proc/{child.pid}/ns/net").st_ino == own:
            if child.poll() is not None or time.monotonic() > deadline:
                pytest.skip("no network can be made here")
            time.sleep(0.01)
        monkeypatch.setattr(processes, "in_own_network", lambda pid: pid == child.pid)
        monkeypatch.setattr(
            processes, "of_pod", lambda uid: [child.pid] if uid == "u" and lives(child) else []
        )
        monkeypatch.setattr(linkdown, "run_on_node", lambda *_a, **_k: (127, "", "no ip"))
        with linkdown.channel_in(child.pid) as channel:
            linkdown.set_link(channel, "lo", up=True)
        yield child
    finally:
        child.kill()
        child.wait()


def lives(child: subprocess.Popen[bytes]) -> bool:
    return child.poll() is None


def is_up(pod: subprocess.Popen[bytes]) -> bool:
    import linkdown

    with linkdown.channel_in(pod.pid) as channel:
        found = linkdown.state(channel, "lo")
        assert found is not None
        return bool(found["up"])


def files(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "safe").glob("*")]


def test_the_same_interface_is_down_and_up_again(
    pod: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    import linkdown

    fault = linkdown.Interface(ORDER)
    assert fault.before is not None and fault.before["up"] and is_up(pod)
    assert not fault.prove(0)[0]
    fault.inject()
    assert not is_up(pod)
    assert fault.prove(0) == (
        True,
        [
            {
                "check": "the same interface is down",
                "ok": True,
                "before": fault.before,
                "after": {"index": fault.before["index"], "up": False},
            }
        ],
    )
    assert files(tmp_path) == ["down-f.json"]
    done, checks = fault.undo()
    assert done and checks[0]["after"]["up"] and is_up(pod)
    assert files(tmp_path) == []


def test_what_a_killed_injector_left_down_is_set_up_by_whoever_comes(
    pod: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import clean
    import linkdown

    fault = linkdown.Interface(ORDER)
    fault.inject()
    assert fault.channel is not None
    fault.channel.close()
    monkeypatch.setattr(clean.rules, "remove", lambda: [])
    clean.undo_faults()
    assert is_up(pod) and files(tmp_path) == []


def test_an_interface_that_is_not_there_or_down_already_cannot_be_set_down(
    pod: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    import linkdown

    for wanted, why in (
        ({"interface": "nsm-1"}, "pod client has no interface nsm-1"),
        ({"pod_uid": "gone"}, "pod client has no interface lo"),
        ({"interface": "a-name-of-too-many-letters"}, "has no interface a-name"),
    ):
        fault = linkdown.Interface({**ORDER, **wanted})
        with pytest.raises(LookupError, match=why):
            fault.inject()
        assert not fault.prove(0)[0] and fault.undo()[0]
    with linkdown.channel_in(pod.pid) as channel:
        linkdown.set_link(channel, "lo", up=False)
    fault = linkdown.Interface(ORDER)
    with pytest.raises(LookupError, match="down already"):
        fault.inject()
    assert fault.undo()[0] and not is_up(pod), "what was down before stays so"
    assert files(tmp_path) == []


@pytest.mark.parametrize("other", [{"pod_uid": "gone"}, {"index": 4711}, {"interface": "nsm-1"}])
def test_what_is_not_there_any_more_needs_no_undoing(
    pod: subprocess.Popen[bytes], tmp_path: Path, other: dict[str, object]
) -> None:
    """The pod is gone, or the system has made another interface of that name, or removed it."""
    import linkdown

    fault = linkdown.Interface(ORDER)
    fault.inject()
    file = tmp_path / "safe" / "down-f.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **other}))
    assert linkdown.set_all_up() == [True]
    assert not is_up(pod) and files(tmp_path) == []
    assert fault.channel is not None
    fault.channel.close()


def test_its_routes_are_put_back_and_one_that_is_missing_is_said(
    pod: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    import linkdown

    there = {"172.16.1.0 scope link"}
    asked: list[list[str]] = []

    def ip(command: list[str], network_of: int) -> tuple[int, str, str]:
        assert network_of == pod.pid
        asked.append(command)
        if "replace" in command:
            there.add(" ".join(command[4:-2]))
        return 0, "".join(f"{line} \n" for line in sorted(there)), ""

    monkeypatch.setattr(linkdown, "run_on_node", ip)
    fault = linkdown.Interface(ORDER)
    fault.inject()
    there.clear()  # the kernel drops them with the link
    assert fault.undo()[0]
    assert ["ip", "-4", "route", "replace", "172.16.1.0", "scope", "link", "dev", "lo"] in asked

    fault = linkdown.Interface(ORDER)
    fault.inject()
    there.clear()
    monkeypatch.setattr(linkdown, "run_on_node", lambda *_a, **_k: (2, "", "refused"))
    assert not fault.undo()[0]


def test_a_damaged_note_is_no_reason_to_stop(tmp_path: Path) -> None:
    import linkdown

    (tmp_path / "safe").mkdir()
    for name, text in (("a", "{"), ("b", "[]"), ("c", "{}")):
        (tmp_path / "safe" / f"down-{name}.json").write_text(text)
    assert linkdown.set_all_up() == [False] * 3
    assert files(tmp_path) == []


@pytest.mark.parametrize("route", ["172.16.1.0", "172.16.1.0 scope link"])
def test_a_route_that_is_put_back_is_printed_as_before(route: str) -> None:
    """Seen on a cluster: without its scope, `ip` took that of a client to be another one."""
    import linkdown

    words = " ".join(linkdown.whole(route))
    script = f"ip link set lo up && ip -4 route replace {words} dev lo && ip -4 route show dev lo"
    try:
        done = subprocess.run(
            ["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no network of its own can be made here, or there is no `ip`")
    assert done.stdout.strip() == route


def test_a_scope_that_is_not_printed_is_global() -> None:
    import linkdown

    assert linkdown.whole("172.16.1.0") == ["172.16.1.0", "scope", "global"]
    assert linkdown.whole("172.16.1.0 scope link") == ["172.16.1.0", "scope", "link"]
