# SPDX-License-Identifier: Apache-2.0
"""What a cluster shares and trials break: other lanes do not matter, worn pods are made anew."""

from __future__ import annotations

from typing import Any

import pytest

from nsm_resilience.faults import pod_delete
from nsm_resilience.faults.base import plan
from nsm_resilience.mesh import shared
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.mesh.residue import residue_order
from nsm_resilience.study.fault import Fault
from nsm_resilience.study.models import Factors, Scenario
from nsm_resilience.systems.nsm_v1_18_0 import SYSTEM
from nsm_resilience.testbed.api import ApiUnavailable
from nsm_resilience.testbed.base import LANE_LABEL, ROLE_LABEL, Lane

assert SYSTEM.shared is not None
SHARED = SYSTEM.shared
NAMESPACE = SHARED.namespace
LANE, OTHER = Lane(1, "a", "b"), Lane(2, "c", "d")


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
        self.server = pod("spire-server", "control", restarts=3)
        self.server["metadata"] |= {"name": "spire-server-0", "uid": "first"}
        self.shared = {
            node: pod("spire-agent", node, **broken.get(node, {}))
            for node in ("control", "a", "b", "c", "d")
        }

    def get(self, path: str, **_: Any) -> dict[str, Any]:
        assert path == f"/api/v1/namespaces/{NAMESPACE}/pods/spire-server-0"
        return self.server

    def find(self, path: str, *, selector: str = "", **_: Any) -> list[dict[str, Any]]:
        lanes = {"a": "1", "b": "1", "c": "2", "d": "2"}
        roles = {"a": "client", "b": "endpoint", "c": "client", "d": "endpoint"}
        found = [
            {
                "metadata": {
                    "name": n,
                    "labels": {LANE_LABEL: lanes[n], ROLE_LABEL: roles[n]} if n in lanes else {},
                }
            }
            for n in self.shared
        ]
        return [node for node in found if node["metadata"]["labels"] or not selector]

    def pods(self, namespace: str, _selector: str = "") -> list[dict[str, Any]]:
        assert namespace == NAMESPACE
        return [*self.shared.values(), self.server]

    def merge(self, path: str, body: dict[str, Any], **_: Any) -> None:
        name = path.rpartition("/")[2]
        (found,) = (one for one in self.pods(NAMESPACE) if one["metadata"]["name"] == name)
        found["metadata"].setdefault("annotations", {}).update(body["metadata"]["annotations"])

    def delete_pods(self, namespace: str, names: list[str], grace_s: int | None) -> None:
        assert namespace == NAMESPACE
        self.deleted += names
        for name in names:
            node = name.removeprefix("spire-agent-").removesuffix("-anew")
            made = pod("spire-agent", node)
            made["metadata"]["name"] = f"{name}-anew"
            self.shared[node] = made

    def server_is_replaced(self) -> None:
        self.server = pod("spire-server", "control")
        self.server["metadata"] |= {"name": "spire-server-0", "uid": "second"}


def cluster(**broken: dict[str, Any]) -> Any:
    return Cluster(**broken)


@pytest.fixture(autouse=True)
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What was run in the server's pod."""
    run: list[tuple[str, ...]] = []

    def run_in_pod(_cluster: Any, namespace: str, pod: str, _container: str, command: Any) -> Any:
        assert (namespace, pod) == (NAMESPACE, "spire-server-0")
        repeated = tuple(command) in run
        run.append(tuple(command))
        return (1, "similar entry already exists") if repeated else (0, "")

    monkeypatch.setattr(shared, "SERVES_S", 0.2)
    monkeypatch.setattr(shared, "run_in_pod", run_in_pod)
    return run


def test_what_is_broken_in_another_lane_does_not_keep_this_one_waiting() -> None:
    broken = cluster(c={"ready": False})
    shared.wait_until_shared_serves(broken, SYSTEM, [LANE])
    with pytest.raises(ApiUnavailable):
        shared.wait_until_shared_serves(broken, SYSTEM, [LANE, OTHER])


@pytest.mark.parametrize("node", ["control", "a", "b"])
def test_what_is_broken_on_a_node_of_ours_or_of_no_lane_is_waited_for(node: str) -> None:
    with pytest.raises(ApiUnavailable, match=f"every pod of {NAMESPACE}"):
        shared.make_shared_ready(cluster(**{node: {"ready": False}}), SYSTEM, LANE)


def test_only_worn_pods_that_this_lane_breaks_are_made_anew() -> None:
    worn = cluster(a={"restarts": 1}, c={"restarts": 2}, control={"restarts": 1})
    shared.make_shared_ready(worn, SYSTEM, LANE)
    assert worn.deleted == ["spire-agent-a"]
    shared.make_shared_ready(worn, SYSTEM, LANE)
    assert worn.deleted == ["spire-agent-a"], "once is enough"


def test_what_was_set_up_is_not_set_up_before_each_trial(commands: list[tuple[str, ...]]) -> None:
    made = cluster()
    shared.set_up_shared(made, SYSTEM, [LANE, OTHER])
    shared.wait_until_shared_serves(made, SYSTEM, [LANE, OTHER])
    first = len(commands)
    assert first == len(SHARED.setup) + 2 * len(SHARED.per_lane)
    for lane in (LANE, OTHER, LANE):
        shared.make_shared_ready(made, SYSTEM, lane)
    assert len(commands) == first and made.deleted == []


def test_a_server_that_has_forgotten_everything_is_set_up_for_every_lane(
    commands: list[tuple[str, ...]],
) -> None:
    """Its pod was deleted: agents trust its predecessor, and each lane makes its own anew."""
    made = cluster()
    shared.set_up_shared(made, SYSTEM, [LANE, OTHER])
    shared.wait_until_shared_serves(made, SYSTEM, [LANE, OTHER])
    known = set(commands)
    commands.clear()
    made.server_is_replaced()
    shared.make_shared_ready(made, SYSTEM, LANE)
    assert set(commands) == known
    assert made.deleted == ["spire-agent-a", "spire-agent-b"]
    shared.make_shared_ready(made, SYSTEM, OTHER)
    assert len(commands) == len(known), "once for all lanes"
    assert made.deleted[2:] == ["spire-agent-c", "spire-agent-d"]
    for lane in (LANE, OTHER):
        shared.make_shared_ready(made, SYSTEM, lane)
    assert len(made.deleted) == 4


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
