# SPDX-License-Identifier: Apache-2.0
"""The journals of a watchdog's two pods, out of a real journal into a record."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.probes import watchdog as probe_module
from nsm_resilience.probes.watchdog import WatchdogProbe
from nsm_resilience.testbed.api import ApiUnavailable

PACKAGE = Path(probe_module.__file__).parents[1]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(probe_module, "PULL_S", 0.0)
    for part in ("agent", "watchdog"):
        monkeypatch.syspath_prepend(str(PACKAGE / part / "node"))
    yield
    for name in ("journal", "foreign"):
        sys.modules.pop(name, None)


class Clock:
    def to_runner(self, t_ns: int) -> int:
        return t_ns + 1


class Writer:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def event(self, kind: str, **given: Any) -> None:
        self.events.append({"kind": kind, **given})

    def said(self, node: str) -> list[str]:
        return [e["data"]["what"] for e in self.events if e["node"] == node]


class Pods:
    """Both pods with their journals, as `deploy.Watchdog` shows them."""

    def __init__(self) -> None:
        self.journals: dict[str, Any] = {}
        self.ready: dict[str, str] = {}
        self.away = False

    def install(self) -> None:
        for role in ("client", "endpoint"):
            self.begin(role, f"{role}-1")

    def begin(self, role: str, pod: str) -> Any:
        from journal import Journal  # type: ignore[import-not-found]

        self.journals[pod] = Journal(role)
        self.ready[role] = pod
        self.journals[pod].write("started", mode="heal")
        return self.journals[pod]

    def pods(self) -> dict[str, str]:
        return dict(self.ready)

    def journal(self, pod: str, since: int) -> Any:
        if self.away or pod not in self.journals:
            raise ApiUnavailable("not now")
        return self.journals[pod].since(since)


def started() -> tuple[Pods, Writer, WatchdogProbe]:
    pods, writer = Pods(), Writer()
    clocks: Any = {"client": Clock(), "endpoint": Clock()}
    probe = WatchdogProbe(pods, clocks, writer)  # type: ignore[arg-type]
    probe.start()
    return pods, writer, probe


def test_each_entry_is_taken_once_and_on_the_runners_clock() -> None:
    pods, writer, probe = started()
    pods.journals["client-1"].write("finding", "nsm.io.sock", rule="socket-lost", id=1)
    probe.pull()
    probe.pull()
    probe.stop()
    assert writer.said("client") == ["started", "finding", "ended"]
    found = writer.events[-3] if writer.events[-3]["node"] == "client" else writer.events[2]
    entry = pods.journals["client-1"].since(1)["entries"][0]
    assert (found["t_ns"], found["target"]) == (entry["t_ns"] + 1, "nsm.io.sock")
    assert probe.problem is None


def test_nothing_is_lost_while_the_api_server_is_away() -> None:
    pods, writer, probe = started()
    pods.away = True
    pods.journals["endpoint-1"].write("finding", "a", rule="r", id=1)
    probe.pull()
    pods.away = False
    probe.stop()
    assert writer.said("endpoint") == ["started", "finding", "ended"]


def test_a_process_that_began_anew_is_read_from_its_beginning() -> None:
    pods, writer, probe = started()
    pods.journals["client-1"].write("finding", "a", rule="r", id=1)
    probe.pull()
    pods.begin("client", "client-1")  # the container was restarted: the same pod
    probe.stop()
    assert writer.said("client") == ["started", "finding", "started", "ended"]


def test_a_pod_that_was_not_ready_at_the_start_is_found_later() -> None:
    pods, writer = Pods(), Writer()
    clocks: Any = {"client": Clock(), "endpoint": Clock()}
    probe = WatchdogProbe(pods, clocks, writer)  # type: ignore[arg-type]
    pods.install()
    late = pods.ready.pop("endpoint")
    pods.install = lambda: None  # type: ignore[method-assign]
    probe.start()
    assert writer.said("endpoint") == []
    pods.ready["endpoint"] = late
    probe.pull()
    assert writer.said("endpoint") == ["started"]


def test_a_pod_that_was_replaced_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_module, "LOOK_FOR_S", 0.0)
    pods, writer, probe = started()
    del pods.journals["client-1"]
    pods.begin("client", "client-2")
    probe.pull()
    probe.pull()
    assert writer.said("client") == ["started", "started"]
