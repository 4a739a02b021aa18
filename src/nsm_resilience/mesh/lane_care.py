# SPDX-License-Identifier: Apache-2.0
"""Clean a lane outside of any trial, with proof: whether it may be used again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from nsm_resilience.agent.deploy import agents as find_agents
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors, Plane
from nsm_resilience.testbed.api import ApiUnavailable, Cluster
from nsm_resilience.testbed.base import Lane, TestbedError
from nsm_resilience.testbed.config import Images
from nsm_resilience.testbed.out_of_use import out_of_use, put_back


def clean_again(cluster: Cluster, lane: Lane, images: Images) -> str | None:
    """Wipe a lane of whatever plane ran there; None when it is proved clean, else why not.

    Raises ApiUnavailable when the API server itself does not answer: that says nothing of a lane.
    """
    try:
        agents = find_agents(cluster, lane)
        for agent in agents.values():
            agent.reset()
        for plane in get_args(Plane):
            Mesh(cluster, lane, images, Factors(plane=plane), agents).wipe()
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
