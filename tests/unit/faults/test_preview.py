# SPDX-License-Identifier: Apache-2.0
"""What a campaign would break is told before it breaks anything."""

from pathlib import Path

from nsm_resilience.faults.kinds import API_FAULTS, NODE_FAULTS
from nsm_resilience.faults.preview import injections, preview
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Factors
from nsm_resilience.study.schedule import make_schedule
from nsm_resilience.systems.nsm_v0_2_0 import SYSTEM
from nsm_resilience.testbed.config import load_testbed

CONFIG = Path(__file__).parents[3] / "config"
STUDY = load_study(CONFIG / "study.yaml")


def test_every_trial_is_there_in_order_with_all_of_its_faults() -> None:
    lines = list(preview(STUDY, [("a", "b")]))
    trials = [line.split()[3] for line in lines if " block " in line]
    schedule = make_schedule(STUDY)
    assert trials == [s.trial for s in schedule]
    wanted = sum(len(STUDY.scenario(s.cell.scenario).faults) for s in schedule)
    assert sum("@" in line for line in lines) == wanted
    assert lines[-1] == f"{wanted} injections in {len(schedule)} trials"


def test_a_fault_is_shown_on_the_nodes_of_the_testbed_and_no_other() -> None:
    testbed = load_testbed(CONFIG / "testbed-recorded-kernel.yaml")
    lines = list(preview(STUDY, testbed.worker_pairs()))
    clients = " or ".join(client for client, _ in testbed.worker_pairs())
    assert any(f"on the client's node ({clients})" in line for line in lines)
    assert sum(line.startswith("lane-") for line in lines) == len(testbed.worker_pairs())


def test_what_is_hit_is_what_the_agent_is_ordered_to_hit() -> None:
    (one,) = injections(STUDY.scenario("S8"), Factors(failure="replace"))
    assert set(one.hits) <= set(SYSTEM.socket_patterns().values())
    scenario, factors = STUDY.scenario("S9"), Factors(failure="kill")
    shown = {(one.planned.fault.target, one.hits) for one in injections(scenario, factors)}
    assert (("forwarder@endpoint", ("kernel-forwarder",))) in shown
    assert len(shown) == len(scenario.faults)


def test_every_way_to_fail_says_what_it_does_and_what_is_undone() -> None:
    for kind in (*NODE_FAULTS, *API_FAULTS):
        assert all(method.does and method.undone for method in kind.METHODS.values())


def test_a_control_says_that_nothing_is_injected() -> None:
    lines = list(preview(STUDY, []))
    at = next(n for n, line in enumerate(lines) if "S1-kernel" in line)
    assert lines[at + 1].strip() == "nothing is injected"
