# SPDX-License-Identifier: Apache-2.0
"""A cluster that another campaign uses stays."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from api_server import StandIn

from nsm_resilience.mesh.manage import bring_up, take_down
from nsm_resilience.record.files import write_json
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.lock import one_at_a_time
from nsm_resilience.testbed import users
from nsm_resilience.testbed.api import Cluster
from nsm_resilience.testbed.base import TestbedError
from nsm_resilience.testbed.config import ExistingTestbed, KindTestbed
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


@contextmanager
def running_unchanged(folder: Path, refusal: str, theirs: StandIn) -> Iterator[None]:
    """While the campaign of this folder runs, what is tried is refused so, and changes nothing."""
    before = copy.deepcopy(theirs.objects)
    with (
        one_at_a_time(folder / ".lock", lambda _: None),
        pytest.raises(TestbedError, match=refusal),
    ):
        yield
    assert theirs.objects == before


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


def test_a_campaign_that_shares_all_with_the_one_that_runs_comes_up_beside_it(
    testbed: ExistingTestbed, tmp_path: Path
) -> None:
    first, second = tmp_path / "live" / "a", tmp_path / "live" / "b"
    bring_up(testbed, first, "theirs", lambda _: None)
    with one_at_a_time(first / ".lock", lambda _: None):
        for folder in (second, first):  # the one that runs may be brought up again, too
            bring_up(testbed, folder, "theirs", lambda _: None)


def other_nodes(testbed: ExistingTestbed) -> ExistingTestbed:
    return testbed.model_copy(update={"nodes": (("w3", "w4"),)})


def more_nodes(testbed: ExistingTestbed) -> ExistingTestbed:
    return testbed.model_copy(update={"nodes": (*testbed.nodes, ("w3", "w4"))})


def another_agent(testbed: ExistingTestbed) -> ExistingTestbed:
    return testbed.model_copy(
        update={"images": testbed.images.model_copy(update={"agent": "python:9"})}
    )


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (other_nodes, r"lanes are \[\[w1, w2\]\], and yours would be \[\[w3, w4\]\]"),
        (more_nodes, r"yours would be \[\[w1, w2\], \[w3, w4\]\]"),
        (another_agent, "yours would have python:9"),
        (None, "the code of another version"),
    ],
)
def test_a_campaign_that_needs_another_thing_is_refused_before_anything_is_changed(
    changed: Callable[[ExistingTestbed], ExistingTestbed] | None,
    named: str,
    theirs: StandIn,
    testbed: ExistingTestbed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    theirs.add_node("w3")
    theirs.add_node("w4")
    first, second = tmp_path / "live" / "a", tmp_path / "live" / "b"
    bring_up(testbed, first, "theirs", lambda _: None)
    wanted = testbed if changed is None else changed(testbed)
    if changed is None:
        monkeypatch.setattr("nsm_resilience.agent.deploy.scripts", lambda: {"agent.py": "1"})
    with running_unchanged(first, rf"used by {first} on .*{named}.*Nothing was changed", theirs):
        bring_up(wanted, second, "theirs", lambda _: None)
    bring_up(wanted, second, "theirs", lambda _: None)  # it has ended


def test_a_cluster_is_not_shared_with_a_campaign_that_locks_lanes_elsewhere(
    theirs: StandIn, testbed: ExistingTestbed, kubeconfig: Path, tmp_path: Path
) -> None:
    own, checkout = tmp_path / "live" / "a", tmp_path / "another checkout" / "live" / "b"
    bring_up(testbed, checkout, "theirs", lambda _: None)
    with running_unchanged(
        checkout, rf"used by {checkout} on .*lock lanes in another place", theirs
    ):
        bring_up(testbed, own, "theirs", lambda _: None)
    far = User("far.example", str(own.parent / "c"), "1-2")
    note = json.dumps({"host": far.host, "folder": far.folder, "id": far.id})
    Cluster(kubeconfig, "theirs").merge(NAMESPACE, {"metadata": {"annotations": {far.key: note}}})
    away = (
        f"kubectl --kubeconfig {kubeconfig} --context theirs annotate namespace nsm-resilience "
        f"{far.key}-"
    )
    with pytest.raises(TestbedError, match=rf"on far\.example: .*(?s:.*){away}$"):
        bring_up(testbed, own, "theirs", lambda _: None)
    assert away in down(testbed, own)


def test_a_campaign_knows_itself_after_a_change_of_the_hosts_name(
    theirs: StandIn, testbed: ExistingTestbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "live" / "a"
    bring_up(testbed, folder, "theirs", lambda _: None)
    monkeypatch.setattr("socket.gethostname", lambda: "renamed")
    bring_up(testbed, folder, "theirs", lambda _: None)
    notes = theirs.objects[NAMESPACE]["metadata"]["annotations"]
    assert [json.loads(note)["host"] for note in notes.values()] == ["renamed"]
    monkeypatch.setattr("socket.gethostname", lambda: "again")
    down(testbed, folder)
    assert NAMESPACE not in theirs.objects


def test_a_machine_of_the_same_name_is_another_one(
    testbed: ExistingTestbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a campaign runs there cannot be seen from here, though the folder is not here."""
    monkeypatch.setattr(users, "MACHINE", tmp_path / "machine-id")
    (tmp_path / "machine-id").write_text("aaaa\n")
    own, other = tmp_path / "here" / "live" / "a", tmp_path / "there" / "live" / "a"
    bring_up(testbed, other, "theirs", lambda _: None)
    shutil.rmtree(other)
    (tmp_path / "machine-id").write_text("bbbb\n")
    for folder in (own, other):
        with pytest.raises(TestbedError, match="Whether a campaign of another host runs"):
            bring_up(testbed, folder, "theirs", lambda _: None)
    (tmp_path / "machine-id").write_text("aaaa\n")
    bring_up(testbed, own, "theirs", lambda _: None)


def test_a_copy_of_a_campaign_is_another_one(
    theirs: StandIn, testbed: ExistingTestbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of the whole checkout can lie in the same place on another host."""
    folder = tmp_path / "live" / "a"
    bring_up(testbed, folder, "theirs", lambda _: None)
    shutil.copytree(folder, tmp_path / "copy")
    folder.rename(tmp_path / "elsewhere")
    (tmp_path / "copy").rename(folder)
    monkeypatch.setattr("socket.gethostname", lambda: "another")
    assert "stays, because" in down(testbed, folder)
    assert NAMESPACE in theirs.objects


def test_a_kind_cluster_made_by_another_checkout_is_asked_who_uses_it(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs.put(NAMESPACE, {"kind": "Namespace"})
    other, own = tmp_path / "there" / "live" / "b", tmp_path / "here" / "live" / "a"
    enter(Cluster(kubeconfig, "theirs"), other)
    called = tmp_path / "called.txt"
    content = kubeconfig.read_text().replace("theirs", "kind-x")
    (tmp_path / "exported").write_text(content)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kind").write_text(
        f'#!/bin/sh\necho "$@" >> {called}\n[ "$1" = get ] && echo x\n'
        f'[ "$1" = export ] && cp {tmp_path}/exported "$6"\nexit 0\n'
    )
    (tmp_path / "bin" / "kind").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    config, said = KindTestbed(name="x"), list[str]()
    with one_at_a_time(other / ".lock", lambda _: None):
        with pytest.raises(TestbedError, match=f"used by {other} on .*another `name:`"):
            bring_up(config, own, None, said.append)
        take_down(config, own, None, said.append)
    assert "stays" in "".join(said)
    assert {line.split()[0] for line in called.read_text().splitlines()} == {"export"}
