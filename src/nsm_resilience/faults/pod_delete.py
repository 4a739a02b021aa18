# SPDX-License-Identifier: Apache-2.0
"""A pod is deleted through the API server: a component's, the client's or the endpoint's.

The pod has its own grace period, as with `kubectl delete pod`. Components that share a pod (nsmd,
nsmdp, nsmd-k8s) share the deletion. A component's owner makes another pod; client and endpoint have
no owner and stay away. Proof: the pod with that uid is being deleted or gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubernetes.client.exceptions import ApiException

from nsm_resilience.faults.base import ApiAction, Method, PlannedFault
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors
from nsm_resilience.testbed.api import NAMESPACES, labels_of, name_of

TARGETS = frozenset({"component", "workload"})
METHODS = {
    "delete": Method(
        "its pod is deleted",
        "nothing to undo: its owner makes another pod; a workload is made by the next trial",
    )
}


def hits(planned: PlannedFault, factors: Factors) -> tuple[str, ...]:
    """The pod, by its app or part."""
    if planned.fault.component is None:
        return (f"pod of the {planned.fault.workload}",)
    return (factors.components[planned.fault.component].app,)


def arm(planned: Sequence[PlannedFault], mesh: Mesh) -> list[ApiAction]:
    """Find the pods; LookupError for a component or workload that has none."""
    found: dict[str, ApiAction] = {}
    for fault in planned:
        pod = _pod(fault, mesh)
        name, uid = name_of(pod), pod["metadata"]["uid"]
        path = f"{NAMESPACES}/{pod['metadata']['namespace']}/pods/{name}"
        action = ApiAction([], [path], {"pod": name, "uid": uid})
        found.setdefault(uid, action).faults.append(fault)
    return list(found.values())


def _pod(planned: PlannedFault, mesh: Mesh) -> Any:
    if planned.fault.workload is not None:
        return mesh.workload(planned.fault.workload)
    assert planned.fault.component is not None and planned.role is not None
    part = mesh.factors.components[planned.fault.component]
    node = mesh.lane.nodes[planned.role]
    for pod in mesh.cluster.pods(mesh.system.namespace_of(part, mesh.lane.namespace)):
        if labels_of(pod).get("app") == part.app and pod["spec"].get("nodeName") == node:
            return pod
    raise LookupError(f"no pod of {planned.fault.target} to delete")


def prove(action: ApiAction, mesh: Mesh) -> list[dict[str, Any]]:
    """Whether the pod with that uid is being deleted or gone."""
    try:
        meta = mesh.cluster.get(action.paths[0], timeout_s=10)["metadata"]
        gone = meta["uid"] != action.before["uid"] or bool(meta.get("deletionTimestamp"))
    except ApiException as error:
        gone = error.status == 404
    return [{"check": "the pod is gone or being deleted", "ok": gone, "before": action.before}]
