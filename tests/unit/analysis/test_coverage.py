# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from nsm_resilience.analysis.coverage import coverage
from nsm_resilience.analysis.coverage_facts import FACTS, Facts, load_facts
from nsm_resilience.study.load import ConfigError, load_study
from nsm_resilience.study.models import Scenario
from nsm_resilience.tables.schemas import TRIALS
from tests.builders.campaign_tables import trial_row
from tests.builders.campaigns import FINE, STUDY, construct
from tests.builders.coverage_words import in_words, titled


def test_our_trials_are_counted_per_plane_and_others_are_facts(tmp_path: Path) -> None:
    built = construct(tmp_path, "mixed", planes=("kernel", "vpp"), records=False)
    facts = load_facts()
    lines = {line.title: line for line in coverage(facts, built.tables["trials"], built.study)}
    nsmd = lines["service manager, client\u0027s node"]
    assert titled(nsmd) == "service manager, client\u0027s node (nsmd)"
    assert [(o.plane, o.k, o.n) for o in nsmd.ours] == [("kernel", 0, 15), ("vpp", 0, 15)]
    assert lines["forwarder, both nodes"].ours == ()
    assert lines["a connection between pods on different nodes"].ours[0].k == 10
    assert in_words(lines["the API server is gone for a while"], "nsm-v0.2.0") == "not tested"


def test_trials_of_another_system_are_counted_by_what_its_own_components_do(
    tmp_path: Path,
) -> None:
    """Lines named the components of 2019, and no trial of today's counted anywhere."""
    today = "nsm-v1.18.0"
    study = load_study(STUDY.with_name("study-today.yaml"))
    chance = random.Random(1)
    rows = [
        trial_row(cell, number, order, FINE, chance)
        for order, (cell, n) in enumerate(study.cells())
        for number in range(1, n + 1)
    ]
    facts = load_facts()
    found = coverage(facts, TRIALS.frame(rows), study)
    lines = {titled(line): line for line in found}
    for title, words in {
        "service manager, client\u0027s node (nsmgr)": "vpp 10/10",
        "service manager, endpoint\u0027s node (nsmgr)": "vpp 10/10",
        "forwarder, client\u0027s node (forwarder)": "vpp 10/10",
        "registry, endpoint\u0027s node (registry-k8s)": "vpp 10/10",
        "registry, client\u0027s node": "not applicable",
        "device plugin, client\u0027s node": "not applicable",
        "who gives out identities, client\u0027s node (spire-agent)": "not tested",
        "all components, client and endpoint live": "vpp 40/40",  # kill and delete, both clients
        "all socket files of a node are damaged": "vpp 20/20",
        "a single socket file is damaged": "vpp 5/5",
        "a single process of a component that has several": "vpp 5/5",
    }.items():
        assert in_words(lines[title], today) == words, title
    counted = sum(ours.n for line in found for ours in line.ours)
    assert counted == len(rows), "each trial of this study is in one line"


@pytest.mark.parametrize("name", ["study-today", "study-today-beyond"])
def test_every_scenario_of_todays_studies_has_a_line(name: str) -> None:
    facts = load_facts()
    study = load_study(STUDY.with_name(f"{name}.yaml"))
    for cell, _ in study.cells():
        scenario, levels = study.scenario(cell.scenario), cell.factors.levels()
        takers = [c for c in facts.scenarios if c.ours and c.ours.takes(scenario, levels)]
        assert len(takers) == 1, cell.id


def test_two_systems_stand_side_by_side(tmp_path: Path) -> None:
    data: dict[str, Any] = yaml.safe_load(STUDY.read_text(encoding="utf-8"))
    data["scenarios"].append(
        {"id": "T1", "title": "the manager of today", "where": "client\u0027s node",
         "source": "ours", "faults": [{"component": "nsmgr", "node": "client"}]}
    )  # fmt: skip
    data["campaign"].append(
        {"scenarios": ["T1"], "system": "nsm-v1.18.0", "plane": "vpp", "trials": 2}
    )
    file = tmp_path / "both.yaml"
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    study = load_study(file)
    cells = [cell for cell, _ in study.cells()]
    chance = random.Random(1)
    rows = [
        trial_row(next(c for c in cells if c.scenario == scenario), number, 1, FINE, chance)
        for scenario, n in (("S2", 3), ("T1", 2))
        for number in range(1, n + 1)
    ]
    lines = {titled(line): line for line in coverage(load_facts(), TRIALS.frame(rows), study)}
    both = lines["service manager, client\u0027s node (nsmd, nsmgr)"]
    assert in_words(both, "nsm-v0.2.0") == "kernel 3/3"
    assert in_words(both, "nsm-v1.18.0") == "vpp 2/2"


def test_a_target_that_no_system_could_mean_is_refused(tmp_path: Path) -> None:
    facts: dict[str, Any] = yaml.safe_load(FACTS.read_text(encoding="utf-8"))
    facts["scenarios"][1]["ours"] = {"targets": ["nsmd@client"]}
    wrong = tmp_path / "coverage.yaml"
    wrong.write_text(yaml.safe_dump(facts), encoding="utf-8")
    with pytest.raises(ConfigError, match="`nsmd@client` is no target; write what a component"):
        load_facts(wrong)


def test_before_anything_was_run_this_study_tests_nothing(tmp_path: Path) -> None:
    built = construct(tmp_path, "untested", records=False)
    lines = coverage(load_facts(), built.tables["trials"], built.study)
    assert all(line.ours == () for line in lines)


def test_every_scenario_of_the_study_has_a_line() -> None:
    facts = load_facts()
    for scenario in load_study(STUDY).scenarios:
        cell = {"failure": scenario.default_failure, "outage": "first", "remedy": "none"}
        takers = [c for c in facts.scenarios if c.ours is not None and c.ours.takes(scenario, cell)]
        assert len(takers) == 1, scenario.id


def test_what_the_study_beyond_the_nine_breaks_is_never_called_not_tested() -> None:
    """Seven lines said "not tested" beside judged trials of them."""
    facts = load_facts()
    study = load_study(STUDY.with_name("study-beyond.yaml"))
    takers: dict[str, list[str]] = {}
    for scenario in study.scenarios:
        cell = {"failure": scenario.default_failure, "outage": "first", "remedy": "none"}
        for line in facts.scenarios:
            if line.ours is not None and line.ours.takes(scenario, cell):
                takers.setdefault(scenario.id, []).append(line.title)
    assert {id_: takers[id_] for id_ in ("W1", "W2", "W3", "N1", "N2", "N3", "N4")} == {
        "W1": ["the client dies"],
        "W2": ["the endpoint dies, there is no other"],
        "W3": ["the endpoint dies, another one is there"],
        "N1": ["the registry's custom resources are wiped"],
        "N2": ["the API server is gone for a while"],
        "N3": ["the nodes are parted from each other"],
        "N4": ["a node is paused and comes back"],
    }
    found = {scenario.id for scenario in study.scenarios} - set(takers)
    assert found == {"P4", "W4"}, "scenarios that no line of the table is about"


@pytest.mark.parametrize(
    ("faults", "cell", "title"),
    [
        ([{"component": "nsmd", "node": "client"}], {"failure": "hang"},
         "a component hangs (SIGSTOP)"),
        ([{"component": "nsmd", "node": "client"}], {"outage": "second"},
         "a second outage of a connection that was healed"),
        ([{"socket": "forwarder", "node": "client"}], {"failure": "unlink"},
         "a single socket file is damaged"),
        ([{"component": "vpp", "node": "client"}], {},
         "a single process of a component that has several"),
        ([{"interface": "client"}], {"failure": "down"}, "the client's interface is set down"),
    ],
)  # fmt: skip
def test_scenarios_beyond_the_nine_find_their_line(
    faults: list[dict[str, str]], cell: dict[str, str], title: str
) -> None:
    scenario = Scenario(id="X1", title="more", where="w", faults=faults, source="ours")  # type: ignore[arg-type]
    own = {"failure": scenario.default_failure, "outage": "first", "remedy": "none", **cell}
    takers = [c.title for c in load_facts().scenarios if c.ours and c.ours.takes(scenario, own)]
    assert takers == [title]


def test_trials_with_a_remedy_are_not_counted() -> None:
    scenario = load_study(STUDY).scenario("S2")
    cell = {"failure": "kill", "outage": "first", "remedy": "heal"}
    assert not any(c.ours and c.ours.takes(scenario, cell) for c in load_facts().scenarios)


def test_a_suite_that_is_not_declared_is_an_error_that_names_it(tmp_path: Path) -> None:
    facts: dict[str, Any] = yaml.safe_load(FACTS.read_text(encoding="utf-8"))
    facts["scenarios"][0]["tests"] = {"cluster-2018": ["TestX"]}
    wrong = tmp_path / "coverage.yaml"
    wrong.write_text(yaml.safe_dump(facts), encoding="utf-8")
    with pytest.raises(ConfigError, match="names the suite cluster-2018"):
        load_facts(wrong)


def test_tests_are_named_once_per_scenario_and_suite() -> None:
    facts: Facts = load_facts()
    for scenario in facts.scenarios:
        for names in scenario.tests.values():
            assert len(set(names)) == len(names), scenario.title
