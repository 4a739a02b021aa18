# SPDX-License-Identifier: Apache-2.0
"""Describe the cluster of a campaign, and whether it answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.testbed.marker import read_marker
from nsm_resilience.testbed.unusable_lanes import lock_folder, unusable


def describe_cluster(campaign_folder: Path) -> Iterator[str]:
    """Lines about the cluster; one that does not answer is no error."""
    marker_file = CampaignLayout(campaign_folder).cluster
    if not marker_file.exists():
        there = "" if campaign_folder.is_dir() else "there is no such folder, and "
        yield f"{campaign_folder}: {there}no cluster is up for this campaign"
        return
    marker = read_marker(marker_file)
    yield f"{marker.name}: id {marker.id}, context {marker.context}"
    yield f"  kubeconfig {marker.kubeconfig}"

    from nsm_resilience.testbed.api import Cluster
    from nsm_resilience.testbed.lanes import find_lanes

    try:
        cluster = Cluster(marker.kubeconfig, marker.context)
        identity, ready = cluster.identity(), cluster.ready_nodes()
        lanes = find_lanes(cluster)
    except Exception as error:  # any error becomes a line
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        yield f"  does not answer: {reason}"
        return
    if identity != marker.id:
        yield f"  is another cluster now, with id {identity}: run `nsm-resilience cluster up` again"
    for lane in lanes:
        states = ", ".join(
            f"{role} {node} {'Ready' if node in ready else 'not Ready'}"
            for role, node in lane.nodes.items()
        )
        yield f"  {lane.name}: {states}"
        lost = unusable(lock_folder(campaign_folder, identity), lane.name)
        if lost is not None:
            yield f"    {lost}"
            yield "    `nsm-resilience cluster up` cleans it and proves it"
