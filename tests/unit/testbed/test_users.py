# SPDX-License-Identifier: Apache-2.0
"""A cluster that another campaign uses stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_server import StandIn, serving

from nsm_resilience.mesh.manage import bring_up, take_down
from nsm_resilience.record.files import write_json
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.lock import one_at_a_time
from nsm_resilience.testbed import users
from nsm_resilience.testbed.api import Cluster
from nsm_resilience.testbed.config import ExistingTestbed
from nsm_resilience.testbed.users import User, enter, others, user_of

NAMESPACE = "/api/v1/namespaces/nsm-resilience"


def kubeconfig_of(server: str, folder: Path) -> Path:
    content = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(content))
    return folder / "kubeconfig"


@pytest.fixture
def theirs() -> StandIn:
    return StandIn("w1", "w2")


@pytest.fixture
def kubeconfig(theirs: StandIn, tmp_path: Path) -> Iterator[Path]:
    with serving(theirs, tmp_path) as path:
        yield path


@pytest.fixture
def testbed(kubeconfig: Path) -> ExistingTestbed:
    return ExistingTestbed(
        type="existing", name="lab", context="theirs", kubeconfig=kubeconfig, nodes=(("w1", "w2"),)
    )


def down(testbed: ExistingTestbed, folder: Path) -> str:
    said: list[str] = []
    take_down(testbed, folder, "theirs", said.append)
    return "\n".join(said)


@pytest.mark.parametrize("other", ["live/b", "another checkout/results/live/b"])
def test_the_first_campaign_to_end_leaves_the_cluster_to_the_other_one(
    other: str, theirs: StandIn, testbed: ExistingTestbed, tmp_path: Path
) -> None:
    first, second = tmp_path / "live" / "a", tmp_path / other
    for folder in (first, second):
        bring_up(testbed, folder, "theirs", lambda _: None)
    with one_at_a_time(second / ".lock", lambda _: None):  # it is being run
        said = down(testbed, first)
        assert NAMESPACE in theirs.objects
        assert "nsm-resilience/lane" in theirs.labels("w1")
        assert f"stays, because it is used by {second}" in said
        assert not CampaignLayout(first).cluster.exists()
    down(testbed, second)
    assert NAMESPACE not in theirs.objects


def test_a_trial_that_runs_alone_uses_its_cluster_too(
    theirs: StandIn, testbed: ExistingTestbed, tmp_path: Path
) -> None:
    first, second = tmp_path / "live" / "a", tmp_path / "live" / "b"
    for folder in (first, second):
        bring_up(testbed, folder, "theirs", lambda _: None)
    with one_at_a_time(second / "locks" / "S1-01.lock", lambda _: None):
        assert "stays" in down(testbed, first)


def test_a_campaign_that_was_killed_keeps_no_cluster(
    theirs: StandIn, testbed: ExistingTestbed, tmp_path: Path
) -> None:
    first, second = tmp_path / "live" / "a", tmp_path / "live" / "b"
    for folder in (first, second):
        bring_up(testbed, folder, "theirs", lambda _: None)
    (second / ".lock").write_text("12345\n")
    down(testbed, first)
    assert NAMESPACE not in theirs.objects


def test_a_cluster_that_does_not_answer_is_not_taken_from_a_campaign_beside_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its API server may only be busy."""
    monkeypatch.setattr(users, "PAUSE_S", 0)
    path = kubeconfig_of("http://127.0.0.1:1", tmp_path)
    for name, cluster in (("a", "lab"), ("b", "lab"), ("c", "another"), ("d", "lab")):
        marker = {"id": "1", "name": cluster, "kubeconfig": str(path), "context": "c"}
        write_json(tmp_path / "live" / name / "cluster.json", marker)
    (tmp_path / "live" / "odd").mkdir()
    (tmp_path / "live" / "odd" / "cluster.json").write_text("no JSON")
    with (
        one_at_a_time(tmp_path / "live" / "b" / ".lock", lambda _: None),
        one_at_a_time(tmp_path / "live" / "c" / ".lock", lambda _: None),
    ):
        for kubeconfig in (path, tmp_path / "gone"):
            found = others(kubeconfig, "c", tmp_path / "live" / "a", "lab")
            assert found == [user_of(tmp_path / "live" / "b")]


def test_a_campaign_of_another_host_counts_and_foreign_annotations_do_not(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    theirs.put(NAMESPACE, {"kind": "Namespace"})
    cluster = Cluster(kubeconfig, "theirs")
    enter(cluster, tmp_path / "own")
    far = User("far.example", "/srv/campaign")
    notes = {
        far.key: json.dumps({"host": far.host, "folder": far.folder}),
        "nsm-resilience/user-x": "no JSON",
        "nsm-resilience/user-y": "[1]",
        "somebody/else": "x",
    }
    cluster.merge(NAMESPACE, {"metadata": {"annotations": notes}})
    assert others(kubeconfig, "theirs", tmp_path / "own", "lab") == [far]
    assert user_of(tmp_path / "own").runs is False
