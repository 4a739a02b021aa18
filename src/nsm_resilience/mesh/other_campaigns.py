# SPDX-License-Identifier: Apache-2.0
"""Before a cluster is touched: another campaign that is run there must not be disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nsm_resilience.agent.deploy import why_replaced
from nsm_resilience.testbed.api import Cluster
from nsm_resilience.testbed.base import TestbedError
from nsm_resilience.testbed.config import ExistingTestbed, KindTestbed
from nsm_resilience.testbed.existing import Existing
from nsm_resilience.testbed.kind import Kind
from nsm_resilience.testbed.lanes import lane_nodes, whole_lanes
from nsm_resilience.testbed.users import User, shares_locks, told, way_out


def check_others(
    testbed: Kind | Existing,
    config: KindTestbed | ExistingTestbed,
    campaign_folder: Path,
    users: list[User],
) -> None:
    """TestbedError when the cluster is used by another campaign, unless the two can share it.

    They can when both lock lanes in the same folder, and this one needs no other lanes or agents.
    `users` are the others that run there.
    """
    if not users:
        return
    apart = [user for user in users if not shares_locks(user, campaign_folder)]
    if apart:
        why = (
            f"its trials lock lanes in another place than {campaign_folder.resolve().parent}, so "
            "two trials could take the same lane at once"
        )
    else:
        cluster = Cluster(testbed.kubeconfig, testbed.context)
        why = "; ".join(_differences(cluster, config))
    if why:
        another = "another cluster"
        if isinstance(config, KindTestbed):
            another = "another `name:` in the testbed's file for a cluster of its own"
        raise TestbedError(
            f"cluster {config.name} is used by {told(apart or users)}: {why}. Nothing was "
            f"changed. Wait for the end of that campaign, or take {another}"
            + way_out(users, testbed.kubeconfig, testbed.context)
        )


def _differences(cluster: Cluster, config: KindTestbed | ExistingTestbed) -> Iterator[str]:
    """What would be another thing on the cluster than it is."""
    lanes = [(lane.client_node, lane.endpoint_node) for lane in whole_lanes(cluster)]
    wanted = config.worker_pairs()
    strays = lane_nodes(cluster) - {node for pair in wanted for node in pair}
    if lanes != wanted or strays:
        yield f"its lanes are {_pairs(lanes)}, and yours would be {_pairs(wanted)}"
    if why := why_replaced(cluster, config.images.agent):
        yield why


def _pairs(lanes: list[tuple[str, str]]) -> str:
    return "[" + ", ".join(f"[{client}, {endpoint}]" for client, endpoint in lanes) + "]"
