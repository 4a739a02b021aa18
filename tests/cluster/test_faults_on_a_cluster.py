# SPDX-License-Identifier: Apache-2.0
"""Each kind of fault on a real cluster: injected once, proved, undone, and nothing left behind."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from nsm_resilience.agent.deploy import agents
from nsm_resilience.judge.trial import judge_record
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors
from nsm_resilience.testbed.api import Cluster
from nsm_resilience.testbed.lanes import find_lanes
from tests.cluster.conftest import Laboratory, assert_proved

pytestmark = pytest.mark.cluster

CELLS = [
    "N1-kernel-monitored-kill",
    "N1-kernel-monitored-delete",
    "N1-kernel-monitored-hang",
    "N2-kernel-monitored-unlink",
    "N2-kernel-monitored-replace",
    "N2-kernel-monitored-orphan",
    "N2-kernel-monitored-mode",
    "N3-kernel-monitored-kill",
    "N3-kernel-monitored-delete",
    "N4-kernel-monitored-wipe",
    "N5-kernel-monitored-cut",
    "N6-kernel-monitored-pause",
    "N7-kernel-monitored-down",
]


@pytest.mark.parametrize("cell", CELLS)
def test_a_fault_is_proved_undone_and_the_lane_is_clean_again(
    laboratory: Laboratory, cell: str
) -> None:
    assert laboratory.run(f"{cell}/01") == 0
    record = laboratory.record(f"{cell}/01")
    assert_proved(record)
    assert [e.phase for e in record.all_of("clean")] == ["clean", "wipe"]
    assert not record.all_of("warning")
    assert len(record.table("path")) > 500
    first = next(e.data for e in record.all_of("notification") if e.data["what"] == "event")
    assert first["type"] == "INITIAL" and [state for _, state in first["connections"]] == ["UP"]
    assert {"nsmd", "nsmdp", "nsmd-k8s", "forwarder"} <= set(record.table("components").component)


def test_faults_with_a_time_are_undone_in_the_watch_and_proved_to_be(
    laboratory: Laboratory,
) -> None:
    for trial in (
        "N5-kernel-monitored-cut/01", "N6-kernel-monitored-pause/01", "N7-kernel-monitored-down/01",
    ):  # fmt: skip
        record = laboratory.record(trial)
        (fault,) = record.all_of("fault_instant")
        declared = record.meta["scenario"]["faults"]
        undone = record.all_of("undo")
        assert len(undone) == len(declared)
        for event in undone:
            assert event.data["ok"] and all(c["ok"] for c in event.data["checks"])
            end = max(f["delay_s"] + f["for_s"] for f in declared)
            assert 0 < (event.t_ns - fault.t_ns) / 1e9 < end + 5
        assert judge_record(record).measures.injection_proof == "proved"


def test_faults_ordered_for_one_instant_come_within_100_ms(laboratory: Laboratory) -> None:
    record = laboratory.record("N1-kernel-monitored-hang/01")
    begins = sorted(e.data["t_begin_ns"] for e in record.all_of("injection"))
    delays = [f["delay_s"] for f in record.meta["scenario"]["faults"]]
    assert (begins[-1] - begins[0]) / 1e9 == pytest.approx(max(delays), abs=0.1)


def test_a_killed_runner_leaves_a_cut_record_and_nothing_injected(laboratory: Laboratory) -> None:
    trial = "N1-kernel-monitored-hang/01"
    moved = laboratory.campaign / "records" / Path(trial).parent / "before"
    if (laboratory.campaign / "records" / trial).exists():  # a test before ran it
        (laboratory.campaign / "records" / trial).rename(moved)
    runner = laboratory.begin(trial)
    events = laboratory.campaign / "records" / trial / "1" / "events.jsonl"
    deadline = time.monotonic() + 120
    while not (events.exists() and '"injection_proof"' in events.read_text()):
        assert time.monotonic() < deadline and runner.poll() is None
        time.sleep(0.2)
    runner.send_signal(signal.SIGKILL)
    runner.wait()

    assert laboratory.run(trial) == 0
    assert laboratory.record(trial, 1).outcome == "cut"
    assert_proved(laboratory.record(trial, 2))
    cluster = Cluster(
        laboratory.campaign.parent / ".testbeds" / "nsm-resilience-test.kubeconfig",
        "kind-nsm-resilience-test",
    )
    (lane,) = find_lanes(cluster)
    found = agents(cluster, lane)
    mesh = Mesh(cluster, lane, laboratory.testbed.images, Factors(), found)
    assert mesh.prove_clean(mesh.residue("inspect"))["pods"] == []


def test_the_manifests_of_every_system_are_what_the_api_server_accepts(
    laboratory: Laboratory,
) -> None:
    from nsm_resilience.mesh.manifests import bystander, values
    from nsm_resilience.systems.known import SYSTEMS

    cluster = Cluster(
        laboratory.campaign.parent / ".testbeds" / "nsm-resilience-test.kubeconfig",
        "kind-nsm-resilience-test",
    )
    (lane,) = find_lanes(cluster)
    for system, plane in ((s, plane) for s in SYSTEMS.values() for plane in s.planes):
        substitutions = {
            **values(system, lane, laboratory.testbed.images, plane),
            "POD": "checked",
            "NODE": lane.client_node,
        }
        for name in (
            system.definitions, system.rights, *system.parts, "endpoint.yaml",
            "client-plain.yaml", "client-monitored.yaml",
        ):  # fmt: skip
            text = system.render(name.format(plane=plane), substitutions)
            cluster.apply(text, dry_run=True)
        cluster.apply(bystander(substitutions), dry_run=True)
