# SPDX-License-Identifier: Apache-2.0
"""The drawing of the testbed shows what the record shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from artists import with_id
from matplotlib.colors import to_hex

from nsm_resilience.analysis import style
from nsm_resilience.analysis.deployment import Deployment, Node, deployment, deployments
from nsm_resilience.analysis.figures.testbed import describe_testbed, draw_testbed
from tests.builders.campaigns import Constructed
from tests.builders.snapshots import SOCKETS, snapshot


def deployed(plane: str, state: dict[str, Any] | None = None) -> Deployment:
    meta = {
        "trial": f"S1-{plane}-monitored-none/01",
        "factors": {"plane": plane},
        "cluster": {"nodes": [{"role": r, "name": r + "-node"} for r in ("client", "endpoint")]},
        "probes": {"echo_interval_s": 0.02, "component_interval_s": 0.5},
        "scenario": {"new_connection": ["client"]},
    }
    found = deployment(meta, state or snapshot(plane))
    assert found is not None
    return found


def test_containers_and_sockets_of_both_nodes_are_drawn() -> None:
    figure = draw_testbed([deployed("kernel")])
    for role in ("client", "endpoint"):
        for name in ("nsmd", "nsmdp", "nsmd-k8s", "kernel-forwarder"):
            assert len(with_id(figure, f"{role}:container:{name}")) >= 1
        assert len(with_id(figure, f"{role}:socket:")) == len(SOCKETS) + (role == "endpoint")
    assert with_id(figure, "client:probe:bystander")
    assert not with_id(figure, "endpoint:probe:")


def test_a_socket_that_was_missing_is_not_drawn() -> None:
    state = snapshot("kernel")
    state["nodes"]["client"]["sockets"] = []
    figure = draw_testbed([deployed("kernel", state)])
    assert not with_id(figure, "client:socket:")
    assert with_id(figure, "endpoint:socket:nsm.io.sock")


def test_vpp_is_drawn_with_its_processes_and_each_plane_has_its_panel() -> None:
    figure = draw_testbed([deployed("kernel"), deployed("vpp")])
    for name in ("vpp", "vpp-agent"):
        boxes = [b for b in with_id(figure, f"client:container:{name}")
                 if str(b.get_gid()).endswith(f":{name}")]  # fmt: skip
        assert len(boxes) == 1
    assert len(with_id(figure, "client:container:kernel-forwarder")) == 1
    assert len(with_id(figure, "client:link:client")) == 2


def test_another_system_is_drawn_with_its_own_components_and_sockets() -> None:
    own = deployed("vpp", snapshot("vpp"))
    today = replace(own, system="nsm-v1.18.0", nodes=tuple(map(of_today, own.nodes)))
    figure = draw_testbed([own, today])
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert "VPP plane of NSM v1.18.0 (2026)" in texts
    assert len(with_id(figure, "client:container:nsmd-k8s")) == 1
    assert len(with_id(figure, "endpoint:link:endpoint")) == 2
    figure = draw_testbed([today])
    for name in ("nsmgr", "forwarder", "vpp"):
        assert with_id(figure, f"client:container:{name}")
    assert len(with_id(figure, "client:socket:")) == 2
    assert with_id(figure, "client:pod:none")  # SPIRE's agent is in no pod of the lane
    assert with_id(figure, "client:link:client")


def of_today(node: Node) -> Node:
    """The same node as NSM v1.18.0 has it."""
    workload = node.pod(node.role)
    assert workload is not None
    manager = replace(workload, name="nsmgr-x", app="nsmgr", containers=("nsmgr",), link=None,
                      init_containers=())  # fmt: skip
    forwarder = replace(manager, name="forwarder-vpp-x", app="forwarder",
                        containers=("forwarder-vpp",))  # fmt: skip
    sockets = ("nsm.io.sock", "spire-agent")
    return replace(node, pods=(workload, manager, forwarder), sockets=sockets,
                   programs=("app", "vpp", "nsmgr", "forwarder"))  # fmt: skip


def test_a_plain_client_has_no_sidecar() -> None:
    figure = draw_testbed([deployed("kernel", snapshot("kernel", "plain"))])
    assert with_id(figure, "client:container:application")
    assert not with_id(figure, "client:container:nsm-monitor")


def test_components_have_the_colours_of_the_other_figures() -> None:
    figure = draw_testbed([deployed("kernel")])
    for name, component in (("nsmdp", "nsmdp"), ("kernel-forwarder", "forwarder")):
        box: Any = with_id(figure, f"client:container:{name}")[0]
        assert to_hex(box.get_edgecolor()) == style.component_colour(component).lower()


def test_the_campaigns_testbed_is_that_of_a_typical_trial(mixed: Constructed) -> None:
    found = deployments(mixed.campaign, mixed.tables["trials"])
    assert [own.trial for own in found] == ["S1-kernel-monitored-none/05"]
    described = describe_testbed(found)
    assert "pod nsmgr (nsmd, nsmd-k8s, nsmdp)" in described.alt
    assert described.trials == ("S1-kernel-monitored-none/05",)


def test_without_a_record_there_is_no_figure_and_it_says_so(untested: Constructed) -> None:
    found = deployments(untested.campaign, untested.tables["trials"])
    assert found == []
    assert not describe_testbed(found).drawn
    draw_testbed(found)
