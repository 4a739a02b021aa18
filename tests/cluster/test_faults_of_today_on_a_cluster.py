# SPDX-License-Identifier: Apache-2.0
"""Each fault that NSM of today can have and that of 2019 cannot, on a real cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.mesh.manifests import values
from nsm_resilience.record.reader import Record
from nsm_resilience.systems.nsm_v1_18_0 import SYSTEM
from nsm_resilience.testbed.api import Cluster
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


def trial(cell: str) -> str:
    return f"{cell}-{SYSTEM.name}/01"


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


def test_the_manifests_of_today_are_what_the_api_server_accepts(laboratory: Laboratory) -> None:
    """Those of the shared part among them, whose namespace is there only on such a cluster."""
    cluster = Cluster(
        laboratory.campaign.parent / ".testbeds" / f"{NAME}.kubeconfig", f"kind-{NAME}"
    )
    (lane,) = find_lanes(cluster)
    substitutions = {
        **values(SYSTEM, lane, laboratory.testbed.images, "vpp"),
        "POD": "checked",
        "NODE": lane.client_node,
    }
    assert SYSTEM.shared is not None
    for name in (SYSTEM.definitions, SYSTEM.rights, SYSTEM.shared.manifest, *SYSTEM.parts):
        cluster.apply(SYSTEM.render(name.format(plane="vpp"), substitutions), dry_run=True)
