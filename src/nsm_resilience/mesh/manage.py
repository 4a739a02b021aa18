# SPDX-License-Identifier: Apache-2.0
"""Bring a testbed up for a campaign and take it down again. Both may be repeated."""

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
from nsm_resilience.systems.known import FIRST, system_named
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
    """The testbed that a file describes, for a campaign; kubeconfigs are kept beside its folder.

    Only one that is brought up needs to know the `planes` of each system that will run.
    """
    if isinstance(config, KindTestbed):
        return Kind(config, campaign_folder.parent / STATE, say, campaign_folder, planes)
    return Existing(config, allow_context, say)


def _planes(campaign_folder: Path) -> dict[str, tuple[str, ...]]:
    """The planes of each system of a campaign's study; before it has one, the paper's, on both."""
    study = CampaignLayout(campaign_folder).study
    if study.exists():
        return load_recorded_study(study).planes
    return {FIRST: tuple(system_named(FIRST).planes)}


def bring_up(
    config: KindTestbed | ExistingTestbed,
    campaign_folder: Path,
    allow_context: str | None,
    say: Callable[[str], None],
) -> None:
    """Cluster, lanes, agents and NSM's definitions; then the marker with the cluster's id.

    Lanes that are out of use are cleaned, and put back into use where that is proved. Waits for
    another process that is at the same cluster: one that a killed run left behind, for example.
    TestbedError, and nothing is changed, where that would disturb another campaign there: looked at
    before anything else, and once more when this one is written down, before others can be.
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
        systems = [system_named(name) for name in planes]
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
    """Remove the cluster (ours) or what we put into it (somebody else's), and the marker.

    A cluster that another campaign uses stays as it is, which is said: the last one removes it.
    Waits for another process as `bring_up` does. TestbedError when nodes of somebody else's cannot
    be left clean: then all stays, so that it can be tried again.
    """
    testbed = make_testbed(config, campaign_folder, allow_context, say)
    if isinstance(testbed, Existing):
        testbed.check_allowed()
    with _alone(config, campaign_folder, say):
        testbed.connect()
        if not _is_needed(testbed, campaign_folder, say):
            if isinstance(testbed, Existing):  # ours goes as a whole
                cluster = Cluster(testbed.kubeconfig, testbed.context)
                leave_nodes(cluster, testbed.config.images, say)
                remove_definitions(cluster, say)
            testbed.down()
        CampaignLayout(campaign_folder).cluster.unlink(missing_ok=True)


def _is_needed(testbed: Kind | Existing, campaign_folder: Path, say: Callable[[str], None]) -> bool:
    """Whether other campaigns use the cluster; then this one signs off, and it is said.

    If none does, none can come up any more until this process has ended.
    """
    if campaign_folder.is_dir():
        users.hold(testbed.kubeconfig, testbed.context, campaign_folder)
    found = users.others(testbed.kubeconfig, testbed.context, campaign_folder, testbed.config.name)
    if not found:
        return False
    # where it does not answer: what has ended counts for nothing there anyway
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
    """Alone at a cluster of this name; to other campaigns this one runs meanwhile (`User.runs`)."""

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

    They can when both lock lanes in the same folder, and this one needs no other lanes or agents.
    `found` are the others that run there.
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
