# SPDX-License-Identifier: Apache-2.0
"""Each fault that NSM of today can have and that of 2019 cannot, on a real cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harms import docker

from nsm_resilience.mesh import shared
from nsm_resilience.mesh.manifests import values
from nsm_resilience.record.reader import Record
from nsm_resilience.systems.nsm_v1_18_0 import SYSTEM
from nsm_resilience.testbed.api import NAMESPACES, Cluster, name_of, wait_for
from nsm_resilience.testbed.lanes import find_lanes
from tests.cluster.conftest import Laboratory, a_laboratory, assert_proved

pytestmark = pytest.mark.cluster

STUDY = Path(__file__).parent / "faults-today.yaml"
NAME = "nsm-resilience-test-today"
CELLS = [
    *(f"{s}-vpp-monitored-{f}" for s in ("T1", "T4") for f in ("kill", "delete", "hang")),
    *(f"T2-vpp-monitored-{f}" for f in ("unlink", "replace", "orphan", "mode")),
    *(f"T3-vpp-{client}-down" for client in ("monitored", "plain")),
]


@pytest.fixture(scope="module")
def laboratory(
    testbed_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Laboratory]:
    with a_laboratory(testbed_file, tmp_path_factory.mktemp("live"), NAME, STUDY) as made:
        yield made


def trial(cell: str, number: int = 1) -> str:
    return f"{cell}-{SYSTEM.name}/{number:02}"


@pytest.fixture
def cluster(laboratory: Laboratory) -> Cluster:
    folder = laboratory.campaign.parent / ".testbeds"
    return Cluster(folder / f"{NAME}.kubeconfig", f"kind-{NAME}")


@pytest.mark.parametrize("cell", CELLS)
def test_a_fault_of_today_is_proved_undone_and_the_lane_is_clean_again(
    laboratory: Laboratory, cell: str
) -> None:
    assert laboratory.run(trial(cell)) == 0
    record = laboratory.record(trial(cell))
    assert_proved(record)
    assert [e.phase for e in record.all_of("clean")] == ["clean", "wipe"]
    assert not record.all_of("warning")
    first = next(e.data for e in record.all_of("notification") if e.data["what"] == "event")
    assert first["type"] == "INITIAL" and [state for _, state in first["connections"]] == ["UP"]
    table = record.table("components")
    assert set(SYSTEM.components["vpp"]) <= set(table.component)
    sampled = table[table["component"] == "spire-agent"]
    assert set(sampled["node"]) == {"client", "endpoint"} and sampled["ready"].notna().any()


def checks(record: Record, target: str) -> list[dict[str, Any]]:
    return [c for e in record.all_of("undo") if e.target == target for c in e.data["checks"]]


def test_an_interface_that_nobody_heals_is_up_again_with_its_route(
    laboratory: Laboratory,
) -> None:
    record = laboratory.record(trial("T3-vpp-plain-down"))
    (check,) = checks(record, "interface:client")
    assert check["after"] == {"index": check["before"]["index"], "up": True}
    assert check["before"]["routes"], "the peer is a route"
    path = record.table("path")
    (fault,) = record.all_of("fault_instant")
    (undone,) = record.all_of("undo")
    while_down = path[(path["sent_ns"] > fault.t_ns + 5e8) & (path["sent_ns"] < undone.t_ns - 5e8)]
    assert not (while_down["fate"] == "reply").any()
    assert (path[path["sent_ns"] > undone.t_ns + 1e9]["fate"] == "reply").any()


def test_the_forwarders_own_socket_is_damaged_in_its_container(laboratory: Laboratory) -> None:
    record = laboratory.record(trial("T2-vpp-monitored-replace"))
    sockets = record.table("sockets")
    own = sockets[(sockets["socket"] == "forwarder") & (sockets["node"] == "client")]
    assert set(own["path"]) == {"forwarder:/listen.on.sock"}
    assert own.iloc[0]["answers"] and "file" in set(own["kind"])
    assert own.iloc[-1]["answers"], "mended at the end"


@pytest.mark.parametrize("method", ["unlink", "replace", "orphan", "mode"])
def test_the_socket_of_spires_agent_is_undone_and_proved_in_its_own_trial(
    laboratory: Laboratory, method: str
) -> None:
    """A wipe of the lane leaves it."""
    record = laboratory.record(trial(f"T2-vpp-monitored-{method}"))
    target, path = "socket:spire-agent@client", SYSTEM.shared_sockets()["spire-agent"]
    by_agent, by_runner = (e for e in record.all_of("undo") if e.target == target)
    assert (by_agent.source, by_runner.source) == ("agent", "runner")
    assert [e.phase for e in (by_agent, by_runner)] == ["undo", "undo"]
    (check,) = by_agent.data["checks"]
    assert check["ok"] and check["after"][path]["kind"] == "socket"
    assert check["after"][path]["answers"] is True
    assert by_runner.t_ns > by_agent.t_ns and by_runner.data["made_anew"] == []
    looked = [c["after"] for c in by_runner.data["checks"] if path in c["check"]]
    assert len(looked) == 2 and all(one["answers"] for one in looked), "on both nodes"


@pytest.mark.parametrize("failure", ["kill", "delete", "hang"])
def test_spires_agent_is_proved_to_serve_again_in_its_own_trial(
    laboratory: Laboratory, failure: str
) -> None:
    record = laboratory.record(trial(f"T1-vpp-monitored-{failure}"))
    undone = [e for e in record.all_of("undo") if e.target == "spire-agent@endpoint"]
    assert undone[-1].source == "runner" and undone[-1].data["ok"] is True


def on_node(node: str, command: str) -> None:
    """Done past everything of ours, as by somebody else."""
    docker("exec", node, "sh", "-c", command)


def kill(program: str) -> str:
    return (
        "for p in /proc/[0-9]*; do "
        f'[ "$(cat $p/comm 2>/dev/null)" = {program} ] && kill -9 "${{p#/proc/}}"; done; true'
    )


def kill_agents(lane: Any) -> None:
    for node in lane.nodes.values():
        on_node(node, kill("spire-agent"))


def kill_server(_lane: Any) -> None:
    on_node(f"{NAME}-control-plane", kill("spire-server"))


def replace_socket(lane: Any) -> None:
    path = SYSTEM.shared_sockets()["spire-agent"]
    on_node(lane.endpoint_node, f"rm {path} && touch {path}")


HARMS: list[Callable[[Any], None]] = [kill_agents, kill_server, replace_socket]


@pytest.mark.parametrize(("number", "harm"), list(enumerate(HARMS, start=1)))
def test_no_trial_begins_before_spire_is_proved_to_serve(
    laboratory: Laboratory, cluster: Cluster, number: int, harm: Callable[[Any], None]
) -> None:
    """SPIRE is killed after a trial and before the next one."""
    (lane,) = find_lanes(cluster)
    harm(lane)
    assert laboratory.run(trial("S1-vpp-monitored-none", number)) == 0
    record = laboratory.record(trial("S1-vpp-monitored-none", number))
    assert record.outcome == "complete", record.void_reason
    (proved,) = record.all_of("shared")
    assert proved.phase == "install" and all(c["ok"] for c in proved.data["checks"])
    (connected,) = record.all_of("connected")
    assert proved.t_ns < connected.t_ns
    if harm is replace_socket:
        assert len(proved.data["made_anew"]) == 1, "its pod makes it anew"
    worn = [
        name_of(pod)
        for pod in cluster.pods(SYSTEM.shared.namespace if SYSTEM.shared else "")
        if pod["spec"]["nodeName"] in lane.nodes.values()
        and any(c["restartCount"] for c in pod["status"]["containerStatuses"])
    ]
    assert worn == [], "no trial had one that was restarted before"


def test_without_spire_an_attempt_is_void_and_with_it_the_next_is_complete(
    laboratory: Laboratory, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server goes with all that it knew, and comes back knowing nothing."""
    assert SYSTEM.shared is not None
    space = SYSTEM.shared.namespace
    owner = f"/apis/apps/v1/namespaces/{space}/statefulsets/spire-server"
    server = f"{NAMESPACES}/{space}/pods/{SYSTEM.shared.pod}"
    cluster.merge(owner, {"spec": {"replicas": 0}})
    wait_for("no server", lambda: server.rpartition("/")[2] not in map(
        name_of, cluster.pods(space)), 60)  # fmt: skip
    with monkeypatch.context() as soon:
        soon.setattr(shared, "SERVES_S", 10.0)
        laboratory.run(trial("S1-vpp-monitored-none", 4))
    record = laboratory.record(trial("S1-vpp-monitored-none", 4))
    assert record.outcome == "void"
    assert str(record.void_reason).startswith(f"install: {SYSTEM.shared.pod} Ready: not within")
    assert not record.all_of("fault_instant")
    cluster.merge(owner, {"spec": {"replicas": 1}})
    assert laboratory.run(trial("S1-vpp-monitored-none", 5)) == 0
    record = laboratory.record(trial("S1-vpp-monitored-none", 5))
    assert record.outcome == "complete", record.void_reason


def test_the_manifests_of_today_are_what_the_api_server_accepts(
    laboratory: Laboratory, cluster: Cluster
) -> None:
    """Those of the shared part among them, whose namespace is there only on such a cluster."""
    (lane,) = find_lanes(cluster)
    substitutions = {
        **values(SYSTEM, lane, laboratory.testbed.images, "vpp"),
        "POD": "checked",
        "NODE": lane.client_node,
    }
    assert SYSTEM.shared is not None
    for name in (SYSTEM.definitions, SYSTEM.rights, SYSTEM.shared.manifest, *SYSTEM.parts):
        cluster.apply(SYSTEM.render(name.format(plane="vpp"), substitutions), dry_run=True)
