# SPDX-License-Identifier: Apache-2.0
"""Lines of the listener become events of the record, on the runner's clock."""

from __future__ import annotations

from typing import Any

import pytest

from nsm_resilience.agent.client import Clock
from nsm_resilience.probes.notification import NotificationProbe
from nsm_resilience.systems.nsm_v0_2_0 import SYSTEM


class Recorder:
    """Stands for the agent and for the record's writer."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str, dict[str, Any]]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []

    def start(self, name: str, script: str, order: dict[str, Any]) -> None:
        self.started.append((name, script, order))

    def event(self, kind: str, **fields: Any) -> None:
        self.events.append((kind, fields))


@pytest.fixture
def made() -> tuple[NotificationProbe, Recorder]:
    clock = Clock(offset_ns=5, error_ns=0, same_kernel=False, measured_ns=5)
    recorder: Any = Recorder()
    probe = NotificationProbe(recorder, clock, recorder, SYSTEM.listening)
    probe.start("client", "uid-1")
    return probe, recorder


def test_it_listens_on_the_workspace_of_the_clients_pod(
    made: tuple[NotificationProbe, Recorder],
) -> None:
    order = {
        "pod_uid": "uid-1",
        "resource": "networkservicemesh.io/socket",
        "socket": "/var/lib/networkservicemesh/nsm-*/nsm.server.io.sock",
    }
    assert made[1].started == [("listen", "listen", order)]


def test_a_line_becomes_an_event_with_all_that_it_says(
    made: tuple[NotificationProbe, Recorder],
) -> None:
    probe, recorder = made
    said = {"type": "UPDATE", "connections": [["1", "DOWN"]]}
    probe.on_line({"kind": "event", "t_ns": 100, **said})
    ((kind, fields),) = recorder.events
    assert kind == "notification" and fields["t_ns"] == 105
    assert (fields["source"], fields["node"], fields["target"]) == ("agent", "client", "client")
    assert fields["data"] == {"channel": "monitor stream", "what": "event", **said}


def test_a_listener_that_failed_is_a_problem_and_one_that_was_stopped_is_none(
    made: tuple[NotificationProbe, Recorder],
) -> None:
    probe, recorder = made
    probe.on_line({"kind": "exited", "code": 0, "error": "", "t_ns": 1})
    assert probe.problem is None
    probe.on_line({"kind": "exited", "code": 1, "error": "KeyError", "t_ns": 1})
    assert probe.problem == "the listener ended with code 1: KeyError"
    assert recorder.events == []


def test_where_there_is_no_stream_nobody_listens() -> None:
    recorder: Any = Recorder()
    clock = Clock(offset_ns=5, error_ns=0, same_kernel=False, measured_ns=5)
    NotificationProbe(recorder, clock, recorder, {}).start("client", "uid-1")
    assert recorder.started == []
