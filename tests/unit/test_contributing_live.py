# SPDX-License-Identifier: Apache-2.0
"""The steps of CONTRIBUTING suffice for what runs on nodes: a kind of fault, and a probe.

What is new is in `tests/builders/additions/`; here it is put where it is said.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd

from nsm_resilience.study.load import load_study
from tests.builders.contributing import CAMPAIGN, NAME, check_row, describe_all
from tests.builders.sources import ROOT, Sources

FIRST_FAILURES = '    "none", "kill", "delete", "hang",'
FIRST_WORDS = ' in which any alarm is false", "none"),\n'
"""What is new goes in behind what was first: so it does wherever others add theirs."""
SCENARIO = """
  - id: N1
    title: a disk is full
    where: client's node
    faults: [{disk: var, node: client}]
    source: ours
"""


def test_a_new_kind_of_fault_is_in_the_schedule_the_orders_the_records_and_the_words(
    sources: Sources, tmp_path: Path
) -> None:
    fault = "study/fault.py"
    sources.insert(fault, FIRST_FAILURES, ' "fill",')
    words = '    "fill": FailureWords("no room is left", "filled", "emptied"),\n'
    sources.insert(fault, FIRST_WORDS, words)
    sources.insert(fault, '    "registry": ("wipe",),\n', '    "disk": ("fill",),\n')
    sources.insert(fault, "    component: Component | None = None\n",
                   '    disk: Literal["var", "tmp"] | None = None\n')  # fmt: skip
    sources.add("faults/disk.py")
    sources.insert("faults/kinds.py", "from nsm_resilience.faults import (\n", "    disk,\n")
    sources.insert("faults/kinds.py", "    process, socket_file,", " disk,")
    sources.add("agent/node/fill.py")
    sources.insert("agent/node/inject.py", "import damage\n", "import fill\n")
    sources.insert("agent/node/inject.py", '    "process": Process,\n',
                   '    "disk": fill.Disk,\n')  # fmt: skip
    sources.insert("agent/node/clean.py", "import damage\n", "import fill\n")
    sources.insert("agent/node/clean.py", "        linkdown.set_all_up()\n", "    fill.left()\n")
    check_row("a new kind of fault", sources)

    study = (ROOT / "config" / "study.yaml").read_text(encoding="utf-8")
    head, _, _ = study.partition("\ncampaign:")
    mine = f"{head}\n{SCENARIO}campaign:\n  - {{scenarios: [S1, N1], trials: 2}}\n"
    CAMPAIGN.mkdir(parents=True)
    mine = re.sub(r"^name: .*$", f"name: {NAME}", mine, flags=re.M)
    (CAMPAIGN / "study.yaml").write_text(mine, encoding="utf-8")
    told = sources.python("-c", INJECTED.format(folder=str(tmp_path), campaign=str(CAMPAIGN)))
    assert "full: /var" in told.stdout and "afterwards: the file is removed" in told.stdout
    kinds = [json.loads(line)["kind"] for line in told.stdout.splitlines() if line[:1] == "{"]
    assert kinds == ["armed", "injected", "proof", "undone", "ended"]
    describe_all()
    planned = sources.commands(
        ("schedule", "--study", CAMPAIGN / "study.yaml"),
        *((step, CAMPAIGN) for step in ("judge", "tables", "contrasts", "numbers", "site")),
    )
    assert "N1-kernel-monitored-fill/02" in planned
    trials = pd.read_parquet("results/tables/trials.parquet").set_index("scenario")
    assert (trials.loc["N1", "failure"], trials.loc["N1", "verdict"]) == ("fill", "supported")
    assert "no room is left" in Path("results/site/words.html").read_text("utf-8")


INJECTED = """
import json, os, subprocess, sys, time
from importlib import resources
from pathlib import Path
from nsm_resilience.faults.preview import preview
from nsm_resilience.study.load import load_study
from tests.builders.records import build
campaign = Path({campaign!r})
study = load_study(campaign / "study.yaml")
print(*preview(study, [("a", "b")]), sep="\\n")
build(campaign, "S1", study=study)
build(campaign, "N1", study=study, down=[(1.0, 3.0)])
now = time.monotonic_ns()
fault = dict(id="fault-1", kind="disk", method="fill", folder={folder!r}, delay_ns=0)
order = dict(at_ns=now, expires_ns=now, prove_s=1.0, faults=[fault])
script = resources.files("nsm_resilience.agent") / "node" / "inject.py"
subprocess.run([sys.executable, str(script), json.dumps(order)], check=True)
assert not os.path.exists(os.path.join({folder!r}, "filled"))
"""


def test_a_new_way_to_fail_is_three_files(sources: Sources) -> None:
    fault = "study/fault.py"
    sources.insert(fault, FIRST_FAILURES, ' "quit",')
    words = '    "quit": FailureWords("SIGTERM to the process", "asked to end", process="gone"),\n'
    sources.insert(fault, FIRST_WORDS, words)
    sources.insert(fault, 'COMPONENT_FAILURES: tuple[Failure, ...] = ("kill"', ', "quit"')
    methods = '    "quit": Method("SIGTERM", "nothing to undo"),\n'
    sources.insert("faults/process.py", "METHODS = {\n", methods)
    sources.insert("agent/node/inject.py", "SIGNALS = {", '"quit": signal.SIGTERM, ')
    check_row("a new way to fail, of what can fail already", sources)
    done = sources.python("-c", PLANNED.format(study=str(ROOT / "config" / "study.yaml")))
    assert done.stdout.split() == ["quit", "SIGTERM", "15", "True"]


PLANNED = """
import sys
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from nsm_resilience.faults import process
from nsm_resilience.faults.base import PlannedFault
from nsm_resilience.faults.kinds import kind_of
from nsm_resilience.study.cells import Arm
from nsm_resilience.study.fault import Fault
from nsm_resilience.study.models import Factors
assert Arm(scenarios="S2", trials=1, failure="quit").failure == ("quit",)
fault = Fault(component="nsmd", node="client")
planned = PlannedFault("fault-1", fault, fault.failure_in("quit"))
assert kind_of(planned) is process
order = process.order(planned, SimpleNamespace(factors=Factors()))
print(order["method"], process.METHODS["quit"].does)
sys.path.insert(0, str(resources.files("nsm_resilience.agent") / "node"))
import inject
print(int(inject.SIGNALS["quit"]))
from nsm_resilience.faults.pairs import select, study_of
from nsm_resilience.study.load import load_study
base = load_study(Path({study!r}))
from nsm_resilience.judge.injected import SIGNALLED
assert "quit" in SIGNALLED
print("fails (quit)" in study_of(select(base, "kernel", 10_000, 1, 1, 1), base, "kernel", 1))
"""


SECOND_WAY = """
import sys
from pathlib import Path
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Study
print(*(cell.id for cell, _ in load_study(Path(sys.argv[1])).cells()), sep="\\n")
cut = {"network": "peer", "node": "client", "for_s": 30}
about = {"id": "N1", "title": "a bad link", "where": "client's node", "source": "ours"}
def cells(fault, **arm):
    campaign = [{"scenarios": "N1", "trials": 1, **arm}]
    declared = {"name": "n", "seed": 1, "campaign": campaign}
    study = Study.model_validate({**declared, "scenarios": [{**about, "faults": [fault]}]})
    return [(cell.factors.failure, study.scenario("N1").faults[0].failure_in(cell.factors.failure))
            for cell, _ in study.cells()]
assert cells(cut) == [("cut", "cut")]
assert cells(cut, failure=["cut", "slow"]) == [("cut", "cut"), ("slow", "slow")]
assert cells({**cut, "failure": "slow"}) == [("slow", "slow")]
for wrong in ({"failure": "kill"}, {"failure": "cut"}):
    try:
        cells({**cut, "failure": "slow"}, **wrong)
    except ValueError as error:
        assert "its `failure` can only be `slow`" in str(error), error
    else:
        raise AssertionError(wrong)
"""


def test_a_second_way_of_what_failed_in_one_way_changes_no_study_written_before(
    sources: Sources,
) -> None:
    """Recorded campaigns say `network: peer` and no `failure`: it stays what it was."""
    fault = "study/fault.py"
    sources.insert(fault, FIRST_FAILURES, ' "slow",')
    words = '    "slow": FailureWords("packets are held", "slowed", "let go", lasting=True),\n'
    sources.insert(fault, FIRST_WORDS, words)
    sources.insert(fault, '    "network": ("cut",', ' "slow",')
    methods = '    "slow": Method("held", "the agent lets go after its time"),\n'
    sources.insert("faults/network.py", "METHODS = {\n", methods)
    sources.insert("agent/node/netcut.py", 'METHODS = frozenset({"cut"', ', "slow"')
    check_row("a new way to fail, of what can fail already", sources)
    beyond = ROOT / "config" / "study-beyond.yaml"
    told = sources.python("-c", SECOND_WAY, beyond).stdout.split()
    assert told == [cell.id for cell, _ in load_study(beyond).cells()]
    assert sum(cell.endswith("-cut") or "-cut-" in cell for cell in told) > 1


TABLE = '    "pressure": {"t_ns": "int64", "node": "string", "load": "Float64"},\n'


def test_a_new_probe_is_a_script_a_class_and_a_table_and_runs_in_every_trial(
    sources: Sources,
) -> None:
    sources.add("agent/node/pressure.py")
    sources.insert("agent/node/agent.py", "SCRIPTS = (", '"pressure", ')
    sources.insert("record/samples.py", "COLUMNS: dict[str, dict[str, str]] = {\n", TABLE)
    sources.add("probes/pressure.py")
    sources.insert(
        "probes/kinds.py", "from nsm_resilience.probes.node import NodeProbe\n",
        "from nsm_resilience.probes.pressure import PressureProbe\n",
    )  # fmt: skip
    sources.insert("probes/kinds.py", "= (ComponentProbe,", " PressureProbe,")
    check_row("a new probe of both nodes", sources)
    done = sources.python(ROOT / "tests" / "builders" / "made_up_probe.py")
    assert done.stdout.split() == ["sampled", "warned", "started", "stopped"]
