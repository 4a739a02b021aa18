# SPDX-License-Identifier: Apache-2.0
"""What a cluster shares and trials break: other lanes do not matter, worn pods are made anew."""

from __future__ import annotations

from typing import Any

import pytest

from nsm_resilience.faults import pod_delete
from nsm_resilience.faults.base import plan
from nsm_resilience.mesh import prepare
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.mesh.residue import residue_order
from nsm_resilience.study.fault import Fault
from nsm_resilience.study.models import Factors, Scenario
from nsm_resilience.systems.nsm_v1_18_0 import SYSTEM
from nsm_resilience.testbed.api import ApiUnavailable
from nsm_resilience.testbed.base import LANE_LABEL, Lane

assert SYSTEM.shared is not None
NAMESPACE = SYSTEM.shared.namespace
LANE = Lane(1, "a", "b")


def pod(app: str, node: str, *, restarts: int = 0, ready: bool = True) -> dict[str, Any]:
    name = f"{app}-{node}"
    status = {
        "containerStatuses": [{"name": app, "restartCount": restarts, "ready": ready}],
        "conditions": [{"type": "Ready", "status": str(ready)}],
    }
    meta = {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "labels": {"app": app}}
    return {"metadata": meta, "spec": {"nodeName": node}, "status": status}


class Cluster:
    """A control plane, two nodes of our lane and two of another one, with SPIRE on all of them."""

    def __init__(self, **broken: dict[str, Any]) -> None:
        self.deleted: list[str] = []
        self.shared = {
            node: pod("spire-agent", node, **broken.get(node, {}))
            for node in ("control", "a", "b", "c", "d")
        }

    def find(self, path: str, **_: Any) -> list[dict[str, Any]]:
        lanes = {"a": "1", "b": "1", "c": "2", "d": "2"}
        return [
            {"metadata": {"name": n, "labels": {LANE_LABEL: lanes[n]} if n in lanes else {}}}
            for n in self.shared
        ]

    def pods(self, namespace: str, _selector: str = "") -> list[dict[str, Any]]:
        assert namespace == NAMESPACE
        return [*self.shared.values(), pod("spire-server", "control", restarts=3)]

    def delete_pods(self, namespace: str, names: list[str], grace_s: int | None) -> None:
        assert namespace == NAMESPACE
        self.deleted += names
        for name in names:
            node = name.removeprefix("spire-agent-")
            made = pod("spire-agent", node)
            made["metadata"]["name"] += "-anew"
            self.shared[node] = made


def cluster(**broken: dict[str, Any]) -> Any:
    return Cluster(**broken)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "SHARED_S", 0.2)


def test_what_is_broken_in_another_lane_does_not_keep_this_one_waiting() -> None:
    broken = cluster(c={"ready": False})
    prepare.wait_until_shared_serves(broken, SYSTEM, LANE)
    with pytest.raises(ApiUnavailable):
        prepare.wait_until_shared_serves(broken, SYSTEM)


@pytest.mark.parametrize("node", ["control", "a", "b"])
def test_what_is_broken_on_a_node_of_ours_or_of_no_lane_is_waited_for(node: str) -> None:
    with pytest.raises(ApiUnavailable, match=f"every pod of {NAMESPACE}"):
        prepare.wait_until_shared_serves(cluster(**{node: {"ready": False}}), SYSTEM, LANE)


def test_only_worn_pods_that_this_lane_breaks_are_made_anew() -> None:
    worn = cluster(a={"restarts": 1}, c={"restarts": 2}, control={"restarts": 1})
    prepare.renew_shared(worn, SYSTEM, LANE)
    assert worn.deleted == ["spire-agent-a"]
    prepare.renew_shared(worn, SYSTEM, LANE)
    assert worn.deleted == ["spire-agent-a"], "once is enough"


def test_a_shared_part_is_deleted_where_it_is_and_on_the_faults_node_alone() -> None:
    scenario = Scenario(
        id="T4", title="SPIRE's agent", where="client's node", source="ours",
        faults=(Fault(component="spire-agent", node="client"),),
    )  # fmt: skip
    factors = Factors(system=SYSTEM.name, plane="vpp", failure="delete")
    given: Any = None
    mesh = Mesh(cluster(), LANE, given, factors, {})
    (action,) = pod_delete.arm(plan(scenario, factors), mesh)
    assert action.paths == [f"/api/v1/namespaces/{NAMESPACE}/pods/spire-agent-a"]
    assert action.before == {"pod": "spire-agent-a", "uid": "uid-spire-agent-a"}


def test_a_wipe_leaves_what_the_cluster_shares() -> None:
    assert "spire-agent" not in residue_order("wipe")["programs"]
    assert "spire-agent" not in SYSTEM.programs("vpp")
    assert "nsmgr" in residue_order("wipe")["programs"]
