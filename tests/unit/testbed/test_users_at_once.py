# SPDX-License-Identifier: Apache-2.0
"""Campaigns that come to one cluster, or leave it, at the same moment."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from api_server import StandIn

from nsm_resilience.mesh import manage
from nsm_resilience.mesh.manage import bring_up, take_down
from nsm_resilience.record.lock import one_at_a_time
from nsm_resilience.testbed.api import Cluster
from nsm_resilience.testbed.base import TestbedError
from nsm_resilience.testbed.config import ExistingTestbed, KindTestbed
from nsm_resilience.testbed.existing import Existing
from nsm_resilience.testbed.kind import Kind
from nsm_resilience.testbed.users import User, enter, user_of

NAMESPACE = "/api/v1/namespaces/nsm-resilience"


def test_of_two_campaigns_that_come_at_the_same_moment_one_is_let_in(
    theirs: StandIn, testbed: ExistingTestbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked, and neither has seen the other: then the API server decides."""
    folders = [tmp_path / checkout / "live" / "a" for checkout in ("here", "there")]
    both_have_looked, up = threading.Barrier(2), Existing.up
    refused: list[str] = []

    def up_together(self: Existing) -> None:
        up(self)
        both_have_looked.wait(timeout=30)

    def come(folder: Path) -> None:
        try:
            bring_up(testbed, folder, "theirs", lambda _: None)
        except TestbedError as error:
            refused.append(str(error))

    monkeypatch.setattr(Existing, "up", up_together)
    with ExitStack() as runs:
        for folder in folders:
            runs.enter_context(one_at_a_time(folder / ".lock", lambda _: None))
        threads = [threading.Thread(target=come, args=(folder,)) for folder in folders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (note,) = theirs.objects[NAMESPACE]["metadata"]["annotations"].values()
    (told,) = refused
    assert f"used by {json.loads(note)['folder']} on" in told and "Nothing was changed" in told


def test_who_comes_while_another_looks_around_is_seen_by_that_one(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    cluster, other = Cluster(kubeconfig, "theirs"), tmp_path / "other"
    seen: list[list[User]] = []

    def look(found: list[User]) -> None:
        seen.append(found)
        if len(seen) == 1:
            enter(cluster, other)

    with one_at_a_time(other / ".lock", lambda _: None):
        enter(cluster, tmp_path / "own", look)
    assert seen == [[], [user_of(other)]]
    assert len(theirs.objects[NAMESPACE]["metadata"]["annotations"]) == 2


def test_a_campaign_waits_for_what_the_one_before_it_is_just_removing(
    theirs: StandIn, kubeconfig: Path, tmp_path: Path
) -> None:
    theirs.put(NAMESPACE, {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
    gone = threading.Timer(0.2, theirs.delete, (NAMESPACE,))
    gone.start()
    enter(Cluster(kubeconfig, "theirs"), tmp_path / "own")
    gone.join()
    assert "deletionTimestamp" not in theirs.objects[NAMESPACE]["metadata"]
    assert len(theirs.objects[NAMESPACE]["metadata"]["annotations"]) == 1


def test_a_campaign_is_in_the_way_of_others_from_its_coming_up_to_its_going_down(
    theirs: StandIn, testbed: ExistingTestbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when people call `cluster up` and `cluster down` by themselves."""
    first, second = tmp_path / "here" / "live" / "a", tmp_path / "there" / "live" / "a"

    def refused(*_: object) -> None:
        with pytest.raises(TestbedError, match=f"used by {first} on"):
            bring_up(testbed, second, "theirs", lambda _: None)

    for act in ("prepare_cluster", "remove_definitions"):
        monkeypatch.setattr(manage, act, refused)
    bring_up(testbed, first, "theirs", lambda _: None)
    take_down(testbed, first, "theirs", lambda _: None)
    assert NAMESPACE not in theirs.objects
    assert "nsm-resilience/lane" not in theirs.labels("w1")


def test_two_checkouts_are_not_at_a_kind_cluster_of_one_name_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sees the locks of the other, and the cluster is not there yet to be asked."""
    monkeypatch.setenv("PATH", str(tmp_path))  # without kind
    monkeypatch.setattr("nsm_resilience.testbed.kind.WAIT_S", 0.05)
    config, at_it = KindTestbed(name=f"one-name-{os.getpid()}"), list[str]()
    begun, told, go_on = threading.Event(), threading.Event(), threading.Event()

    def connect(self: Kind) -> None:
        at_it.append(self.state.parent.name)
        begun.set()
        assert go_on.wait(timeout=30)

    def leave(checkout: str, say: Callable[[str], None]) -> threading.Thread:
        done = (config, tmp_path / checkout / "campaign", None, say)
        thread = threading.Thread(target=take_down, args=done)
        thread.start()
        return thread

    monkeypatch.setattr(Kind, "connect", connect)
    first = leave("here", lambda _: None)
    assert begun.wait(timeout=30)
    second = leave("there", lambda _: told.set())
    assert told.wait(timeout=30) and at_it == ["here"]
    go_on.set()
    for thread in (first, second):
        thread.join()
    assert at_it == ["here", "there"]
