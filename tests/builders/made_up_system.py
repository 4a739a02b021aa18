# SPDX-License-Identifier: Apache-2.0
"""A made-up third system through every layer; prints the name of each that took it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from nsm_resilience.systems import known
from nsm_resilience.systems.base import Component, SocketFile, Workload
from nsm_resilience.systems.nsm_v1_18_0 import SYSTEM

MESH = replace(
    SYSTEM,
    name="mesh-v3",
    title="A mesh of tomorrow",
    planes={"kernel": "kernel"},
    components={
        "kernel": {
            "brain": Component("brain", "brain", "braind", "manager", only_on="client"),
            "arm": Component("arm", "arm", "armd", "forwarder", carries=True),
        }
    },
    sockets={"nerve": SocketFile("/run/nerve.sock", "brain")},
    absent={"nsmgr": "its part is `brain` there"},
    workloads=(Workload("Deployment", "brain"), Workload("DaemonSet", "arm")),
    client_interface="limb0",
    api_client="brain",
    shared=None,
    images=replace(SYSTEM.images, of_plane={}),
)
known.SYSTEMS[MESH.name] = MESH
STUDY = """
name: tomorrow
seed: 1
scenarios:
  - {id: S1, title: no fault, where: both nodes, source: ours}
  - {id: S2, title: the brain fails, where: one in the lane, source: ours,
     faults: [{component: brain}]}
  - {id: S8, title: the nerve is cut, where: client's node, source: ours,
     faults: [{socket: nerve, node: client}]}
campaign:
  - {scenarios: [S1, S2, S8], system: mesh-v3, plane: kernel, trials: 2}
"""
REAL = Path(__file__).parents[1] / "unit" / "judge" / "real" / "nsmd-killed"


def main() -> None:
    """One layer after the other."""
    from nsm_resilience.faults import process, socket_file
    from nsm_resilience.faults.base import plan
    from nsm_resilience.mesh.lifecycle import Mesh
    from nsm_resilience.mesh.manifests import values
    from nsm_resilience.study.load import load_study
    from nsm_resilience.study.schedule import make_schedule
    from nsm_resilience.testbed.base import Lane
    from nsm_resilience.testbed.config import Images

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "study.yaml"
        file.write_text(STUDY, encoding="utf-8")
        study = load_study(file)
    print("study")
    trials = [scheduled.trial for scheduled in make_schedule(study)]
    assert "S2-kernel-monitored-kill-mesh-v3/01" in trials, trials
    print("schedule")
    lane = Lane(1, "a", "b")
    own = {**values(MESH, lane, Images(), "kernel"), "POD": "p", "NODE": "n"}
    assert "limb" not in MESH.render("client-plain.yaml", own)  # the URL is in its manifest
    print("manifests")
    cell = next(cell for cell, _ in study.cells() if cell.scenario == "S2")
    mesh = Mesh(cast(Any, SimpleNamespace()), lane, Images(), cell.factors, {})
    (planned,) = plan(study.scenario("S2"), cell.factors)
    assert planned.role == "client"
    assert process.order(planned, mesh)["program"] == "braind"
    (planned,) = plan(study.scenario("S8"), cell.factors)
    assert socket_file.order(planned, mesh)["sockets"] == {"nerve": "/run/nerve.sock"}
    print("orders")
    _judged()
    print("judge")
    from nsm_resilience.analysis.figures.cells import level_name, short_names

    assert level_name("system", "mesh-v3") == "A mesh of tomorrow"
    assert short_names(study)["S2"] == "brain, client\u2019s node"
    print("report")


def _judged() -> None:
    """A real record that says it is of the made-up system keeps its verdict, under that name."""
    import json

    from nsm_resilience.judge.trial import judge_record
    from nsm_resilience.record.reader import read_record

    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "S2-kernel-monitored-kill-mesh-v3" / "01" / "1"
        shutil.copytree(REAL, record)
        meta = json.loads((record / "meta.json").read_text(encoding="utf-8"))
        meta["factors"]["system"] = "mesh-v3"
        (record / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
        assert judge_record(read_record(record)).system == "mesh-v3"


if __name__ == "__main__":
    main()
