# SPDX-License-Identifier: Apache-2.0
"""What changes of the pods is recorded once, and readiness is known as of an instant."""

import threading
import time
from typing import Any

import pytest

from nsm_resilience.probes.pods import PodWatch
from nsm_resilience.study.models import Factors
from nsm_resilience.testbed.api import ApiUnavailable
from nsm_resilience.testbed.base import Lane


class Writer:
    def __init__(self) -> None:
        self.events: list[tuple[str, str | None, dict[str, Any]]] = []

    def event(self, kind: str, *, node: str | None, data: dict[str, Any], **_: Any) -> None:
        self.events.append((kind, node, data))


@pytest.fixture
def watch() -> PodWatch:
    cluster: Any = None
    writer: Any = Writer()
    return PodWatch(cluster, Lane(1, "n1", "n2"), Factors(), writer)


def a_pod(
    restarts: int = 0, ready: bool = True, uid: str = "u1", deleted: bool = False
) -> dict[str, Any]:
    container = {
        "name": "nsmd",
        "restartCount": restarts,
        "ready": ready,
        "lastState": {"terminated": {"exitCode": 137, "reason": "Error"}} if restarts else {},
    }
    meta: dict[str, Any] = {"name": "nsmgr-x", "uid": uid, "labels": {"app": "nsmgr"}}
    if deleted:
        meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {
        "metadata": meta,
        "spec": {"nodeName": "n1"},
        "status": {
            "containerStatuses": [container],
            "conditions": [{"type": "Ready", "status": str(ready), "reason": None}],
        },
    }


def seen(watch: PodWatch) -> list[tuple[str, Any, Any]]:
    writer: Any = watch.writer
    return [
        (kind, node, data.get("type") or (data["count_before"], data["count_after"]))
        for kind, node, data in writer.events
    ]


def test_a_restart_is_recorded_with_how_the_container_ended(watch: PodWatch) -> None:
    watch._take("ADDED", a_pod())
    watch._take("MODIFIED", a_pod(restarts=1))
    writer: Any = watch.writer
    assert seen(watch) == [("restart", "client", (0, 1))]
    assert writer.events[0][2]["exit_code"] == 137


def test_what_is_only_listed_again_is_not_recorded_again(watch: PodWatch) -> None:
    for _ in range(3):
        watch._take("ADDED", a_pod(ready=False))
    assert seen(watch) == []


def test_losing_readiness_is_a_condition_of_container_and_pod(watch: PodWatch) -> None:
    watch._take("ADDED", a_pod())
    watch._take("MODIFIED", a_pod(ready=False))
    assert [what for _, _, what in seen(watch)] == ["ContainerReady:nsmd", "Ready"]


def test_a_deletion_is_recorded_once_and_a_replacement_starts_anew(watch: PodWatch) -> None:
    watch._take("ADDED", a_pod(restarts=3))
    watch._take("MODIFIED", a_pod(restarts=3, deleted=True))
    watch._take("DELETED", a_pod(restarts=3, deleted=True))
    watch._take("ADDED", a_pod(uid="u2"))
    assert [what for _, _, what in seen(watch)] == ["Deleted"]
    assert watch.of_component("client", "nsmd", time.monotonic_ns()) == (0, True)


def test_readiness_is_that_of_the_asked_instant_not_of_now(watch: PodWatch) -> None:
    watch._take("ADDED", a_pod())
    between = time.monotonic_ns()
    watch._take("MODIFIED", a_pod(restarts=1, ready=False))
    assert watch.of_component("client", "nsmd", between) == (0, True)
    assert watch.of_component("client", "nsmd", time.monotonic_ns()) == (1, False)
    assert watch.of_component("client", "nsmd", 0) == (None, None)
    assert watch.of_component("endpoint", "nsmd", between) == (None, None)


def test_a_condition_that_somebody_else_set_is_recorded_under_its_own_name(
    watch: PodWatch,
) -> None:
    pod = a_pod()
    watch._take("ADDED", pod)
    alive = {"type": "nsm-watchdog/PathAlive", "status": "False", "reason": "PathDead"}
    told = a_pod()
    told["status"]["conditions"].append(alive)
    watch._take("MODIFIED", told)
    watch._take("MODIFIED", told)
    assert [what for _, _, what in seen(watch)] == ["nsm-watchdog/PathAlive"]


def test_the_end_of_a_watch_is_not_waited_for() -> None:
    """It is in the middle of a request that the API server answers in its own time."""
    asked, answered = threading.Event(), threading.Event()

    class Cluster:
        def follow(self, path: str, *, timeout_s: float) -> Any:
            asked.set()
            answered.wait(20)
            raise ApiUnavailable(path)

    cluster: Any = Cluster()
    writer: Any = Writer()
    watch = PodWatch(cluster, Lane(1, "n1", "n2"), Factors(), writer)
    watch.start()
    assert asked.wait(20)
    begin = time.monotonic()
    watch.stop()
    took_s = time.monotonic() - begin
    answered.set()
    assert took_s < 1


def test_of_a_shared_namespace_only_what_this_lane_breaks_is_recorded() -> None:
    cluster: Any = None
    writer: Any = Writer()
    factors = Factors(system="nsm-v1.18.0", plane="vpp")
    watch = PodWatch(cluster, Lane(1, "n1", "n2"), factors, writer)

    def shared(app: str, node: str, restarts: int) -> dict[str, Any]:
        pod = a_pod(restarts, uid=f"{app}-{node}")
        pod["metadata"] |= {"namespace": "nsm-resilience-spire", "labels": {"app": app}}
        pod["spec"]["nodeName"] = node
        pod["status"]["containerStatuses"][0]["name"] = app
        return pod

    for app, node in (
        ("spire-agent", "n1"),
        ("spire-agent", "another lane's"),
        ("spire-server", "n1"),
    ):
        watch._take("ADDED", shared(app, node, 0))
        watch._take("MODIFIED", shared(app, node, 1))
    assert seen(watch) == [("restart", "client", (0, 1))]
    assert watch.of_component("client", "spire-agent", time.monotonic_ns()) == (1, True)


def test_the_lane_and_what_its_components_share_are_watched_each() -> None:
    asked: list[str] = []
    both = threading.Event()

    class Cluster:
        def follow(self, path: str, *, timeout_s: float) -> Any:
            asked.append(path.partition("?")[0].removesuffix("/pods").rpartition("/")[2])
            if len(asked) >= 2:
                both.set()
            raise ApiUnavailable(path)

    cluster: Any = Cluster()
    writer: Any = Writer()
    factors = Factors(system="nsm-v1.18.0", plane="vpp")
    watch = PodWatch(cluster, Lane(1, "n1", "n2"), factors, writer)
    watch.start()
    assert both.wait(20)
    watch.stop()
    assert set(asked[:2]) == {"nsm-lane-1", "nsm-resilience-spire"}
