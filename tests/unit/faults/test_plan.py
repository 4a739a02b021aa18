# SPDX-License-Identifier: Apache-2.0
"""From a scenario's faults to orders for the agents."""

from typing import Any

import pytest

from nsm_resilience.faults import network, process, socket_file
from nsm_resilience.faults.base import PlannedFault, plan
from nsm_resilience.faults.kinds import API_FAULTS, NODE_FAULTS, injects, kind_of
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.fault import BY_ITSELF, LASTING, TARGET_FAILURES, Fault
from nsm_resilience.study.models import Factors, Scenario
from nsm_resilience.systems.nsm_v0_2_0 import SYSTEM
from nsm_resilience.testbed.base import Lane


def a_scenario(*faults: dict[str, Any]) -> Scenario:
    return Scenario.model_validate(
        {"id": "X", "title": "title", "where": "w", "source": "ours", "faults": list(faults)}
    )


def a_mesh(cluster: Any = None) -> Mesh:
    given: Any = None
    return Mesh(cluster, Lane(1, "a", "b"), given, Factors(), {})


SCHEMA = Fault.model_json_schema()["properties"]


def an_example(target: str) -> Fault:
    """A fault of the first thing that this key can name, as a study has to declare it."""
    named = SCHEMA[target]["anyOf"][0]
    fault: dict[str, Any] = {target: named.get("const") or named["enum"][0]}
    if target not in BY_ITSELF:
        fault["node"] = "client"
    if set(TARGET_FAILURES[target]) <= LASTING:
        fault["for_s"] = 30
    return Fault.model_validate(fault)


@pytest.mark.parametrize("target", TARGET_FAILURES)
def test_every_fault_that_a_study_can_name_is_injected_by_one_kind(target: str) -> None:
    fault = an_example(target)
    for failure in TARGET_FAILURES[target]:
        planned = PlannedFault("fault-1", fault, failure)
        kinds = [kind for kind in (*NODE_FAULTS, *API_FAULTS) if injects(kind, planned)]
        assert kinds == [kind_of(planned)] and failure in kinds[0].METHODS
        assert kinds[0].hits(planned, Factors())


def test_a_fault_that_no_kind_injects_is_refused_with_where_to_write_it() -> None:
    """Else a trial would go on without it."""
    planned = PlannedFault("fault-1", Fault(component="nsmd", node="client"), "wipe")
    with pytest.raises(LookupError, match="nothing injects `wipe` into nsmd@client; write it into"):
        kind_of(planned)


def test_a_fault_takes_the_failure_of_its_cell_unless_it_names_its_own() -> None:
    scenario = a_scenario(
        {"component": "nsmd", "node": "client"},
        {"component": "nsmdp", "node": "endpoint", "failure": "hang", "delay_s": 1.5},
    )
    planned = plan(scenario, Factors(failure="kill"))
    assert [(p.fault.target, p.failure) for p in planned] == [
        ("nsmd@client", "kill"),
        ("nsmdp@endpoint", "hang"),
    ]
    assert len({p.id for p in planned}) == 2
    assert process.order(planned[1], a_mesh()) == {
        "id": "fault-2",
        "kind": "process",
        "method": "hang",
        "program": "nsmdp",
        "delay_ns": 1_500_000_000,
    }


@pytest.mark.parametrize(
    ("plane", "component", "program"),
    [
        ("kernel", "forwarder", "kernel-forwarder"),
        ("vpp", "forwarder", "vpp-agent-init"),
        ("vpp", "vppagent-forwarder", "vppagent-forwarder"),
        ("vpp", "vpp", "vpp"),
        ("vpp", "vpp-agent", "vpp-agent"),
    ],
)
def test_a_component_is_another_program_on_another_plane(
    plane: Any, component: str, program: str
) -> None:
    assert SYSTEM.components[plane][component].program == program


def test_all_sockets_are_those_under_nsms_directory_and_not_kubelets() -> None:
    (planned,) = plan(a_scenario({"socket": "all", "node": "client"}), Factors(failure="replace"))
    ordered = socket_file.order(planned, a_mesh())["sockets"]
    assert set(SYSTEM.sockets) - set(ordered) == {"device-plugin"}


@pytest.mark.parametrize("name", sorted(SYSTEM.sockets))
def test_a_single_socket_is_that_path_alone(name: str) -> None:
    (planned,) = plan(a_scenario({"socket": name, "node": "client"}), Factors(failure="unlink"))
    assert socket_file.order(planned, a_mesh())["sockets"] == {name: SYSTEM.sockets[name].pattern}


class Nodes:
    """A cluster of two nodes and an API server, as far as addresses go."""

    def __init__(self, networks: dict[str, list[str]]) -> None:
        self.networks = networks

    def get(self, path: str, **_: Any) -> dict[str, Any]:
        name = path.removeprefix("/api/v1/nodes/")
        own = {"type": "InternalIP", "address": f"192.0.2.{ord(name)}"}
        spec = {"podCIDRs": self.networks[name]} if name in self.networks else {}
        return {
            "spec": spec,
            "status": {"addresses": [own, {"type": "Hostname", "address": name}]},
        }

    def find(
        self, path: str, *, selector: str = "", fields: str = "", **_: Any
    ) -> list[dict[str, Any]]:
        if path == "/api/v1/pods":
            assert fields == "spec.nodeName=b"
            return [{"status": {"podIPs": [{"ip": "198.51.100.7"}]}}, {"status": {}}]
        assert selector == "kubernetes.io/service-name=kubernetes"
        endpoints = [{"addresses": ["192.0.2.1", "192.0.2.2"]}]
        return [{"endpoints": endpoints, "ports": [{"port": 6443}]}]


def cut(network_: str, nodes: Nodes) -> dict[str, Any]:
    fault = {"network": network_, "node": "client", "for_s": 30, "delay_s": 2}
    (planned,) = plan(a_scenario(fault), Factors(failure="cut"))
    return network.order(planned, a_mesh(nodes))


def test_a_partition_drops_the_other_nodes_addresses_and_its_pods() -> None:
    order = cut("peer", Nodes({"b": ["198.51.100.0/24"]}))
    assert order["drop"] == [["192.0.2.98", None], ["198.51.100.0/24", None]]
    assert order["try"] == [["192.0.2.98", 10250]]
    assert (order["delay_ns"], order["for_ns"]) == (2 * 10**9, 30 * 10**9)


def test_where_nodes_have_no_network_of_their_own_each_pod_is_dropped() -> None:
    assert ["198.51.100.7", None] in cut("peer", Nodes({}))["drop"]


def test_an_api_server_is_cut_off_by_its_port_so_that_it_still_reaches_the_agent() -> None:
    order = cut("api", Nodes({}))
    assert order["drop"] == order["try"] == [["192.0.2.1", 6443], ["192.0.2.2", 6443]]
    assert order["kubelets_server"]
