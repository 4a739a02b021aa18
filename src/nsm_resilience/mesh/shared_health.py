# SPDX-License-Identifier: Apache-2.0
"""Does the shared part of a cluster serve a lane? Pods that do not are recreated.

Ready is the result of a probe some seconds ago. So each pod's own health check is run, and on the
lane's nodes the agent checks that the sockets exist, are sockets, and answer. A part that a fault
broke is checked like this before the trial ends (trial/restoring.py), and all of it before the next
one begins (mesh/shared.py), because a wipe of the lane does not touch it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nsm_resilience.agent.client import Agent, AgentError, at_once
from nsm_resilience.systems.base import Shared, System
from nsm_resilience.testbed.api import (
    API_FAULTS,
    ApiUnavailable,
    Cluster,
    labels_of,
    name_of,
    ready,
    wait_for,
)
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.exec import run_in_pod

PATIENCE_S = 45.0
"""How long to wait for a pod before it is recreated: longer than the kubelet needs for a container
that ended twice (its back-off begins with 10 s), and a busy machine for a new pod; seconds."""
SERVES_S = 120.0
"""Longest time in all; seconds."""
INTERVAL_S = 1.0
"""Time between two rounds of checks; seconds."""
CHECK_S = 10.0
"""How long a pod's own health check may take; seconds."""
RENEWAL_GRACE_S = 5
"""Grace period of pods that are recreated; seconds."""


@dataclass(frozen=True)
class Look:
    """One check, {check, ok, before, after} as in a fault's proof.

    `pod` is the pod to recreate if it keeps failing; empty where that does not help.
    """

    pod: str
    check: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the check holds."""
        return self.check["ok"] is True


@dataclass(frozen=True)
class Proof:
    """The proof that everything serves: the checks, and the pods that were recreated."""

    checks: tuple[dict[str, Any], ...]
    made_anew: tuple[str, ...]


class NotServing(ApiUnavailable):
    """The shared part does not serve a lane; `checks` are the last ones."""

    def __init__(self, what: str, seconds: float, looks: list[Look], made_anew: list[str]) -> None:
        self.checks = tuple(one.check for one in looks)
        self.made_anew = tuple(made_anew)
        wrong = "; ".join(f"not so: {one.check['check']}" for one in looks if not one.ok)
        anew = f" (made anew: {', '.join(made_anew)})" if made_anew else ""
        super().__init__(
            f"what {what} gives to every lane does not serve this one after {seconds:.0f} s{anew}: "
            f"{wrong}"
        )


def prove_serving(
    cluster: Cluster,
    system: System,
    lane: Lane,
    agents: Mapping[str, Agent],
    meanwhile: Callable[[], None] = lambda: None,
) -> Proof:
    """Wait until everything serves; pods that do not after PATIENCE_S are recreated once.

    `meanwhile` is called between two rounds of checks. NotServing after SERVES_S.
    """
    shared = system.shared
    assert shared is not None
    begin = time.monotonic()
    made_anew: list[str] = []
    while True:
        try:
            found = list(_looks(cluster, system, lane, agents))
        except (*API_FAULTS, AgentError) as error:  # it counts as a failed check
            found = [Look("", _seen("everybody who is asked answers", False, str(error)))]
        wrong = [one for one in found if not one.ok]
        if not wrong:
            return Proof(tuple(one.check for one in found), tuple(made_anew))
        waited = time.monotonic() - begin
        if waited > SERVES_S:
            raise NotServing(shared.namespace, waited, found, made_anew)
        broken = sorted({one.pod for one in wrong} - {""})
        if waited > PATIENCE_S and broken and not made_anew:
            made_anew = broken
            renew(cluster, shared, broken, SERVES_S)
        meanwhile()
        time.sleep(INTERVAL_S)


def renew(cluster: Cluster, shared: Shared, pods: Collection[str], timeout_s: float) -> None:
    """Delete pods, so that their owner recreates them; ApiUnavailable when they stay."""
    if not pods:
        return
    cluster.delete_pods(shared.namespace, pods, grace_s=RENEWAL_GRACE_S)
    wait_for(
        f"other pods than {', '.join(pods)} in {shared.namespace}",
        lambda: not set(pods) & {name_of(pod) for pod in cluster.pods(shared.namespace)},
        timeout_s,
    )


def _looks(
    cluster: Cluster, system: System, lane: Lane, agents: Mapping[str, Agent]
) -> Iterator[Look]:
    """The checks of everything in the shared part that a lane needs."""
    shared = system.shared
    assert shared is not None
    pods = cluster.pods(shared.namespace, shared.selector)
    main = next((pod for pod in pods if name_of(pod) == shared.pod), None)
    yield from _pod(cluster, shared, main, shared.pod, "")
    on: dict[tuple[str, str], str] = {}
    for node in lane.nodes.values():
        for app in sorted(system.shared_apps()):
            pod = next((p for p in pods if _is(p, app, node)), None)
            on[node, app] = "" if pod is None else name_of(pod)
            yield from _pod(cluster, shared, pod, f"{app} on {node}", on[node, app])
    parts = system.components_by_name()
    order = {"sockets": system.shared_sockets()}
    for role, (line,) in at_once(agents, lambda agent: agent.run("watch", order)).items():
        node = agents[role].node
        for name, path, inode, kind, answers in line["rows"]:
            app = parts[system.sockets[name].owner].app
            lies = {"path": path, "inode": inode, "kind": kind, "answers": answers}
            what = f"a socket that answers is at {path} on {node}"
            ok = kind == "socket" and answers is True
            yield Look(on.get((node, app), ""), _seen(what, ok, lies))


def _is(pod: Any, app: str, node: str) -> bool:
    """Whether a pod has the label, runs on the node, and is not being deleted."""
    return (
        labels_of(pod).get("app") == app
        and pod["spec"].get("nodeName") == node
        and not pod["metadata"].get("deletionTimestamp")
    )


def _pod(cluster: Cluster, shared: Shared, pod: Any, what: str, anew: str) -> Iterator[Look]:
    """The checks of one pod: it exists and is Ready, and passes its own health check."""
    is_ready = pod is not None and ready(pod)
    yield Look(anew, _seen(f"{what} is Ready", is_ready, None if pod is None else name_of(pod)))
    command = shared.healthy.get("" if pod is None else labels_of(pod).get("app", ""))
    if pod is None or not is_ready or command is None:
        return
    container = labels_of(pod)["app"]
    try:
        code, said = run_in_pod(
            cluster, shared.namespace, name_of(pod), container, command, timeout_s=CHECK_S
        )
    except API_FAULTS as error:
        code, said = -1, str(error)
    after = {"exit_code": code, "said": said.strip()[-200:]}
    yield Look(anew, _seen(f"{what} passes its own health check", code == 0, after))


def _seen(what: str, ok: bool, after: Any) -> dict[str, Any]:
    return {"check": what, "ok": ok, "before": None, "after": after}
