# SPDX-License-Identifier: Apache-2.0
"""A made-up third system through every layer; prints the name of each that took it.

Run with a copy of the sources in which it is a folder (`tests/builders/sources.py`).
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from nsm_resilience.systems.known import SYSTEMS

STUDY = """
name: constructed
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
ON_BOTH_PLANES = STUDY.replace("plane: ebpf", "plane: [ebpf, xdp], client: plain")
"""As of a system that has no other client."""
REAL = Path(__file__).parents[1] / "unit" / "judge" / "real" / "nsmd-killed"


def main() -> None:
    """One layer after the other."""
    from nsm_resilience.faults import process, socket_file
    from nsm_resilience.faults.base import plan
    from nsm_resilience.faults.preview import preview
    from nsm_resilience.mesh.lifecycle import Mesh
    from nsm_resilience.study.schedule import make_schedule
    from nsm_resilience.testbed.base import Lane
    from nsm_resilience.testbed.config import Images
    from tests.builders.studies import make_study

    with tempfile.TemporaryDirectory() as folder:
        study = make_study(Path(folder), STUDY)
    print("study")
    trials = [scheduled.trial for scheduled in make_schedule(study)]
    assert "S2-ebpf-monitored-kill-mesh-v3/01" in trials, trials
    print("schedule")
    _refused()
    print("refusals")
    _made()
    print("manifests")
    lane = Lane(1, "a", "b")
    cell = next(cell for cell, _ in study.cells() if cell.scenario == "S2")
    mesh = Mesh(cast(Any, SimpleNamespace()), lane, Images(), cell.factors, {})
    (planned,) = plan(study.scenario("S2"), cell.factors)
    assert planned.role == "client"
    assert process.order(planned, mesh)["program"] == "braind"
    (planned,) = plan(study.scenario("S8"), cell.factors)
    assert socket_file.order(planned, mesh)["sockets"] == {"nerve": "/run/nerve.sock"}
    assert any("SIGKILL: braind" in line for line in preview(study, [("a", "b")]))
    print("orders")
    _paired(study)
    print("pairs")
    _judged()
    print("judge")
    _reported()
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
        (
            Fault(component="nsmdp", node="client"),
            mesh,
            "nothing there is of the kind `device`; there are: brain, ledger, arm, forwarder",
        ),
        (Fault(registry="networkservices"), mesh, "there are: meshlinks, meshpoints, all"),
    ):
        assert words in not_applicable(fault, factors), not_applicable(fault, factors)


def _paired(study: Any) -> None:
    """Failures in pairs are of its own components, each where a lane has it."""
    from nsm_resilience.faults.pairs import select, study_of
    from tests.builders.studies import make_study

    chosen = select(study, "xdp", 10_000, 1, 1, 1)
    places = {(one.component, one.node) for pair in chosen.pairs for one in pair}
    assert places == {
        ("brain", "client"), ("ledger", "endpoint"), ("arm", "client"), ("arm", "endpoint"),
        ("forwarder", "client"),
    }, places  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        made = make_study(Path(folder), study_of(chosen, study, "xdp", 1))
    assert made.planes == {"mesh-v3": ("xdp",)}, made.planes


def _covered(study: Any) -> None:
    """Its trials count by what its components do; what it lacks is not applicable."""
    import random

    from nsm_resilience.analysis.coverage import coverage
    from nsm_resilience.analysis.coverage_facts import load_facts
    from nsm_resilience.tables.schemas import TRIALS
    from tests.builders.campaign_tables import trial_row
    from tests.builders.coverage_words import in_words, titled

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


def _made() -> None:
    """Its manifests hold what is said of it, and the runner may make what they make."""
    from nsm_resilience.systems.consistency import problems_of_all
    from nsm_resilience.testbed.rights import Right, needed_rights

    assert list(problems_of_all(SYSTEMS.values())) == []
    assert {
        Right("*", "meshlinks", "mesh.example.io"),
        Right("create", "poddisruptionbudgets", "policy"),
        Right("update", "leases", "coordination.k8s.io"),
    } <= set(needed_rights())


def _reported() -> None:
    """From records of both of its planes to tables, contrasts, the paper's numbers and the site."""
    import json
    from contextlib import chdir

    import pandas as pd

    from nsm_resilience.analysis.figures.cells import short_names
    from nsm_resilience.study.factors import level_name
    from nsm_resilience.tables.claims import claim_rows
    from tests.builders.contributing import CAMPAIGN, command, describe_all
    from tests.builders.records import build
    from tests.builders.studies import make_study

    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        study = make_study(CAMPAIGN, ON_BOTH_PLANES)
        for cell, trials in study.cells():
            factors = {name: str(level) for name, level in cell.factors.levels().items()}
            down = [] if cell.scenario == "S1" else [(1.0, 3.0)]
            for number in range(1, trials + 1):
                build(
                    CAMPAIGN, cell.scenario, study=study, number=number, factors=factors, down=down
                )
        describe_all()
        for step in ("judge", "tables", "contrasts", "numbers", "site"):
            command(step, str(CAMPAIGN))
        verdicts = pd.read_parquet("results/tables/trials.parquet")
        assert set(zip(verdicts["system"], verdicts["plane"], strict=True)) == {
            ("mesh-v3", "ebpf"), ("mesh-v3", "xdp"),
        }  # fmt: skip
        assert set(verdicts["verdict"]) == {"supported"}, set(verdicts["reason"])
        contrasts = pd.read_parquet("results/tables/contrasts.parquet")
        sides = contrasts[["differs_in", "first", "second", "system"]].drop_duplicates()
        assert sides.to_numpy().tolist() == [["plane", "ebpf", "xdp", "mesh-v3"]]
        numbers = json.loads(Path("results/numbers.json").read_text(encoding="utf-8"))
        assert {"eBPF", "XDP"} <= {plane["name"] for plane in numbers["planes"]}
        words = " ".join(Path("results/site/words.html").read_text(encoding="utf-8").split())
        for meaning in ("forwarded by programs in the kernel", "A mesh of tomorrow"):
            assert meaning in words, meaning
        assert "S2-xdp-plain-kill-mesh-v3/01" in command("explain", "S2")
        other = make_study(Path("other"))
    assert level_name("system", "mesh-v3") == "A mesh of tomorrow"
    assert short_names(study)["S2"] == "brain, client\u2019s node"
    # a study that runs other systems has nothing to do with its planes
    assert {row["plane"] for row in claim_rows("other", other, [])} == {"kernel", "vpp"}


if __name__ == "__main__":
    main()
