# SPDX-License-Identifier: Apache-2.0
"""Somebody else's cluster: what is asked of it, what is left behind, and what is never touched."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from api_server import StandIn

from nsm_resilience.mesh.manage import bring_up, take_down
from nsm_resilience.study.load import ConfigError, load_study
from nsm_resilience.testbed import doctor
from nsm_resilience.testbed.api import Cluster
from nsm_resilience.testbed.base import Lane, TestbedError
from nsm_resilience.testbed.config import ExistingTestbed, load_testbed
from nsm_resilience.testbed.doctor import examine
from nsm_resilience.testbed.lanes import confirm_lane, drop_labels, find_lanes, make_lanes
from nsm_resilience.testbed.rights import needed_rights

CRD = (
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/networkservices.networkservicemesh.io"
)


@pytest.fixture
def theirs() -> StandIn:
    cluster = StandIn("w1", "w2", "w3", "w4")
    cluster.add_node("control", **{"node-role.kubernetes.io/control-plane": ""})
    return cluster


def a_testbed(kubeconfig: Path, *pairs: tuple[str, str]) -> ExistingTestbed:
    return ExistingTestbed(
        type="existing", name="lab", context="theirs", kubeconfig=kubeconfig, nodes=pairs
    )


def up(config: ExistingTestbed, tmp_path: Path, allow: str | None = "theirs") -> list[str]:
    said: list[str] = []
    bring_up(config, tmp_path / "live" / "mine", allow, said.append)
    return said


def test_nothing_is_asked_of_it_until_its_context_is_repeated(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    config = a_testbed(kubeconfig, ("w1", "w2"))
    for allow in (None, "another"):
        with pytest.raises(TestbedError, match="--allow-context theirs"):
            up(config, tmp_path, allow)
        with pytest.raises(TestbedError, match="--allow-context theirs"):
            take_down(config, tmp_path / "live" / "mine", allow, print)
    assert theirs.asked == set()


def test_after_up_and_down_nothing_of_ours_is_left(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    before = json.dumps(theirs.objects, sort_keys=True)
    config = a_testbed(kubeconfig, ("w1", "w2"), ("w3", "w4"))
    up(config, tmp_path)
    marker = json.loads((tmp_path / "live" / "mine" / "cluster.json").read_text())
    assert marker["lanes"] == ["lane-1", "lane-2"]
    assert CRD in theirs.objects
    take_down(config, tmp_path / "live" / "mine", "theirs", lambda _: None)
    assert json.dumps(theirs.objects, sort_keys=True) == before
    assert "leave" in theirs.acts  # the nodes' folders, too
    take_down(config, tmp_path / "live" / "mine", "theirs", lambda _: None)


def test_the_documented_rights_are_all_that_is_used(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    config = a_testbed(kubeconfig, ("w1", "w2"))
    up(config, tmp_path)
    cluster = Cluster(kubeconfig, "theirs")
    confirm_lane(cluster, find_lanes(cluster)[0])
    take_down(config, tmp_path / "live" / "mine", "theirs", lambda _: None)
    needed = {(right.verb, right.group, right.resource) for right in needed_rights()}

    def allowed(verb: str, group: str, resource: str) -> bool:
        return bool({(verb, group, resource), ("*", group, resource)} & needed)

    assert len(theirs.asked) > 15
    assert [asked for asked in sorted(theirs.asked) if not allowed(*asked)] == []


def test_a_user_without_the_rights_is_told_which_before_anything_is_made(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    before = json.dumps(theirs.objects, sort_keys=True)
    theirs.denied = {"patch nodes", "create daemonsets"}
    config = a_testbed(kubeconfig, ("w1", "w2"))
    with pytest.raises(TestbedError, match=r"lacks patch nodes, create daemonsets.apps;"):
        up(config, tmp_path)
    assert json.dumps(theirs.objects, sort_keys=True) == before
    found = {one.what: one for one in examine(config)}
    assert found["rights"].level == "missing"
    assert "`nsm-resilience cluster rights`" in found["rights"].remedy
    assert found["nodes"].level == "ok"


def test_the_doctor_proposes_nodes_and_asks_for_none_that_it_may_not_see(
    theirs: StandIn, kubeconfig: Path
) -> None:
    found = {one.what: one for one in examine(a_testbed(kubeconfig))}
    assert found["rights"].level == "ok"
    assert "- [w1, w2]" in found["nodes"].remedy
    theirs.denied = {"list nodes"}
    assert "nodes" not in {one.what for one in examine(a_testbed(kubeconfig))}


def test_the_doctor_looks_for_room_for_the_records_of_an_existing_cluster(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = load_study(Path(__file__).parents[3] / "config" / "quick.yaml")
    (found,) = (
        one for one in examine(a_testbed(kubeconfig), study) if one.what == "disk for records"
    )
    assert "records and a build of them want about" in found.remedy
    full = SimpleNamespace(free=2**20)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: full)
    (found,) = (one for one in examine(a_testbed(kubeconfig)) if one.what == "disk for records")
    assert found.level == "missing"


def test_a_mesh_that_is_not_ours_is_left_alone(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    theirs.put(CRD, {"metadata": {"managedFields": [{"manager": "helm"}]}})
    before = json.dumps(theirs.objects, sort_keys=True)
    with pytest.raises(TestbedError, match="is not ours"):
        up(a_testbed(kubeconfig, ("w1", "w2")), tmp_path)
    assert json.dumps(theirs.objects, sort_keys=True) == before
    take_down(a_testbed(kubeconfig), tmp_path / "live" / "mine", "theirs", lambda _: None)
    assert CRD in theirs.objects


def test_a_node_with_what_a_wipe_would_remove_is_not_taken(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    theirs.residue["interfaces"] = ["vxlan_sys_4789"]
    with pytest.raises(TestbedError, match=r"w1: interfaces \['vxlan_sys_4789'\]"):
        up(a_testbed(kubeconfig, ("w1", "w2")), tmp_path)
    assert set(theirs.acts) == {"inspect"}
    assert "nsm-resilience/lane" not in theirs.labels("w1")


def test_a_second_call_looks_at_the_nodes_of_a_call_that_failed(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    """Labels are there before anything is looked at: they say nothing of a check."""
    theirs.residue["interfaces"] = ["vxlan_sys_4789"]
    theirs.residue_on = "w4"
    config = a_testbed(kubeconfig, ("w1", "w2"), ("w3", "w4"))
    for _ in range(2):
        with pytest.raises(TestbedError, match=r"w4: interfaces \['vxlan_sys_4789'\]"):
            up(config, tmp_path)
        assert not any("nsm-resilience/lane" in theirs.labels(f"w{n}") for n in range(1, 5))
    assert set(theirs.acts) == {"inspect"}


def test_a_call_that_ended_before_the_check_is_made_up_for(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    make_lanes(Cluster(kubeconfig, "theirs"), [("w1", "w2")])  # and then it was killed
    theirs.residue["files"] = ["/var/lib/networkservicemesh/theirs"]
    with pytest.raises(TestbedError, match="w1: files"):
        up(a_testbed(kubeconfig, ("w1", "w2")), tmp_path)


def test_nodes_that_passed_are_not_looked_at_again(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    """What is there later is our own: a trial that was cut leaves it."""
    up(a_testbed(kubeconfig, ("w1", "w2")), tmp_path)
    theirs.residue["files"] = ["/var/lib/networkservicemesh/nsm.sock"]
    theirs.residue_on = "w1"
    up(a_testbed(kubeconfig, ("w1", "w3")), tmp_path)  # w2 was given back
    assert "nsm-resilience/checked" not in theirs.annotations("w2")
    assert theirs.acts_on == {"w1": ["inspect"], "w2": ["inspect"], "w3": ["inspect"]}


def test_nodes_that_were_never_looked_at_are_not_wiped_when_we_leave(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    before = json.dumps(theirs.objects, sort_keys=True)
    config = a_testbed(kubeconfig, ("w1", "w2"))
    cluster = Cluster(kubeconfig, "theirs")
    make_lanes(cluster, [("w1", "w2")])
    drop_labels(cluster, "w2")  # killed between two patches: half a lane
    take_down(config, tmp_path / "live" / "mine", "theirs", lambda _: None)
    assert theirs.acts == []
    assert json.dumps(theirs.objects, sort_keys=True) == before


@pytest.mark.parametrize("how", ["dirty", "half"])
def test_what_is_not_clean_is_not_abandoned(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path, how: str
) -> None:
    config = a_testbed(kubeconfig, ("w1", "w2"))
    up(config, tmp_path)
    if how == "half":
        node = theirs.objects.pop("/api/v1/nodes/w2")
    else:
        theirs.residue["files"] = ["/var/lib/networkservicemesh/nsm.sock"]
    mine = tmp_path / "live" / "mine"
    with pytest.raises(TestbedError, match=r"(?s)w1.*kubectl label node NODE"):
        take_down(config, mine, "theirs", lambda _: None)
    assert theirs.labels("w1")["nsm-resilience/lane"] == "1"
    assert any("/daemonsets/" in path for path in theirs.objects)
    assert (mine / "cluster.json").exists()
    if how == "half":
        theirs.objects["/api/v1/nodes/w2"] = node
    else:
        theirs.residue["files"] = []
    take_down(config, mine, "theirs", lambda _: None)
    assert "nsm-resilience/lane" not in theirs.labels("w1")


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"ready": False}, "is not Ready"),
        ({"taint": "NoExecute"}, "NoExecute"),
        ({"kubernetes.io/arch": "arm64"}, "is of arm64"),
    ],
)
def test_a_node_that_cannot_be_used_is_refused_with_its_reason(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path, how: Any, why: str
) -> None:
    theirs.add_node("bad", **how)
    with pytest.raises(TestbedError, match=f"bad .*{why}"):
        up(a_testbed(kubeconfig, ("w1", "bad")), tmp_path)
    with pytest.raises(TestbedError, match="gone is not there"):
        up(a_testbed(kubeconfig, ("w1", "gone")), tmp_path)


def test_without_named_nodes_workers_are_proposed(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    theirs.add_node("w0", ready=False)
    with pytest.raises(TestbedError) as proposed:
        up(a_testbed(kubeconfig), tmp_path)
    text = str(proposed.value)
    assert yaml.safe_load(text[text.index("  nodes:") :]) == {"nodes": [["w1", "w2"], ["w3", "w4"]]}


def test_a_node_that_is_in_no_lane_any_more_gets_no_faults(
    theirs: StandIn, kubeconfig: Path
) -> None:
    cluster = Cluster(kubeconfig, "theirs")
    make_lanes(cluster, [("w1", "w2"), ("w3", "w4")])
    make_lanes(cluster, [("w1", "w2")])
    assert find_lanes(cluster) == [Lane(1, "w1", "w2")]
    assert "nsm-resilience/lane" not in theirs.labels("w3")


def test_a_node_that_lost_its_label_gets_no_faults(theirs: StandIn, kubeconfig: Path) -> None:
    cluster = Cluster(kubeconfig, "theirs")
    (lane,) = make_lanes(cluster, [("w1", "w2")])
    confirm_lane(cluster, lane)
    theirs.objects["/api/v1/nodes/w2"]["metadata"]["labels"].pop("nsm-resilience/role")
    with pytest.raises(TestbedError, match=r"node w2 no longer carries .* nothing is injected"):
        confirm_lane(cluster, lane)
    theirs.objects[f"/api/v1/namespaces/{lane.namespace}"]["metadata"]["labels"] = {}
    with pytest.raises(TestbedError, match=f"namespace {lane.namespace}"):
        confirm_lane(cluster, lane)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nodes: [[a, b], [b, c]]", "b is named twice"),
        ("nodes: [[a, a]]", "a is named twice"),
        ("nodes: [[a, b]]\n  images: {load: docker}", "load: pull"),
    ],
)
def test_a_wrong_file_gets_the_right_line(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "testbed.yaml"
    file.write_text(f"testbed:\n  type: existing\n  name: x\n  context: c\n  {text}\n")
    with pytest.raises(ConfigError, match=why):
        load_testbed(file)
