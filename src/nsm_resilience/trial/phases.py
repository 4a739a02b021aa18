# SPDX-License-Identifier: Apache-2.0
"""The phases of one trial, each from its begin to its end event (study.md, "One trial")."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from typing import Any

from nsm_resilience.agent.client import Agent, AgentError, at_once
from nsm_resilience.faults.inject import SCRIPT, Injector
from nsm_resilience.host.environment import load
from nsm_resilience.mesh.manifests import CLIENT
from nsm_resilience.probes.datapath import PathProbe
from nsm_resilience.probes.kinds import NODE_PROBES
from nsm_resilience.probes.logs import LogProbe
from nsm_resilience.probes.node import NodeProbe
from nsm_resilience.probes.notification import SCRIPT as LISTENER
from nsm_resilience.probes.notification import NotificationProbe
from nsm_resilience.record.events import NEVER_STOPPED, RECOVERED, Phase
from nsm_resilience.study.duration import after_s, lasts_s
from nsm_resilience.testbed.api import API_FAULTS, NAMESPACES, labels_of, name_of, ready
from nsm_resilience.testbed.lanes import confirm_lane
from nsm_resilience.trial.interrupt import OutOfTime
from nsm_resilience.trial.newcomers import Newcomers, bystander
from nsm_resilience.trial.restoring import restore_shared
from nsm_resilience.trial.setting import Setting, TrialVoid

API_BACK_S = 90.0
"""How long a phase waits for an API server that is away; seconds."""
API_LOSS_S = 5.0
"""An API server that was away for longer in an attempt makes it void; seconds."""
UNDONE_WATCH_S = 5.0
"""How long the probes run on after the undo of a fault that lasted until the end; seconds. The
longest loss of another lane after an undo in a recorded campaign was 3.1 s."""
ARM_S = 2.0
"""From the order of the faults to their instant: time for both agents to find their targets."""


@contextmanager
def phase(setting: Setting, name: Phase) -> Iterator[None]:
    """Bracket a phase with its events; an API server that does not answer makes the trial void.

    Between two phases the runner waits for an API server that is away: the probes run on, and the
    agents keep their lines.
    """
    setting.writer.begin(name)
    setting.say(name)
    try:
        setting.wait_for_api(API_BACK_S)
        yield
    except API_FAULTS as error:
        raise TrialVoid(f"{name}: {error}") from error
    setting.writer.end(name)


def clean(setting: Setting) -> None:
    """Remove everything of earlier trials from the lane, and prove it."""
    with phase(setting, "clean"):
        at_once(setting.agents, Agent.reset)
        setting.events_before = {_version(event) for event in _events(setting)}
        proof = setting.mesh.wipe()
        setting.writer.event("clean", data={"proof": proof})


def install(setting: Setting) -> None:
    """Install NSM on both nodes, the remedy of the arm, and the endpoint, and wait for all.

    First the shared parts must be proved to serve this lane: otherwise the trial would show an
    effect of an earlier one.
    """
    with phase(setting, "install"):
        shared = setting.mesh.share()
        if shared is not None:
            setting.writer.event("shared", data=asdict(shared))
        setting.pods.start()
        for role, agent in setting.agents.items():
            logs = LogProbe(role, agent, setting.clocks[role], setting.writer)
            setting.logs.append(logs)
            setting.handlers[(role, "follow")] = logs.on_line
            logs.start(setting.lane.namespace)
        setting.mesh.install()
        if setting.remedy is not None:
            setting.remedy.start()
        setting.mesh.start_endpoints(setting.scenario.spare_endpoint)


def connect(setting: Setting, path: PathProbe, listener: NotificationProbe) -> None:
    """Connect the client, wait until its path answers, and start the listener beside it."""
    with phase(setting, "connect"):
        begin = time.monotonic()
        pod = setting.mesh.start_client(CLIENT)
        seconds = time.monotonic() - begin
        uid = pod["metadata"]["uid"]
        setting.handlers[("client", path.script_name)] = path.on_line
        path.start(uid, max_s=lasts_s(setting.windows, setting.scenario))
        answered = setting.pump_until(
            time.monotonic_ns() + int(15e9), lambda: path.first_reply_ns is not None
        )
        if not answered:
            raise TrialVoid(
                f"connect: the client is Ready, but no echo was answered within 15 s "
                f"({path.problem or path.ended or 'the prober runs'})"
            )
        setting.writer.event("connected", node="client", data={"pod": CLIENT, "seconds": seconds})
        setting.handlers[("client", LISTENER)] = listener.on_line
        listener.start(CLIENT, uid)


def steady(setting: Setting, path: PathProbe, probes: list[NodeProbe]) -> None:
    """Watch the path for the steady time; a loss or an unready pod makes the trial void."""
    with phase(setting, "steady"):
        for probe in probes:
            if (probe.role, probe.SCRIPT) not in setting.handlers:
                setting.handlers[(probe.role, probe.SCRIPT)] = probe.on_line
                probe.start(setting.study.probes)
        snapshot(setting, setting.name_of("before"))
        unanswered = path.unanswered
        begin = time.monotonic_ns()
        end = begin + int(setting.windows.steady_s * 1e9)
        setting.pump_until(end)
        if path.unanswered > unanswered or path.problem:
            raise TrialVoid(
                f"steady: {path.unanswered - unanswered} echoes without a reply before any fault "
                f"{path.problem or ''}"
            )
        if not path.answers(end):
            raise TrialVoid("steady: the data path probe is silent")
        pods = setting.cluster.pods(setting.lane.namespace)
        unready = [name_of(p) for p in pods if not ready(p)]
        if unready:
            raise TrialVoid(f"steady: not Ready: {', '.join(unready)}")


def fault(setting: Setting, injector: Injector, path: PathProbe) -> int:
    """Inject all faults at one instant; returns it (runner's clock, ns).

    In a control it is the instant at which a fault would have come.
    """
    with phase(setting, "fault"):
        confirm_lane(setting.cluster, setting.lane)
        try:
            injector.prepare()
        except LookupError as error:
            raise TrialVoid(f"fault: {error}") from error
        at_ns = time.monotonic_ns() + int(ARM_S * 1e9)
        windows = setting.windows
        life_s = windows.watch_s + after_s(windows, setting.scenario) + 60
        for role in setting.agents:
            setting.handlers[(role, SCRIPT)] = partial(injector.on_line, role)
        injector.order(at_ns, at_ns + int(life_s * 1e9))
        if time.monotonic_ns() > at_ns:
            raise TrialVoid("fault: ordering the injection took longer than its lead time")
        path.fates.watch_from(at_ns)
        # Nothing else runs until then, because threads of this process may have to delete pods.
        time.sleep(max(0.0, (at_ns - time.monotonic_ns()) / 1e9 + 0.3))
        setting.pump()
        setting.writer.event("fault_instant", t_ns=at_ns, data={"t_fault_ns": at_ns})
        return at_ns


def watch(
    setting: Setting, path: PathProbe, injector: Injector, fault_ns: int, newcomers: Newcomers
) -> None:
    """Watch the path until it has recovered and settled, or until the window ends.

    A path that never stopped is watched for the whole window: NSM's own healing may break it late
    (anchors-resilience, rule 4), and only the whole window shows that it did not. Delayed faults
    and timed undos lie within the window, and the settle time counts from the last of them. The
    watch does not end before all new clients of the watch have asked.
    """
    with phase(setting, "watch"):
        windows = setting.windows
        end_ns = fault_ns + int(windows.watch_s * 1e9)
        # The first seconds are only pumped, so that deletions can take effect before their proofs.
        setting.pump_until(fault_ns + int(3e9), newcomers.looked)
        injector.prove_actions()
        snapshot(setting, setting.name_of("fault"))
        settle_ns = int(windows.settle_s * 1e9)
        last_act_ns = fault_ns + int(setting.scenario.last_act_s * 1e9)

        def is_over() -> bool:
            newcomers.look()
            # a delayed fault or an undo may break the path again
            late = time.monotonic_ns() - last_act_ns
            acted = last_act_ns == fault_ns or late >= settle_ns
            return newcomers.all_asked and acted and path.settled()

        settled = setting.pump_until(end_ns, is_over)
        if settled:
            because = RECOVERED
        elif not path.interrupted() and path.answers(end_ns):
            because = NEVER_STOPPED
        else:
            because = "window over"
        # The instant of the decision; the runner has not evaluated later echoes.
        setting.writer.event(
            "watch_end",
            t_ns=path.last_reply_ns if settled else None,
            data={
                "because": because,
                "load": load(),
                "prober_priority": path.priority,
                "problem": path.problem,
                # known at that time: the judge compares it with the table of echoes
                "echoes": path.sent,
                "unanswered": path.unanswered,
            },
        )


def not_healed(setting: Setting, path: PathProbe) -> str | None:
    """Undo lasting faults, and return why no second outage is possible; None if one is.

    It requires that the path answers, and that every pod is Ready within the length of a watch.
    """
    for role, agent in setting.agents.items():
        if (role, SCRIPT) in setting.handlers:
            agent.stop(SCRIPT)
            setting.pump()  # its last lines belong to this outage
            del setting.handlers[(role, SCRIPT)]
    shared = restore_shared(setting)
    if shared is not None:
        return shared
    if not path.healed():
        return "the path did not come back and settle after the first"
    if not path.answers(time.monotonic_ns()):  # it stopped and did not recover
        return "the path did not answer after the first"

    def unready() -> list[str]:
        return [name_of(p) for p in setting.cluster.pods(setting.lane.namespace) if not ready(p)]

    watch_s = setting.windows.watch_s
    if setting.pump_until(time.monotonic_ns() + int(watch_s * 1e9), lambda: not unready()):
        return None
    return f"{', '.join(unready()) or 'a pod'} was not Ready within {watch_s:g} s of the first"


def after(setting: Setting, newcomers: Newcomers) -> None:
    """Start the new clients that ask after the watch, then an ordinary pod."""
    with phase(setting, "after"):
        newcomers.after()
        window_s = setting.windows.bystander_s
        bystander(setting.mesh, setting.writer, "client", window_s, setting.pump)


def undo_faults(setting: Setting) -> None:
    """Take a snapshot, undo lasting faults, and watch their effect.

    The undo has a phase of its own, with the probes running: continuing a data plane disturbs paths
    of this lane and of others, and the records must show when and how (issue 14, section 1).
    """
    with phase(setting, "undo"):
        if setting.remedy is not None:
            setting.remedy.stop()
        # before the undo: a client that connects because of it must not seem connected before
        snapshot(setting, "after")
        injecting = [a for role, a in setting.agents.items() if (role, SCRIPT) in setting.handlers]
        for agent in injecting:
            agent.stop(SCRIPT)
        setting.pump()
        restore_shared(setting)
        if injecting and setting.scenario.lasts(setting.scheduled.cell.factors.failure):
            setting.pump_until(time.monotonic_ns() + int(UNDONE_WATCH_S * 1e9))


def collect(setting: Setting) -> None:
    """Stop the probes, record their last lines and the Kubernetes events."""
    with phase(setting, "collect"):
        for agent in setting.agents.values():
            agent.stop("path", *(probe.SCRIPT for probe in NODE_PROBES), LISTENER)
        setting.pump()
        new = [e for e in _events(setting) if _version(e) not in setting.events_before]
        setting.writer.kubernetes_events(new)
        for agent in setting.agents.values():
            agent.stop("follow")
        setting.pump()
        setting.pods.stop()
        identity = setting.cluster.identity()
        setting.writer.event("cluster", data={"id": identity})
        if identity != setting.cluster_id:
            raise TrialVoid("collect: the cluster is not the one the trial began on")


def _events(setting: Setting) -> list[dict[str, Any]]:
    """Kubernetes events of the lane's namespace; those of earlier trials stay there for an hour.

    A trial drops those that existed before it. It does not go by their times, because somebody may
    set the wall clock.
    """
    path = f"{NAMESPACES}/{setting.lane.namespace}/events"
    items = setting.cluster.find(path, timeout_s=20)
    for item in items:
        item.get("metadata", {}).pop("managedFields", None)
    return items


def _version(event: dict[str, Any]) -> tuple[str, str]:
    """Identity of an event with its version: a repeated event has a new version."""
    meta = event.get("metadata", {})
    return str(meta.get("uid")), str(meta.get("resourceVersion"))


def wipe(setting: Setting) -> None:
    """Remove everything; if that fails, record a warning and leave it to the next trial."""
    setting.writer.begin("wipe")
    setting.say("wipe")
    try:
        at_once(setting.agents, Agent.reset)
        setting.writer.event("clean", data={"proof": setting.mesh.wipe()})
    except (Exception, OutOfTime) as error:  # the record is complete all the same
        setting.writer.event("warning", data={"text": f"the lane was left dirty: {error}"})
    setting.writer.end("wipe")


def check_api(setting: Setting) -> None:
    """Make the attempt void when the API server was away, because NSM's registry is there.

    The behaviour of a path or a new client then says nothing about the declared fault.
    """
    if setting.api_away_s > API_LOSS_S:
        raise TrialVoid(
            f"the API server was away for {setting.api_away_s:.0f} s, which is no fault of the "
            f"scenario ({API_LOSS_S:g} s are allowed)"
        )


def undo(setting: Setting) -> None:
    """Undo every fault without a record; the next trial's `clean` cleans the lane."""
    for agent in setting.agents.values():
        # an agent that cannot be reached undoes its faults by itself when they expire
        with suppress(AgentError, *API_FAULTS):
            agent.reset()


def snapshot(setting: Setting, name: str) -> None:
    """State of both nodes, the pods and NSM's registry at one moment."""
    pods = setting.cluster.pods(setting.lane.namespace)
    nodes = {}
    for role, agent in setting.agents.items():
        uids = {
            name_of(p): p["metadata"]["uid"]
            for p in pods
            if p["spec"].get("nodeName") == agent.node and labels_of(p).get("app") != "bystander"
            and not p["spec"].get("hostNetwork")
        }  # fmt: skip
        order = {
            "programs": setting.mesh.system.programs(setting.mesh.factors.plane),
            "sockets": setting.mesh.system.socket_patterns(),
            "pods": uids,
        }
        (line,) = agent.run("snapshot", order)
        line.pop("kind")
        line["t_ns"] = setting.clocks[role].to_runner(line["t_ns"])
        nodes[role] = line
    setting.writer.snapshot(
        name,
        {
            "t_ns": time.monotonic_ns(),
            "nodes": nodes,
            "resources": setting.mesh.custom_resources(),
            "pods": [p["status"] | {
                "name": name_of(p), "uid": p["metadata"]["uid"], "node": p["spec"].get("nodeName")}
                for p in pods],
        },
    )  # fmt: skip
