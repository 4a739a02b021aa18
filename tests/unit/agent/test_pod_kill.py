# SPDX-License-Identifier: Apache-2.0
"""A workload is killed with all of its containers, and its pod's sandbox is left."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def pod(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The sandbox and two containers."""
    import processes

    children = [subprocess.Popen(["sleep", "60"]) for _ in range(3)]
    names = dict(zip((c.pid for c in children), ("pause", "application", "monitor"), strict=True))
    monkeypatch.setattr(processes, "of_pod", lambda uid: sorted(names) if uid == "u" else [])
    monkeypatch.setattr(processes, "program_of", names.get)
    yield children
    for child in children:
        child.kill()
        child.wait()


def test_the_containers_are_gone_and_the_sandbox_lives(
    pod: list[subprocess.Popen[bytes]],
) -> None:
    import podkill

    fault = podkill.Pod({"id": "f", "method": "kill", "pod": "client", "pod_uid": "u"})
    assert [p["program"] for p in fault.before] == ["application", "monitor"]
    assert not fault.prove(0)[0]
    fault.inject()
    for child in pod[1:]:
        assert child.wait() == -9
    assert fault.prove(0)[0]
    assert pod[0].poll() is None
    assert fault.undo() == (True, [])


def test_a_pod_without_processes_cannot_be_killed(pod: list[subprocess.Popen[bytes]]) -> None:
    import podkill

    fault = podkill.Pod({"id": "f", "method": "kill", "pod": "client", "pod_uid": "gone"})
    with pytest.raises(LookupError, match="pod client has no process"):
        fault.inject()
