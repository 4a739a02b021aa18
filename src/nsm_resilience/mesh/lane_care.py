# SPDX-License-Identifier: Apache-2.0
"""Clean a lane outside of any trial, with proof; and look at one before its first trial."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nsm_resilience.agent.deploy import agents as find_agents
from nsm_resilience.mesh import system
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors
from nsm_resilience.testbed.api import ApiUnavailable, Cluster
from nsm_resilience.testbed.base import Lane, TestbedError
from nsm_resilience.testbed.config import Images
from nsm_resilience.testbed.lanes import drop_labels
from nsm_resilience.testbed.out_of_use import out_of_use, put_back


def clean_again(cluster: Cluster, lane: Lane, images: Images) -> str | None:
    """Wipe a lane of whatever plane ran there; None when it is proved clean, else why not.

    Raises ApiUnavailable when the API server itself does not answer: that says nothing of a lane.
    """
    try:
        agents = find_agents(cluster, lane)
        for agent in agents.values():
            agent.reset()
        Mesh(cluster, lane, images, Factors(), agents).wipe()
    except Exception as error:  # whatever keeps it from being proved: it is not clean
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
    """Put every lane that is out of use back, if it can be proved clean now.

    Raises TestbedError when none of the cluster's lanes can be used.
    """
    left = []
    for lane in lanes:
        if out_of_use(locks, lane.name) is None:
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
            "no lane of the cluster can be cleaned, see above; make the cluster anew with "
            "`nsm-resilience cluster down` and `cluster up`, or mend its nodes and run `cluster "
            "up` again"
        )


def check_untouched(cluster: Cluster, lane: Lane, images: Images) -> None:
    """Check that nodes which are new to us have nothing that a wipe would take for NSM's.

    A wipe removes processes, files and interfaces by their names. On somebody else's nodes the same
    names may belong to others (a mesh that is in use; interfaces of a pod network), so a lane whose
    nodes have any loses its labels, and TestbedError lists what was found.
    """
    agents = find_agents(cluster, lane)
    found = [
        f"{agents[role].node}: {what} {rows[what]}"
        for role, rows in Mesh(cluster, lane, images, Factors(), agents).residue("inspect").items()
        for what in system.RESIDUE
        if rows[what]
    ]
    if found:
        for node in lane.nodes.values():
            drop_labels(cluster, node)
        raise TestbedError(
            "these nodes were never used by us and have what a wipe would remove:\n"
            + "".join(f"  {line}\n" for line in dict.fromkeys(found))
            + "name other nodes under `nodes:` in the testbed's file, or clear these first"
        )


def leave_nodes(
    cluster: Cluster, lanes: list[Lane], images: Images, say: Callable[[str], None]
) -> None:
    """Take everything of NSM off the nodes of a cluster that stays; says what could not be."""
    for lane in lanes:
        why = clean_again(cluster, lane, images)
        if why is not None:
            say(f"{lane.name} could not be cleaned: {why}")
            continue
        agents = find_agents(cluster, lane)
        Mesh(cluster, lane, images, Factors(), agents).residue("leave")
        say(f"{lane.name}: nothing is left on {' and '.join(lane.nodes.values())}")
