# SPDX-License-Identifier: Apache-2.0
"""From a scenario's faults to orders for the agents."""

from typing import Any

import pytest

from nsm_resilience.faults import pod_delete, process, socket_file
from nsm_resilience.faults.base import plan
from nsm_resilience.faults.inject import NODE_FAULTS
from nsm_resilience.mesh.system import SOCKETS, components
from nsm_resilience.study.models import COMPONENT_FAILURES, SOCKET_FAILURES, Factors, Scenario


def a_scenario(*faults: dict[str, Any]) -> Scenario:
    return Scenario.model_validate(
        {"id": "X", "title": "title", "where": "w", "source": "ours", "faults": list(faults)}
    )


def test_every_failure_that_a_study_can_name_has_a_kind_of_fault() -> None:
    methods = frozenset[str]().union(*(k.METHODS for k in NODE_FAULTS), pod_delete.METHODS)
    assert methods == COMPONENT_FAILURES | SOCKET_FAILURES


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
    assert process.order(planned[1], Factors()) == {
        "id": "fault-2",
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
    assert components(plane)[component].program == program


def test_all_sockets_are_those_under_nsms_directory_and_not_kubelets() -> None:
    (planned,) = plan(a_scenario({"socket": "all", "node": "client"}), Factors(failure="replace"))
    ordered = socket_file.order(planned, Factors())["sockets"]
    assert set(SOCKETS) - set(ordered) == {"device-plugin"}


@pytest.mark.parametrize("name", sorted(SOCKETS))
def test_a_single_socket_is_that_path_alone(name: str) -> None:
    (planned,) = plan(a_scenario({"socket": name, "node": "client"}), Factors(failure="unlink"))
    assert socket_file.order(planned, Factors())["sockets"] == {name: SOCKETS[name]}
