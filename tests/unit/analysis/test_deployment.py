# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

from nsm_resilience.analysis.deployment import deployment, read_deployment
from tests.builders.snapshots import SOCKETS, snapshot

ROOT = Path(__file__).parents[3]


def meta(plane: str) -> dict[str, Any]:
    names = ("client", "endpoint")
    return {
        "trial": f"S1-{plane}-monitored-none/01",
        "factors": {"plane": plane},
        "cluster": {"kubernetes": "v1", "nodes": [{"role": r, "name": f"{r}-node"} for r in names]},
        "probes": {"echo_interval_s": 0.02, "component_interval_s": 0.5},
        "scenario": {"new_connection": ["client"]},
    }


def test_every_pod_is_on_its_node_with_its_containers() -> None:
    found = deployment(meta("kernel"), snapshot("kernel"))
    assert found is not None
    client, endpoint = found.nodes
    assert [pod.app for pod in client.pods] == ["client", "forwarder", "nsmgr"]
    workload = client.pod("client")
    assert workload is not None
    assert workload.init_containers == ("nsm-init",)
    assert workload.containers == ("application", "nsm-monitor")
    forwarder = endpoint.pod("forwarder")
    assert forwarder is not None and forwarder.host_network
    assert client.address == "172.18.0.10"
    assert found.resources["networkservicemanagers"] == 2


def test_the_link_is_a_tunnel_on_the_kernel_plane_and_ends_at_vpp_on_the_other() -> None:
    for plane, vxlan in (("kernel", (7, "172.18.0.10", "172.18.0.11")), ("vpp", None)):
        found = deployment(meta(plane), snapshot(plane))
        assert found is not None
        pod = found.nodes[0].pod("client")
        assert pod is not None and pod.link is not None
        assert (pod.link.interface, pod.link.vxlan) == ("nsm0", vxlan)
        assert pod.link.address == "172.16.1.1/30"


def test_a_socket_that_is_no_socket_any_more_is_not_there() -> None:
    state = snapshot("kernel")
    state["nodes"]["client"]["sockets"][0]["kind"] = "file"
    found = deployment(meta("kernel"), state)
    assert found is not None
    assert found.nodes[0].sockets == SOCKETS[1:]


def test_programs_without_a_process_did_not_run() -> None:
    found = deployment(meta("vpp"), snapshot("vpp"))
    assert found is not None
    assert "vpp-agent" in found.nodes[0].programs
    assert "nsm-init" not in found.nodes[0].programs


def test_a_snapshot_that_failed_in_part_leaves_the_rest() -> None:
    state = snapshot("kernel")
    state["nodes"]["client"]["pods"]["client"] = {"error": "the pod has no process"}
    found = deployment(meta("kernel"), state)
    assert found is not None
    pod = found.nodes[0].pod("client")
    assert pod is not None and pod.link is None


def test_a_record_without_a_snapshot_has_no_deployment(tmp_path: Path) -> None:
    assert read_deployment(tmp_path) is None
    assert deployment(meta("kernel"), {"nodes": {}, "pods": []}) is None


def test_the_snapshot_of_a_recorded_trial_is_understood() -> None:
    found = deployment(*recorded())
    assert found is not None
    assert [node.role for node in found.nodes] == ["client", "endpoint"]
    for node in found.nodes:
        assert {"nsmd", "nsmdp", "nsmd-k8s"} <= set(node.programs)
        assert set(SOCKETS) <= set(node.sockets)
        manager, workload = node.pod("nsmgr"), node.pod(node.role)
        assert manager is not None and set(manager.containers) == {"nsmd", "nsmdp", "nsmd-k8s"}
        assert workload is not None and workload.link is not None
        assert workload.link.address.startswith("172.16.1.")


def recorded() -> tuple[dict[str, Any], dict[str, Any]]:
    """Meta and snapshot of the first control in the campaign that is committed."""
    (archive, *_) = sorted((ROOT / "results" / "recorded").glob("*/S1.tar.xz"))
    found: dict[str, Any] = {}
    with tarfile.open(archive, mode="r:xz") as tar:
        for member in tar:
            name = PurePosixPath(member.name).name
            file = tar.extractfile(member) if name in ("meta.json", "before.json") else None
            if file is not None:
                found.setdefault(name, json.load(file))
            if len(found) == 2:
                break
    return found["meta.json"], found["before.json"]
