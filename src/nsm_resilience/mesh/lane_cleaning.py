# SPDX-License-Identifier: Apache-2.0
"""Clean a lane outside of any trial, with proof; and check a lane before its first trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nsm_resilience.agent.client import Agent, at_once
from nsm_resilience.agent.deploy import agents as find_agents
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.mesh.residue import RESIDUE, state_directories
from nsm_resilience.study.models import Factors
from nsm_resilience.testbed.api import ApiUnavailable, Cluster
from nsm_resilience.testbed.base import CHECKED, LANE_LABEL, ROLE_LABEL, Lane, TestbedError
from nsm_resilience.testbed.config import Images
from nsm_resilience.testbed.lanes import (
    checked_nodes,
    drop_labels,
    mark_checked,
    whole_lanes,
)
from nsm_resilience.testbed.unusable_lanes import put_back, unusable


def clean_again(cluster: Cluster, lane: Lane, images: Images, *, leave: bool = False) -> str | None:
    """Wipe a lane of every system and plane; None when it is proved clean, else why not.

    With `leave` the folders of the systems are removed as well.

    Raises ApiUnavailable when the API server itself does not answer, which says nothing about the
    lane.
    """
    try:
        agents = find_agents(cluster, lane)
        at_once(agents, Agent.reset)
        mesh = Mesh(cluster, lane, images, Factors(), agents)
        mesh.wipe()
        if leave:
            mesh.residue("leave")
    except Exception as error:  # without a proof the lane is not clean
        why = str(error)
    else:
        return None
    try:
        cluster.identity()
    except Exception as error:
        raise ApiUnavailable(f"the API server does not answer: {error}") from error
    return why


def heal_lanes(
    cluster: Cluster, lanes: list[Lane], images: Images, locks: Path, say: Callable[[str], None]
) -> None:
    """Put every lane that is out of use back into use, if it can be proved clean now.

    Raises TestbedError when none of the cluster's lanes can be used.
    """
    left = []
    for lane in lanes:
        if unusable(locks, lane.name) is None:
            continue
        why = clean_again(cluster, lane, images)
        if why is None:
            put_back(locks, lane.name)
            say(f"{lane.name} is clean again and back in use")
        else:
            left.append(lane)
            say(f"{lane.name} stays out of use: {why}")
    if left and len(left) == len(lanes):
        raise TestbedError(
            "no lane of the cluster can be cleaned, see above; make a new cluster with "
            "`nsm-resilience cluster down` and `cluster up`, or mend its nodes and run `cluster "
            "up` again"
        )


def check_untouched(cluster: Cluster, lanes: list[Lane], images: Images) -> None:
    """Check that a wipe would remove nothing from nodes that are new to us.

    A wipe removes processes, files and interfaces by their names. On somebody else's nodes the same
    names may belong to others (a mesh that is in use; interfaces of a pod network). If any of the
    new nodes has such names, none of them stays in a lane, and TestbedError lists the findings.
    Nodes that pass are marked, and not checked again.
    """
    known = checked_nodes(cluster)
    new = {node for lane in lanes for node in lane.nodes.values()} - known
    found: list[str] = []
    for lane in lanes:
        agents = find_agents(cluster, lane) if new & set(lane.nodes.values()) else {}
        agents = {role: agent for role, agent in agents.items() if agent.node in new}
        rows = Mesh(cluster, lane, images, Factors(), agents).residue("inspect")
        found += [
            f"{agents[role].node}: {what} {of[what]}"
            for role, of in rows.items()
            for what in RESIDUE
            if of[what]
        ]
    for node in sorted(new):
        if found:
            drop_labels(cluster, node)
        else:
            mark_checked(cluster, node)
    if found:
        raise TestbedError(
            "these nodes were never used by us and have what a wipe would remove:\n"
            + "".join(f"  {line}\n" for line in found)
            + "name other nodes under `nodes:` in the testbed's file, or clear these first"
        )


def leave_nodes(cluster: Cluster, images: Images, say: Callable[[str], None]) -> None:
    """Remove everything of NSM from the nodes of a cluster that stays.

    Nodes that were never used are not touched. Raises TestbedError when others cannot be proved
    clean: they keep their labels and agents for another attempt.
    """
    known = checked_nodes(cluster)
    lanes = [lane for lane in whole_lanes(cluster) if known.issuperset(lane.nodes.values())]
    dirty = [
        f"{node}: its lane has no other node any more, and only both can be wiped"
        for node in sorted(known - {node for lane in lanes for node in lane.nodes.values()})
    ]
    for lane in lanes:
        names = " and ".join(lane.nodes.values())
        why = clean_again(cluster, lane, images, leave=True)
        if why is None:
            say(f"{lane.name}: nothing is left on {names}")
        else:
            dirty.append(f"{names}: {why}")
    if dirty:
        raise TestbedError(
            "nodes could not be left clean, so labels and agents stay where they are:\n"
            + "".join(f"  {line}\n" for line in dirty)
            + "mend the nodes and run `nsm-resilience cluster down` again (`cluster up` with other "
            "pairs under `nodes:` makes lanes whole); to give one up, remove what is of NSM by "
            f"hand (files in {' and '.join(state_directories())}, its processes), and take it out "
            "with\n"
            f"  kubectl label node NODE {LANE_LABEL}- {ROLE_LABEL}-\n"
            f"  kubectl annotate node NODE {CHECKED}-"
        )
