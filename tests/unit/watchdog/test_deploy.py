# SPDX-License-Identifier: Apache-2.0
"""The watchdog is deployed with the contracts of the system under test, whole and readable."""

from __future__ import annotations

import ast
import json
import sys
from importlib import resources
from string import Template

import pytest
import yaml

from nsm_resilience.agent.deploy import is_script
from nsm_resilience.study.models import Factors, Plane
from nsm_resilience.systems.nsm_v0_2_0 import SYSTEM
from nsm_resilience.testbed.base import Lane
from nsm_resilience.watchdog import deploy

LANE = Lane(3, "a", "b")


@pytest.mark.parametrize("plane", SYSTEM.planes)
def test_contracts_reach_the_watchdog_as_they_are(plane: Plane) -> None:
    from contracts import Contracts

    factors = Factors(plane=plane, remedy="heal")
    given = json.loads(json.dumps(deploy.contracts(LANE, factors)))
    found = Contracts.of(given, "a")
    assert (found.mode, found.namespace, found.node) == ("heal", LANE.namespace, "a")
    assert {s.name for s in found.sockets} == set(SYSTEM.sockets)
    assert {s.owner for s in found.sockets} <= {*found.components, ""}
    assert {p.component for p in found.peers} <= set(found.components)
    assert all(p.socket in SYSTEM.socket_patterns().values() for p in found.peers)


def test_every_socket_of_nsm_has_an_owner_or_says_that_it_has_none() -> None:
    owners = {socket.owner for socket in SYSTEM.sockets.values()}
    for components in SYSTEM.components.values():
        assert owners <= {*components, ""}


def test_the_manifest_is_yaml_whose_contracts_are_json() -> None:
    text = (resources.files("nsm_resilience.watchdog") / "watchdog.yaml").read_text()
    contracts = json.dumps(deploy.contracts(LANE, Factors(remedy="observe")))
    values = {
        "NAMESPACE": "n", "LANE": "3", "AGENT": "image", "CODE": "0", "CONTRACTS": contracts,
    }  # fmt: skip
    documents = list(yaml.safe_load_all(Template(text).substitute(values)))
    assert [d["kind"] for d in documents] == [
        "ServiceAccount", "Role", "RoleBinding", "DaemonSet",
    ]  # fmt: skip
    spec = documents[-1]["spec"]["template"]["spec"]
    given = next(
        e["value"] for e in spec["containers"][0]["env"] if e["name"] == "WATCHDOG_CONTRACTS"
    )
    assert json.loads(given)["mode"] == "observe"


def test_what_a_system_leaves_beside_the_scripts_is_not_shipped() -> None:
    assert is_script("watchdog.py")
    assert not any(map(is_script, ("._watchdog.py", ".#watchdog.py", "watchdog.py~", "a.pyc")))


def test_the_scripts_import_nothing_that_is_not_shipped_with_them() -> None:
    shipped = deploy.scripts()
    for name, text in shipped.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                wanted = [str(node.module)]
            else:
                continue
            for module in wanted:
                top = module.partition(".")[0]
                known = f"{top}.py" in shipped or top in sys.stdlib_module_names
                assert known, f"{name} imports {module}"
