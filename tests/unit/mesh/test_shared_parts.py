# SPDX-License-Identifier: Apache-2.0
"""What a cluster shares and trials break: other lanes do not matter, worn pods are made anew."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nsm_resilience.agent.client import AgentError
from nsm_resilience.faults import pod_delete
from nsm_resilience.faults.base import plan
from nsm_resilience.mesh import shared, shared_health
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

    def agents(self, *, sockets: dict[str, tuple[str, bool]] | None = None) -> dict[str, Any]:
        """Our own agents on the lane's nodes; `sockets`: what lies there, and whether it answers.

        A pod that is made anew makes its socket anew.
        """
        lies = dict(sockets or {})

        def agent(node: str) -> Any:
            def run(script: str, order: dict[str, Any], **_: Any) -> list[dict[str, Any]]:
                assert script == "watch" and order == {"sockets": SYSTEM.shared_sockets()}
                anew = self.shared[node]["metadata"]["name"].endswith("-anew")
                kind, answers = ("socket", True) if anew else lies.get(node, ("socket", True))
                rows = [[name, path, 7, kind, answers] for name, path in order["sockets"].items()]
                return [{"kind": "sockets", "t_ns": 1, "rows": rows}]

            return SimpleNamespace(node=node, run=run)

        return {role: agent(node) for role, node in LANE.nodes.items()}

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
    monkeypatch.setattr(shared_health, "run_in_pod", lambda *_, **__: (0, "healthy"))
    for name, value in (("SERVES_S", 0.3), ("PATIENCE_S", 0.05), ("INTERVAL_S", 0.01)):
        monkeypatch.setattr(shared_health, name, value)
    return run


def make_ready(made: Any, lane: Lane = LANE, **agents: Any) -> shared_health.Proof:
    ours = made.agents(**agents) if lane == LANE else {}
    return shared.make_shared_ready(made, SYSTEM, lane, ours)


def test_what_is_broken_in_another_lane_does_not_keep_this_one_waiting() -> None:
    broken = cluster(c={"ready": False})
    shared.wait_until_shared_serves(broken, SYSTEM, [LANE])
    with pytest.raises(ApiUnavailable):
        shared.wait_until_shared_serves(broken, SYSTEM, [LANE, OTHER])


def test_what_is_broken_on_a_node_of_no_lane_is_waited_for() -> None:
    made = cluster(control={"ready": False})
    with pytest.raises(ApiUnavailable, match=f"every pod of {NAMESPACE}.*: spire-agent-control is"):
        make_ready(made)
    assert made.deleted == []


@pytest.mark.parametrize("node", ["a", "b"])
def test_what_does_not_become_ready_on_a_node_of_ours_is_made_anew(node: str) -> None:
    made = cluster(**{node: {"ready": False}})
    assert make_ready(made).made_anew == (f"spire-agent-{node}",)
    assert made.deleted == [f"spire-agent-{node}"]


def test_only_worn_pods_that_this_lane_breaks_are_made_anew() -> None:
    worn = cluster(a={"restarts": 1}, c={"restarts": 2}, control={"restarts": 1})
    assert make_ready(worn).made_anew == ("spire-agent-a",)
    assert worn.deleted == ["spire-agent-a"]
    assert make_ready(worn).made_anew == ()
    assert worn.deleted == ["spire-agent-a"], "once is enough"


def test_what_was_set_up_is_not_set_up_before_each_trial(commands: list[tuple[str, ...]]) -> None:
    made = cluster()
    shared.set_up_shared(made, SYSTEM, [LANE, OTHER])
    shared.wait_until_shared_serves(made, SYSTEM, [LANE, OTHER])
    first = len(commands)
    assert first == len(SHARED.setup) + 2 * len(SHARED.per_lane)
    for lane in (LANE, OTHER, LANE):
        make_ready(made, lane)
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
    make_ready(made)
    assert set(commands) == known
    assert made.deleted == ["spire-agent-a", "spire-agent-b"]
    make_ready(made, OTHER)
    assert len(commands) == len(known), "once for all lanes"
    assert made.deleted[2:] == ["spire-agent-c", "spire-agent-d"]
    for lane in (LANE, OTHER):
        make_ready(made, lane)
    assert len(made.deleted) == 4


def test_before_a_trial_everything_is_proved_on_the_lanes_nodes() -> None:
    proof = make_ready(cluster())
    assert proof.made_anew == () and all(check["ok"] for check in proof.checks)
    said = [check["check"] for check in proof.checks]
    path = SYSTEM.shared_sockets()["spire-agent"]
    assert said == [
        "spire-server-0 is Ready",
        "spire-server-0 passes its own health check",
        *(
            f"spire-agent on {node} {what}"
            for node in ("a", "b")
            for what in ("is Ready", "passes its own health check")
        ),
        *(f"a socket that answers is at {path} on {node}" for node in ("a", "b")),
    ]


@pytest.mark.parametrize("lies", [("file", False), ("missing", False), ("socket", False)])
def test_an_agent_whose_socket_does_not_answer_is_made_anew_before_a_trial(
    lies: tuple[str, bool],
) -> None:
    """Its pod is Ready for as long as the probe of Kubernetes has not looked."""
    made = cluster()
    proof = make_ready(made, sockets={"b": lies})
    assert made.deleted == ["spire-agent-b"] and proof.made_anew == ("spire-agent-b",)
    assert all(check["ok"] for check in proof.checks)


@pytest.mark.parametrize("pod", ["spire-server-0", "spire-agent-a"])
def test_what_says_that_it_is_not_healthy_keeps_the_trial_from_beginning(
    monkeypatch: pytest.MonkeyPatch, pod: str
) -> None:
    def run_in_pod(_cluster: Any, _namespace: str, name: str, *_: Any, **__: Any) -> Any:
        return (1, "connection refused") if name.startswith(pod) else (0, "")

    monkeypatch.setattr(shared_health, "run_in_pod", run_in_pod)
    made = cluster()
    with pytest.raises(shared_health.NotServing, match="passes its own health check") as refused:
        make_ready(made)
    assert str(refused.value).startswith(f"what {NAMESPACE} gives to every lane does not serve")
    assert made.deleted == ([] if pod == "spire-server-0" else [pod]), "the server remembers"
    assert any(
        check["after"] == {"exit_code": 1, "said": "connection refused"}
        for check in refused.value.checks
    )


def test_one_that_is_killed_while_it_is_proved_is_made_anew() -> None:
    """The kubelet has started it again by the time it serves; a trial takes no worn one."""
    made = cluster()
    seen: list[str] = []

    def agents() -> dict[str, Any]:
        ours = made.agents()
        client = ours["client"]

        def run(script: str, order: dict[str, Any], **rest: Any) -> Any:
            if not seen:
                seen.append(script)
                made.shared["a"]["status"]["containerStatuses"][0]["restartCount"] = 1
                raise AgentError("not now")
            return client.run(script, order, **rest)

        return {**ours, "client": SimpleNamespace(node="a", run=run)}

    proof = shared.make_shared_ready(made, SYSTEM, LANE, agents())
    assert made.deleted == ["spire-agent-a"] and all(check["ok"] for check in proof.checks)


def test_a_node_without_a_pod_is_named() -> None:
    lost = cluster()
    del lost.shared["b"]
    with pytest.raises(ApiUnavailable, match="spire-agent on b is Ready"):
        shared_health.prove_serving(lost, SYSTEM, LANE, {})


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
