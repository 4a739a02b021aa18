# SPDX-License-Identifier: Apache-2.0
"""Lanes: created once on a cluster, locked by the trial that runs in them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nsm_resilience.record.lock import name_owner, take
from nsm_resilience.record.writer import utc_now
from nsm_resilience.testbed.api import (
    NAMESPACES,
    NODES,
    Cluster,
    labels_of,
    name_of,
    wait_for,
)
from nsm_resilience.testbed.base import (
    AGENT_NAMESPACE,
    CHECKED,
    LANE_LABEL,
    ROLE_LABEL,
    Lane,
    TestbedError,
)
from nsm_resilience.testbed.unusable_lanes import unusable


def make_lanes(cluster: Cluster, pairs: list[tuple[str, str]]) -> list[Lane]:
    """Label the nodes and create the namespaces of all lanes. May be repeated.

    A node that is no longer in a lane loses its labels, so that no fault is injected there.
    """
    lanes = [Lane(n, *pair) for n, pair in enumerate(pairs, start=1)]
    ours = {node for lane in lanes for node in lane.nodes.values()}
    for node in lane_nodes(cluster) - ours:
        drop_labels(cluster, node)
    for lane in lanes:
        for role, node in lane.nodes.items():
            labels = {LANE_LABEL: str(lane.number), ROLE_LABEL: role}
            cluster.merge(f"{NODES}/{node}", {"metadata": {"labels": labels}})
        cluster.apply(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n"
            f"  name: {lane.namespace}\n  labels:\n    {LANE_LABEL}: '{lane.number}'\n"
            # NSM needs host paths and privileges, which some clusters forbid by default
            "    pod-security.kubernetes.io/enforce: privileged\n"
        )
    return lanes


def drop_labels(cluster: Cluster, node: str) -> None:
    """Remove our marks from a node: from now on it is in no lane, and new to us."""
    metadata = {"labels": {LANE_LABEL: None, ROLE_LABEL: None}, "annotations": {CHECKED: None}}
    cluster.merge(f"{NODES}/{node}", {"metadata": metadata})


def mark_checked(cluster: Cluster, node: str) -> None:
    """Mark a node that had nothing of NSM before its first use."""
    cluster.merge(f"{NODES}/{node}", {"metadata": {"annotations": {CHECKED: utc_now()}}})


def lane_nodes(cluster: Cluster) -> set[str]:
    """Names of the nodes that carry the label of a lane."""
    return {name_of(node) for node in _labelled(cluster)}


def checked_nodes(cluster: Cluster) -> set[str]:
    """Names of the nodes of lanes that are marked as checked (`mark_checked`)."""
    nodes = _labelled(cluster)
    return {name_of(n) for n in nodes if CHECKED in (n["metadata"].get("annotations") or {})}


def _labelled(cluster: Cluster) -> list[dict[str, Any]]:
    return cluster.find(NODES, selector=LANE_LABEL)


def whole_lanes(cluster: Cluster) -> list[Lane]:
    """The lanes of a cluster with both of their nodes, from the nodes' labels."""
    nodes: dict[int, dict[str, str]] = {}
    for node in _labelled(cluster):
        labels = labels_of(node)
        role = labels.get(ROLE_LABEL, "")
        nodes.setdefault(int(labels[LANE_LABEL]), {})[role] = name_of(node)
    return [
        Lane(number, pair["client"], pair["endpoint"])
        for number, pair in sorted(nodes.items())
        if {"client", "endpoint"} <= set(pair)
    ]


def find_lanes(cluster: Cluster) -> list[Lane]:
    """The lanes of a cluster, the only places of faults. TestbedError when it has none."""
    lanes = whole_lanes(cluster)
    if not lanes:
        raise TestbedError(
            "the cluster has no lane; run `nsm-resilience cluster up` with the testbed's file"
        )
    return lanes


def confirm_lane(cluster: Cluster, lane: Lane) -> None:
    """Check, just before faults are injected, that the lane is still ours.

    Both nodes and the namespace must have the lane's label; TestbedError names those that have not.
    (An administrator may have taken a node back since the lane was found.)
    """
    wrong = []
    for role, node in lane.nodes.items():
        labels = labels_of(cluster.get(f"{NODES}/{node}", timeout_s=5))
        if (labels.get(LANE_LABEL), labels.get(ROLE_LABEL)) != (str(lane.number), role):
            wrong.append(f"node {node}")
    space = cluster.get(f"{NAMESPACES}/{lane.namespace}", timeout_s=5)
    if labels_of(space).get(LANE_LABEL) != str(lane.number):
        wrong.append(f"namespace {lane.namespace}")
    if wrong:
        raise TestbedError(
            f"{' and '.join(wrong)} no longer carries the label {LANE_LABEL} of {lane.name}: "
            "nothing is injected there; run `nsm-resilience cluster up` to make the lane again"
        )


def remove_lanes(cluster: Cluster, say: Callable[[str], None]) -> None:
    """Remove namespaces, agent and labels from a cluster that stays.

    The agents' namespace is removed last, because it lists the users of the cluster.
    """

    def remove(names: list[str]) -> None:
        for name in names:
            if cluster.delete(f"{NAMESPACES}/{name}"):
                say(f"removing namespace {name}")

        def gone() -> bool:
            return not set(names) & {name_of(space) for space in cluster.find(NAMESPACES)}

        wait_for("our namespaces to go", gone, 180, 1)

    for node in lane_nodes(cluster):
        drop_labels(cluster, node)
    remove([name_of(space) for space in cluster.find(NAMESPACES, selector=LANE_LABEL)])
    remove([AGENT_NAMESPACE])


@contextmanager
def take_lane(lanes: list[Lane], locks: Path, timeout_s: float) -> Iterator[Lane]:
    """Lock a free lane while the block runs; a lane that is out of use is never taken.

    The lock belongs to the process: the kernel releases it whenever the process ends. Raises
    TestbedError when no lane gets free in time, or all are out of use.
    """
    locks.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        out = [one for lane in lanes if (one := unusable(locks, lane.name)) is not None]
        if len(out) == len(lanes):
            raise TestbedError(
                "every lane of the cluster is out of use:\n"
                + "".join(f"  {one}\n" for one in out)
                + "run `nsm-resilience cluster up` to clean them with proof, or first `cluster "
                "down` for a new cluster; then the same command goes on"
            )
        for lane in lanes:
            handle = take(locks / lane.name)
            if handle is None:
                continue
            # Check again under the lock: its last holder may just have taken it out of use.
            if unusable(locks, lane.name) is not None:
                os.close(handle)
                continue
            try:
                name_owner(handle)
                yield lane
                return
            finally:
                os.close(handle)
        time.sleep(0.5)
    raise TestbedError(f"no lane of {len(lanes)} got free within {timeout_s:g} s")
