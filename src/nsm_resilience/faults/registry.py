# SPDX-License-Identifier: Apache-2.0
"""NSM's registry is wiped: its custom resources in the lane's namespace, all or of one kind.

The runner deletes them one after the other through the API server. Proof: none of the objects that
were there (by uid) exists any more; objects that NSM registers meanwhile have other uids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nsm_resilience.faults.base import ApiAction, Method, PlannedFault
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors

TARGETS = frozenset({"registry"})
METHODS = {
    "wipe": Method("deleted", "nothing to undo: the system registers itself anew, or does not")
}


def hits(planned: PlannedFault, factors: Factors) -> tuple[str, ...]:
    """The kinds of custom resources."""
    named = planned.fault.registry
    return factors.under_test.registry.plurals if named == "all" else (str(named),)


def arm(planned: Sequence[PlannedFault], mesh: Mesh) -> list[ApiAction]:
    """List the existing objects; LookupError when there are none."""
    actions = []
    for fault in planned:
        kinds = hits(fault, mesh.factors)
        found = _uids(mesh, kinds)
        if not found:
            raise LookupError(f"the lane has no {' or '.join(kinds)} to delete")
        path = mesh.system.registry.path
        paths = [path(mesh.lane.namespace, *name.split("/", 1)) for name in found]
        actions.append(ApiAction([fault], paths, found))
    return actions


def prove(action: ApiAction, mesh: Mesh) -> list[dict[str, Any]]:
    """Whether every object that was there is gone."""
    kinds = tuple(dict.fromkeys(name.partition("/")[0] for name in action.before))
    after = _uids(mesh, kinds)
    left = set(action.before.values()) & set(after.values())
    return [
        {"check": "every object of before is gone", "ok": not left, "before": action.before,
         "after": after}
    ]  # fmt: skip


def _uids(mesh: Mesh, kinds: Sequence[str]) -> dict[str, str]:
    return {
        f"{kind}/{item['metadata']['name']}": item["metadata"]["uid"]
        for kind, items in mesh.custom_resources().items()
        for item in items
        if kind in kinds
    }
