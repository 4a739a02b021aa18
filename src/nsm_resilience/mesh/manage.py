# SPDX-License-Identifier: Apache-2.0
"""Bring a testbed up for a campaign, and take it down. Both may be repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType

from nsm_resilience.agent.deploy import deploy, why_replaced
from nsm_resilience.mesh.lane_cleaning import check_untouched, heal_lanes, leave_nodes
from nsm_resilience.mesh.prepare import prepare_cluster, refuse_another_mesh, remove_definitions
from nsm_resilience.record.files import write_json
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.lock import one_at_a_time
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.systems.known import FIRST, SYSTEMS
from nsm_resilience.testbed import users
from nsm_resilience.testbed.api import API_FAULTS, Cluster
from nsm_resilience.testbed.base import TestbedError
from nsm_resilience.testbed.config import ExistingTestbed, KindTestbed
from nsm_resilience.testbed.connection import KubeconfigError
from nsm_resilience.testbed.existing import Existing
from nsm_resilience.testbed.kind import Kind, alone_at
from nsm_resilience.testbed.lanes import lane_nodes, make_lanes, whole_lanes
from nsm_resilience.testbed.unusable_lanes import lock_folder
from nsm_resilience.testbed.users import User

STATE = ".testbeds"
"""The folder beside the campaigns for kubeconfigs, kind's own files, and the clusters' locks."""


def make_testbed(
    config: KindTestbed | ExistingTestbed,
    campaign_folder: Path,
    allow_context: str | None,
    say: Callable[[str], None],
    planes: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Kind | Existing:
    """The testbed of a file, for a campaign; kubeconfigs are kept beside the campaign's folder.

    `planes`, those of each system that will run, are needed only to bring it up.
    """
    if isinstance(config, KindTestbed):
        return Kind(config, campaign_folder.parent / STATE, say, campaign_folder, planes)
    return Existing(config, allow_context, say)


def _planes(campaign_folder: Path) -> dict[str, tuple[str, ...]]:
    """The planes of each system in a campaign's study; without a study, all of the paper's."""
    study = CampaignLayout(campaign_folder).study
    if study.exists():
        return load_recorded_study(study).planes
    return {FIRST: tuple(SYSTEMS[FIRST].planes)}


def bring_up(
    config: KindTestbed | ExistingTestbed,
    campaign_folder: Path,
    allow_context: str | None,
    say: Callable[[str], None],
) -> None:
    """Create cluster, lanes, agents and NSM's definitions; then the marker with the cluster's id.

    Lanes that are out of use are cleaned, and put back into use with proof. It waits for another
    process that works on the same cluster, such as one that a killed run left behind. TestbedError,
    without any change, if it would disturb another campaign there: that is checked first, and again
    when this campaign is entered, before others can be.
    """
    campaign_folder.mkdir(parents=True, exist_ok=True)
    with _alone(config, campaign_folder, say):
        planes = _planes(campaign_folder)
        testbed = make_testbed(config, campaign_folder, allow_context, say, planes)
        testbed.connect()
        refuse = partial(_check_others, testbed, campaign_folder)
        there = users.written_down(testbed.kubeconfig, testbed.context)
        refuse(users.running(there, campaign_folder))
        testbed.up()
        cluster = Cluster(testbed.kubeconfig, testbed.context)
        somebody_elses = isinstance(config, ExistingTestbed)
        if somebody_elses:
            refuse_another_mesh(cluster)
        users.enter(cluster, campaign_folder, refuse)
        lanes = make_lanes(cluster, config.worker_pairs())
        say(f"cluster {config.name}: {len(lanes)} lane(s), agents")
        deploy(cluster, config.images.agent)
        if somebody_elses:
            check_untouched(cluster, lanes, config.images)
        systems = [SYSTEMS[name] for name in planes]
        prepare_cluster(cluster, lanes, config.images, systems, say)
        identity = cluster.identity()
        heal_lanes(cluster, lanes, config.images, lock_folder(campaign_folder, identity), say)
        write_json(
            CampaignLayout(campaign_folder).cluster,
            {
                "id": identity,
                "name": config.name,
                "kubeconfig": str(testbed.kubeconfig),
                "context": testbed.context,
                "lanes": [lane.name for lane in lanes],
            },
        )


def take_down(
    config: KindTestbed | ExistingTestbed,
    campaign_folder: Path,
    allow_context: str | None,
    say: Callable[[str], None],
) -> None:
    """Remove our cluster, or our parts of somebody else's cluster, and the marker.

    A cluster that another campaign uses stays, with a message: the last campaign removes it. It
    waits for another process as `bring_up` does. TestbedError when nodes of somebody else's cluster
    cannot be cleaned: then everything stays for another attempt.
    """
    testbed = make_testbed(config, campaign_folder, allow_context, say)
    if isinstance(testbed, Existing):
        testbed.check_allowed()
    with _alone(config, campaign_folder, say):
        testbed.connect()
        if not _is_needed(testbed, campaign_folder, say):
            if isinstance(testbed, Existing):  # our own is removed as a whole
                cluster = Cluster(testbed.kubeconfig, testbed.context)
                leave_nodes(cluster, testbed.config.images, say)
                remove_definitions(cluster, say)
            testbed.down()
        CampaignLayout(campaign_folder).cluster.unlink(missing_ok=True)


def _is_needed(testbed: Kind | Existing, campaign_folder: Path, say: Callable[[str], None]) -> bool:
    """Whether other campaigns use the cluster; then this one is removed from it, with a message.

    If none does, none can come up until this process has ended.
    """
    if campaign_folder.is_dir():
        users.hold(testbed.kubeconfig, testbed.context, campaign_folder)
    found = users.others(testbed.kubeconfig, testbed.context, campaign_folder, testbed.config.name)
    if not found:
        return False
    # if it does not answer: campaigns that have ended are ignored anyway
    with suppress(KubeconfigError, *API_FAULTS):
        users.leave(Cluster(testbed.kubeconfig, testbed.context), campaign_folder)
    say(
        f"cluster {testbed.config.name}: stays, because it is used by {users.told(found)}; "
        "the same command removes it when that campaign has ended"
        + users.way_out(found, testbed.kubeconfig, testbed.context)
    )
    return True


@contextmanager
def _alone(
    config: KindTestbed | ExistingTestbed, campaign_folder: Path, say: Callable[[str], None]
) -> Iterator[None]:
    """Hold the locks of a cluster's name; meanwhile others see this campaign run (`User.runs`)."""

    def waiting(owner: str) -> None:
        say(f"cluster {config.name}: {owner} is at it; waiting for its end")

    with ExitStack() as held:
        locks = campaign_folder.parent / STATE / f"{config.name}.lock"
        held.enter_context(one_at_a_time(locks, waiting))
        if isinstance(config, KindTestbed):
            held.enter_context(alone_at(config.name, say))
        if campaign_folder.is_dir():
            held.enter_context(one_at_a_time(campaign_folder / "locks" / "cluster.lock", waiting))
        yield


def _check_others(testbed: Kind | Existing, campaign_folder: Path, found: list[User]) -> None:
    """TestbedError when the cluster is used by another campaign, unless the two can share it.

    They can if both lock lanes in the same folder, and this one needs no other lanes or agents.
    `found` are the other campaigns that run there.
    """
    if not found:
        return
    apart = [user for user in found if not users.shares_locks(user, campaign_folder)]
    if apart:
        why = (
            f"its trials lock lanes in another place than {campaign_folder.resolve().parent}, so "
            "two trials could take the same lane at once"
        )
    else:
        cluster = Cluster(testbed.kubeconfig, testbed.context)
        why = "; ".join(_differences(cluster, testbed.config))
    if why:
        another = "another cluster"
        if isinstance(testbed, Kind):
            another = "another `name:` in the testbed's file for a cluster of its own"
        raise TestbedError(
            f"cluster {testbed.config.name} is used by {users.told(apart or found)}: {why}. "
            f"Nothing was changed. Wait for the end of that campaign, or take {another}"
            + users.way_out(found, testbed.kubeconfig, testbed.context)
        )


def _differences(cluster: Cluster, config: KindTestbed | ExistingTestbed) -> Iterator[str]:
    """Differences between the cluster and the testbed's file."""
    lanes = [(lane.client_node, lane.endpoint_node) for lane in whole_lanes(cluster)]
    wanted = config.worker_pairs()
    strays = lane_nodes(cluster) - {node for pair in wanted for node in pair}
    if lanes != wanted or strays:
        yield f"its lanes are {_pairs(lanes)}, and yours would be {_pairs(wanted)}"
    if why := why_replaced(cluster, config.images.agent):
        yield why


def _pairs(lanes: list[tuple[str, str]]) -> str:
    return "[" + ", ".join(f"[{client}, {endpoint}]" for client, endpoint in lanes) + "]"
