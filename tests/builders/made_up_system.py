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
    planes={"ebpf": "eBPF"},
    components={
        "ebpf": {
            "brain": Component("brain", "brain", "braind", "manager", only_on="client"),
            "arm": Component("arm", "arm", "armd", "forwarder", carries=True),
            # a name that others have, too, on every node
            "forwarder": Component("nerves", "nerves", "nervesd", "agent", only_on="client"),
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
  - {scenarios: [S1, S2, S8], system: mesh-v3, plane: ebpf, trials: 2}
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
    assert "S2-ebpf-monitored-kill-mesh-v3/01" in trials, trials
    print("schedule")
    _refused()
    print("refusals")
    lane = Lane(1, "a", "b")
    own = {**values(MESH, lane, Images(), "ebpf"), "POD": "p", "NODE": "n"}
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
    _covered(study)
    print("coverage")


def _refused() -> None:
    """The other systems say what they have instead, and it of what they have."""
    from nsm_resilience.study.cells import not_applicable
    from nsm_resilience.study.fault import Fault
    from nsm_resilience.study.models import Factors

    mesh = Factors(system="mesh-v3", plane="ebpf")
    today = Factors(system="nsm-v1.18.0", plane="vpp")
    for fault, factors, words in (
        (Fault(component="brain"), today, "`brain` does not exist in nsm-v1.18.0: its part is `ns"),
        (Fault(socket="nerve", node="client"), today, "its part is `nsm.io.sock` there"),
        (Fault(component="nsmgr", node="client"), mesh, "its part is `brain` there"),
        (
            Fault(component="forwarder", node="endpoint"),
            mesh,
            "on the client's node; write `node: c",
        ),
        (Fault(component="nsmdp", node="client"), mesh, "there are: brain, arm, forwarder"),
    ):
        assert words in not_applicable(fault, factors), not_applicable(fault, factors)


def _covered(study: Any) -> None:
    """Its trials count by what its components do; what it lacks is not applicable."""
    import random
    import sys

    sys.path.insert(0, str(Path(__file__).parents[2]))
    from nsm_resilience.analysis.broken_parts import broken_parts
    from nsm_resilience.analysis.coverage import coverage, in_words, titled
    from nsm_resilience.analysis.coverage_facts import load_facts
    from nsm_resilience.tables.schemas import TRIALS
    from tests.builders.campaign_tables import trial_row

    fine = ("alive", (0, 0), True, True, False, False)
    rows = [
        trial_row(cell, number, 1, fine, random.Random(1))
        for cell, n in study.cells()
        for number in range(1, n + 1)
    ]
    trials = TRIALS.frame(rows)
    told = {titled(o): in_words(o, "mesh-v3") for o in coverage(load_facts(), trials, study)}
    assert told["service manager, client's node (brain)"] == "ebpf 2/2", told
    assert told["service manager, endpoint's node"] == "not applicable", told
    assert told["a single socket file is damaged"] == "ebpf 2/2", told
    parts = {row["part"]: row for row in broken_parts(trials, study).to_dict("records")}
    assert parts["brain"]["kill"] == "2/2" and parts["arm"]["kill"] == "not tested", parts


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
