# SPDX-License-Identifier: Apache-2.0
"""A component's pod is deleted through the API server; its DaemonSet makes another.

With the pod's own grace period, as `kubectl delete pod` does it. Components that share a pod (nsmd,
nsmdp, nsmd-k8s) share the deletion. Proof: the pod with that uid is being deleted or gone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from nsm_resilience.faults.base import PlannedFault
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.mesh.system import components
from nsm_resilience.testbed.api import ApiUnavailable

METHODS = frozenset({"delete"})
UNDONE = {"delete": "nothing to undo: the DaemonSet makes another pod"}


@dataclass
class PodDelete:
    """The deletion of one pod, for every fault that hits it."""

    faults: list[PlannedFault]
    name: str
    uid: str
    begin_ns: int = 0
    done_ns: int = 0
    error: str | None = None


def arm(planned: list[PlannedFault], mesh: Mesh) -> list[PodDelete]:
    """Find the pods; LookupError for a component that has none."""
    found: dict[str, PodDelete] = {}
    pods = mesh.cluster.pods(mesh.lane.namespace)
    for fault in planned:
        assert fault.fault.component is not None
        app = components(mesh.plane)[fault.fault.component].app
        node = mesh.lane.nodes[fault.node]
        match = [
            p for p in pods
            if p.metadata.labels.get("app") == app and p.spec.node_name == node
        ]  # fmt: skip
        if not match:
            raise LookupError(f"no pod of {fault.fault.target} to delete")
        name, uid = match[0].metadata.name, match[0].metadata.uid
        found.setdefault(uid, PodDelete([], name, uid)).faults.append(fault)
    return list(found.values())


def start(
    deletions: list[PodDelete], at_ns: int, mesh: Mesh, report: Callable[[PodDelete], None]
) -> list[threading.Thread]:
    """Delete all at one instant of the runner's clock, each from a thread of its own.

    Each thread asks for its pod before: its connection is open then, and no handshake comes between
    the instant and the request (on a busy runner handshakes took the skew over half a second).
    """

    def delete(one: PodDelete) -> None:
        delay = max(f.fault.delay_s for f in one.faults)
        path = f"/api/v1/namespaces/{mesh.lane.namespace}/pods/{one.name}"
        # no answer now is no error: the deletion itself will report what is wrong
        with suppress(ApiException, ApiUnavailable):
            mesh.cluster.request("GET", path, timeout_s=5, headers={})
        time.sleep(max(0.0, (at_ns - time.monotonic_ns()) / 1e9 + delay))
        one.begin_ns = time.monotonic_ns()
        try:
            mesh.cluster.request("DELETE", path, timeout_s=5, headers={})
        except (ApiException, ApiUnavailable) as error:
            one.error = str(error)
        one.done_ns = time.monotonic_ns()
        report(one)

    threads = [threading.Thread(target=delete, args=(one,), daemon=True) for one in deletions]
    for thread in threads:
        thread.start()
    return threads


def prove(one: PodDelete, mesh: Mesh) -> list[dict[str, Any]]:
    """Whether the pod with that uid is being deleted or gone, and whether another replaced it."""
    try:
        pod = mesh.pod(one.name)
        gone = pod.metadata.uid != one.uid or pod.metadata.deletion_timestamp is not None
    except ApiException as error:
        gone = error.status == 404
    before = {"pod": one.name, "uid": one.uid}
    return [{"check": "the pod is gone or being deleted", "ok": gone, "before": before}]
