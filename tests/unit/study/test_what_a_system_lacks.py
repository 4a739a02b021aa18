# SPDX-License-Identifier: Apache-2.0
"""What a fault names exists in the system under test, or is refused with what there is instead."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from nsm_resilience.analysis.figures.cells import short_names
from nsm_resilience.study.cells import not_applicable
from nsm_resilience.study.fault import Fault
from nsm_resilience.study.load import ConfigError, load_study
from nsm_resilience.study.models import Factors
from nsm_resilience.systems.base import System
from nsm_resilience.systems.known import (
    SYSTEMS,
    component_names,
    instead_of,
    placed_by_itself,
    registry_names,
    socket_names,
)

CONFIG = Path(__file__).parents[3] / "config"
STUDY = """
name: mine
seed: 1
scenarios:
  - {id: S1, title: no fault, where: both nodes, source: ours}
  - {id: T1, title: something fails, where: somewhere, source: ours,
     faults: [FAULT]}
campaign:
  - {scenarios: [S1, T1], system: SYSTEM, plane: vpp, client: plain, trials: 2}
"""
LEVELS = [
    *(
        {"component": name} if placed_by_itself(name) else {"component": name, "node": "client"}
        for name in component_names()
    ),
    *({"socket": name, "node": "client"} for name in socket_names()),
    *({"registry": name} for name in registry_names()),
    {"workload": "client"},
    {"interface": "client"},
]


def plane_of(system: str) -> str:
    """The plane of a system that has most components."""
    parts = SYSTEMS[system].components
    return max(parts, key=lambda plane: len(parts[plane]))


def load(folder: Path, fault: str, system: str) -> None:
    file = folder / "study.yaml"
    text = STUDY.replace("FAULT", fault).replace("SYSTEM", system)
    text = text.replace("plane: vpp", f"plane: {plane_of(system)}")
    file.write_text(text, encoding="utf-8")
    load_study(file)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("level", LEVELS, ids=lambda level: "-".join(map(str, level.values())))
def test_every_level_is_applicable_or_refused_with_a_reason_of_the_system(
    system: str, level: dict[str, str]
) -> None:
    factors = Factors(system=system, plane=plane_of(system))
    why = not_applicable(Fault.model_validate(level), factors)
    (key, name), own = next(iter(level.items())), SYSTEMS[system]
    there = {
        "component": list(own.components_by_name()),
        "socket": [*own.sockets, *(["all"] if own.socket_patterns("all") else [])],
        "registry": [*own.registry.plurals, "all"],
    }
    if name in there.get(key, ()):
        assert why == "" or "is one in a lane" in why
    elif why:
        told = own.absent.get(name) or instead_of(name, own) or "there are: "
        assert why.startswith(f"`{name}` does not exist in {system}: ") and told in why


@pytest.mark.parametrize(
    ("fault", "system", "words"),
    [
        ("{component: spire-agent, node: client}", "nsm-v0.2.0", "nothing there asks for an iden"),
        ("{socket: spire-agent, node: client}", "nsm-v0.2.0", "nothing there asks for an identity"),
        ("{component: registry-k8s}", "nsm-v0.2.0", "`nsmd-k8s`"),
        ("{component: nsmdp, node: client}", "nsm-v1.18.0", "there is no device plugin any more"),
        ("{socket: plugin-k8s, node: client}", "nsm-v1.18.0", "name `registry-k8s`"),
    ],
)
def test_a_study_that_names_what_is_not_there_is_refused(
    tmp_path: Path, fault: str, system: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=r"(?s)T1.*does not exist in " + system) as refused:
        load(tmp_path, fault, system)
    assert words in str(refused.value)


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_no_lane_has_is_refused_for_every_system_with_what_there_is_instead(
    tmp_path: Path, system: str
) -> None:
    with pytest.raises(ConfigError, match="`spire-server` cannot be broken in any system") as no:
        load(tmp_path, "{component: spire-server, node: client}", system)
    assert "name `spire-agent`" in str(no.value)


@pytest.mark.parametrize(
    "spelled", ["SPIRE-Server", "spire_server", "Spire Server", "spireserver", "spire-servers"]
)
@pytest.mark.parametrize("key", ["component", "socket"])
def test_it_is_refused_with_its_reason_however_it_is_spelled(
    tmp_path: Path, key: str, spelled: str
) -> None:
    """The nearest word that is known, `spire-agent`, would say nothing of the server."""
    with pytest.raises(ConfigError, match="`spire-server` cannot be broken in any system") as no:
        load(tmp_path, f"{{{key}: {spelled}, node: client}}", "nsm-v1.18.0")
    assert "name `spire-agent`" in str(no.value) and f"you wrote `{spelled}`" in str(no.value)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("{component: SPIRE-Agent, node: client}", "did you mean `spire-agent`?"),
        ("{component: spire_agents, node: client}", "did you mean `spire-agent`?"),
        ("{component: NSMDP, node: client}", "did you mean `nsmdp`?"),
        ("{component: nsm.io.sock, node: client}", "write `socket: nsm.io.sock` in place"),
        ("{socket: nsmgr, node: client}", "write `component: nsmgr` in place"),
        ("{socket: networkservices, node: client}", "write `registry: networkservices` in place"),
        ("{registry: registry-k8s}", "write `component: registry-k8s` in place"),
        ("{component: all, node: client}", "must be one of"),
    ],
)
def test_a_name_that_is_spelled_or_placed_otherwise_says_what_to_write(
    tmp_path: Path, fault: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        load(tmp_path, fault, "nsm-v1.18.0")


def test_of_several_faults_each_that_does_not_exist_is_named_once(tmp_path: Path) -> None:
    """The paper's S9, asked of today's system."""
    fault = (
        "{component: nsmd, node: client, failure: kill}, "
        "{component: forwarder, node: client, failure: kill}, "
        "{component: nsmdp, node: client, failure: kill}, "
        "{component: nsmdp, node: endpoint, failure: kill}, "
        "{socket: plugin-k8s, node: client}"
    )
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, fault, "nsm-v1.18.0")
    told = str(refused.value)
    for name in ("nsmd", "nsmdp", "plugin-k8s"):
        why = SYSTEMS["nsm-v1.18.0"].absent[name]
        assert told.count(f"`{name}` does not exist in nsm-v1.18.0: {why}") == 1


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_clients_interface_can_be_set_down_in_every_system(tmp_path: Path, system: str) -> None:
    load(tmp_path, "{interface: client}", system)
    load(tmp_path, "{interface: client, for_s: 20}", system)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("{interface: client, node: client}", "`node` does not go with `interface`"),
        ("{interface: client, failure: kill}", "failure `kill` does not fit the interface"),
        ("{interface: endpoint}", "must be client"),
        ("{interface: client, socket: nsm.io.sock, node: client}", "exactly one of"),
    ],
)
def test_an_interface_is_the_clients_and_set_down(tmp_path: Path, fault: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, fault, "nsm-v1.18.0")
    assert words in str(refused.value)


def test_the_study_of_today_beyond_the_nine_breaks_what_the_issue_lists() -> None:
    """Issue 16, point 3: each five times or more, with controls in every block."""
    study = load_study(CONFIG / "study-today-beyond.yaml")
    trials = {(cell.scenario, cell.factors.failure): n for cell, n in study.cells()}
    faults = {
        (study.scenario(scenario).faults[0].target, failure): n
        for (scenario, failure), n in trials.items()
        if scenario != "S1"
    }
    for listed in (
        ("vpp@client", "kill"),
        ("vpp@client", "hang"),
        ("socket:forwarder@client", "replace"),
        ("socket:spire-agent@client", "replace"),
        ("spire-agent@client", "kill"),
        ("spire-agent@client", "delete"),
        ("spire-agent@client", "hang"),
        ("interface:client", "down"),
        ("registry-k8s", "delete"),
        ("registry-k8s", "hang"),
    ):
        assert faults[listed] >= 5, listed
    blocks = {block for _, found in study.blocks() for block in found}
    (controls,) = (found for cell, found in study.blocks() if cell.scenario == "S1")
    assert set(controls) == blocks
    assert {cell.factors.system for cell, _ in study.cells()} == {"nsm-v1.18.0"}


def test_a_client_that_watches_is_refused_where_a_system_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "nsm-v1.18.0"
    monkeypatch.setitem(SYSTEMS, name, replace(SYSTEMS[name], sidecar=None))
    load(tmp_path, "{component: nsmgr, node: client}", name)
    monkeypatch.setitem(globals(), "STUDY", STUDY.replace("client: plain", "client: monitored"))
    with pytest.raises(ConfigError, match=r"has no client that watches .*; write `client: plain`"):
        load(tmp_path, "{component: nsmgr, node: client}", name)


def test_a_client_of_which_a_system_has_no_manifest_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(System, "clients", lambda _: ["monitored"])
    wanted = "`plain`; write one of monitored in its arm, or the manifest client-plain.yaml"
    with pytest.raises(ConfigError, match=re.escape(wanted)):
        load(tmp_path, "{component: nsmgr, node: client}", "nsm-v1.18.0")


def test_all_sockets_of_a_system_that_has_none_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else every trial would be run, and be `not_injected`."""
    name = "nsm-v1.18.0"
    monkeypatch.setitem(SYSTEMS, name, replace(SYSTEMS[name], sockets={}))
    fault = Fault.model_validate({"socket": "all", "node": "client"})
    why = not_applicable(fault, Factors(system=name, plane="vpp"))
    assert why == f"`all` does not exist in {name}: there are: none"


def test_a_system_with_a_part_on_both_nodes_changes_no_study_of_one_that_has_it_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A study that was recorded names no node for it; one of the other system has to."""
    today = SYSTEMS["nsm-v1.18.0"]
    (name,) = (name for name, part in today.components["vpp"].items() if part.only_on)
    parts = today.components["vpp"]
    everywhere = {"vpp": {**parts, name: replace(parts[name], only_on=None)}}
    monkeypatch.setitem(SYSTEMS, "other", replace(today, name="other", components=everywhere))
    fault = Fault(component=name)
    assert not_applicable(fault, Factors(system=today.name, plane="vpp")) == ""
    told = not_applicable(fault, Factors.model_construct(system="other", plane="vpp"))
    assert "is on both nodes; write `node: client`" in told
    study = load_study(CONFIG / "study-today-beyond.yaml")
    assert all(short_names(study).values())
