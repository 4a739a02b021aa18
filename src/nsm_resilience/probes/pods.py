# SPDX-License-Identifier: Apache-2.0
"""What Kubernetes shows of the lane's pods: restarts, readiness, conditions, as they change."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import urllib3
from kubernetes import watch
from kubernetes.client.exceptions import ApiException

from nsm_resilience.mesh import system
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Plane
from nsm_resilience.testbed.api import Cluster
from nsm_resilience.testbed.base import Lane


@dataclass
class _Seen:
    restarts: dict[str, int] = field(default_factory=dict)
    ready: dict[str, bool] = field(default_factory=dict)
    conditions: dict[str, str] = field(default_factory=dict)
    deleting: bool = False


@dataclass(frozen=True)
class _State:
    t_ns: int
    restarts: int
    ready: bool


@dataclass
class PodWatch:
    """Follows the pods of a lane in a thread and records what changes.

    Times are those at which the runner was told (milliseconds behind the API server). While the API
    server is away nothing is seen; the watch goes on when it is back, and the first look then shows
    what changed meanwhile.
    """

    cluster: Cluster
    lane: Lane
    plane: Plane
    writer: RecordWriter
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _components: dict[tuple[str, str], list[_State]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; changes after this are not recorded."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def of_component(self, role: str, component: str, t_ns: int) -> tuple[int | None, bool | None]:
        """Restart count and readiness of a component's container as known at an instant."""
        known = [s for s in self._components.get((role, component), []) if s.t_ns <= t_ns]
        return (known[-1].restarts, known[-1].ready) if known else (None, None)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                watcher: Any = watch.Watch  # untyped in the client
                stream = watcher().stream(
                    self.cluster.core.list_namespaced_pod,
                    self.lane.namespace,
                    timeout_seconds=2,
                    _request_timeout=5,
                )
                for item in stream:
                    if self._stop.is_set():
                        return
                    self._take(item["type"], item["object"])
            except (ApiException, urllib3.exceptions.HTTPError, OSError):
                self._stop.wait(0.5)

    def _take(self, kind: str, pod: Any) -> None:
        role = next((r for r, n in self.lane.nodes.items() if n == pod.spec.node_name), None)
        name = pod.metadata.name
        seen = self._seen.get(pod.metadata.uid)
        new = seen is None
        if seen is None:
            seen = self._seen[pod.metadata.uid] = _Seen()
        if kind == "DELETED" or (pod.metadata.deletion_timestamp and not seen.deleting):
            if not seen.deleting:
                self._condition(role, name, "Deleted", "True", "the pod is being deleted")
            seen.deleting = True
        for status in pod.status.container_statuses or []:
            self._container(role, pod, status, seen, new)
        for condition in pod.status.conditions or []:
            known = seen.conditions.get(condition.type)
            if condition.status != known:
                seen.conditions[condition.type] = condition.status
                if condition.type == "Ready" and not new:
                    self._condition(role, name, "Ready", condition.status, condition.reason or "")

    def _container(self, role: str | None, pod: Any, status: Any, seen: _Seen, new: bool) -> None:
        before = seen.restarts.get(status.name)
        seen.restarts[status.name] = status.restart_count
        app = (pod.metadata.labels or {}).get("app")
        for component, where in system.components(self.plane).items():
            if role and not seen.deleting and (where.app, where.container) == (app, status.name):
                state = _State(time.monotonic_ns(), status.restart_count, bool(status.ready))
                self._components.setdefault((role, component), []).append(state)
        if before is not None and status.restart_count > before:
            ended = status.last_state.terminated if status.last_state else None
            self.writer.event(
                "restart",
                source="kubernetes",
                node=role,
                target=status.name,
                data={
                    "pod": pod.metadata.name,
                    "count_before": before,
                    "count_after": status.restart_count,
                    "exit_code": ended.exit_code if ended else None,
                    "reason": ended.reason if ended else None,
                },
            )
        was_ready = seen.ready.get(status.name)
        seen.ready[status.name] = bool(status.ready)
        if was_ready is not None and was_ready != bool(status.ready):
            self._condition(
                role,
                pod.metadata.name,
                f"ContainerReady:{status.name}",
                str(bool(status.ready)),
                "",
            )

    def _condition(self, role: str | None, pod: str, kind: str, status: str, reason: str) -> None:
        self.writer.event(
            "condition",
            source="kubernetes",
            node=role,
            target=pod,
            data={"pod": pod, "type": kind, "status": status, "reason": reason},
        )
