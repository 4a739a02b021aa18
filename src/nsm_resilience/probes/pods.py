# SPDX-License-Identifier: Apache-2.0
"""Changes of the lane's pods in Kubernetes: restarts, readiness, conditions.

Pods that the whole cluster shares are included if a fault can hit them on the lane's nodes.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Factors
from nsm_resilience.testbed.api import API_FAULTS, NAMESPACES, Cluster
from nsm_resilience.testbed.base import Lane


@dataclass
class _Seen:
    restarts: dict[str, int] = field(default_factory=dict)
    ready: dict[str, bool] = field(default_factory=dict)
    conditions: dict[str, str] = field(default_factory=dict)
    deleting: bool = False


@dataclass
class PodWatch:
    """Follows the pods of a lane in a thread and records what changes.

    Times are those at which the runner was notified (milliseconds after the API server). While the
    API server is away nothing is seen; when it is back, the first answer shows the changes of that
    time.
    """

    cluster: Cluster
    lane: Lane
    factors: Factors
    writer: RecordWriter
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _components: dict[tuple[str, str], list[tuple[int, int, bool]]] = field(default_factory=dict)
    """By role and component: instants, with the restart count and readiness from then on."""
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to watch, each namespace in a thread of its own."""
        system, own = self.factors.under_test, self.lane.namespace
        parts = self.factors.components.values()
        for namespace in dict.fromkeys((own, *(system.namespace_of(part, own) for part in parts))):
            threading.Thread(target=self._run, args=(namespace,), daemon=True).start()

    def stop(self) -> None:
        """Stop watching, without waiting for changes in transit."""
        self._stop.set()

    def of_component(self, role: str, component: str, t_ns: int) -> tuple[int | None, bool | None]:
        """Restart count and readiness of a component's container as known at an instant."""
        known = [s for s in self._components.get((role, component), []) if s[0] <= t_ns]
        return known[-1][1:] if known else (None, None)

    def _run(self, namespace: str) -> None:
        path = f"{NAMESPACES}/{namespace}/pods?watch=true&timeoutSeconds=2"
        while not self._stop.is_set():
            try:
                for item in self.cluster.follow(path, timeout_s=5):
                    if self._stop.is_set():
                        return
                    if item["type"] in ("ADDED", "MODIFIED", "DELETED"):
                        self._take(item["type"], item["object"])
            except (*API_FAULTS, OSError, ValueError):
                self._stop.wait(0.5)

    def _take(self, kind: str, pod: dict[str, Any]) -> None:
        meta, status = pod["metadata"], pod.get("status", {})
        node = pod["spec"].get("nodeName")
        role = next((r for r, n in self.lane.nodes.items() if n == node), None)
        if not self._is_ours(meta, role):
            return
        new = meta["uid"] not in self._seen
        seen = self._seen.setdefault(meta["uid"], _Seen())
        if kind == "DELETED" or meta.get("deletionTimestamp"):
            if not seen.deleting:
                self._condition(role, meta["name"], "Deleted", "True", "the pod is being deleted")
            seen.deleting = True
        for container in status.get("containerStatuses") or []:
            self._container(role, meta, container, seen)
        for condition in status.get("conditions") or []:
            known = seen.conditions.get(condition["type"])
            if condition["status"] != known:
                seen.conditions[condition["type"]] = condition["status"]
                # `domain/Name` is a custom condition, such as the watchdog's; the kubelet's others
                # follow from the recorded states of containers
                if (condition["type"] == "Ready" or "/" in condition["type"]) and not new:
                    reason = condition.get("reason") or ""
                    self._condition(
                        role, meta["name"], condition["type"], condition["status"], reason
                    )

    def _is_ours(self, meta: dict[str, Any], role: str | None) -> bool:
        """Whether a pod belongs to the lane, or to a shared part on one of its nodes."""
        if meta.get("namespace", self.lane.namespace) == self.lane.namespace:
            return True
        shared = {part.app for part in self.factors.components.values() if part.shared}
        return role is not None and meta.get("labels", {}).get("app") in shared

    def _container(
        self, role: str | None, meta: dict[str, Any], status: dict[str, Any], seen: _Seen
    ) -> None:
        name, restarts, is_ready = status["name"], status["restartCount"], bool(status["ready"])
        before, was_ready = seen.restarts.get(name), seen.ready.get(name)
        seen.restarts[name], seen.ready[name] = restarts, is_ready
        app = meta.get("labels", {}).get("app")
        for component, where in self.factors.components.items():
            if role and not seen.deleting and (where.app, where.container) == (app, name):
                state = (time.monotonic_ns(), restarts, is_ready)
                self._components.setdefault((role, component), []).append(state)
        if before is not None and restarts > before:
            ended = status.get("lastState", {}).get("terminated") or {}
            self._event(
                "restart", role, name, meta["name"], count_before=before, count_after=restarts,
                exit_code=ended.get("exitCode"), reason=ended.get("reason"),
            )  # fmt: skip
        if was_ready is not None and was_ready != is_ready:
            self._condition(role, meta["name"], f"ContainerReady:{name}", str(is_ready), "")

    def _condition(self, role: str | None, pod: str, kind: str, status: str, reason: str) -> None:
        self._event("condition", role, pod, pod, type=kind, status=status, reason=reason)

    def _event(self, kind: str, role: str | None, target: str, pod: str, **data: Any) -> None:
        self.writer.event(
            kind, source="kubernetes", node=role, target=target, data={"pod": pod, **data}
        )
