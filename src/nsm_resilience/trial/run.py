# SPDX-License-Identifier: Apache-2.0
"""Run one attempt of one trial, from a locked lane to a closed record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nsm_resilience.agent.deploy import agents as find_agents
from nsm_resilience.faults.inject import Injector
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.probes.components import ComponentProbe
from nsm_resilience.probes.datapath import PathProbe
from nsm_resilience.probes.notification import NotificationProbe
from nsm_resilience.probes.pods import PodWatch
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Study
from nsm_resilience.study.schedule import ScheduledTrial
from nsm_resilience.testbed.api import Cluster
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.config import Images
from nsm_resilience.trial import phases
from nsm_resilience.trial.meta import describe
from nsm_resilience.trial.setting import Setting, TrialVoid


def run_attempt(
    folder: Path,
    campaign: str,
    study: Study,
    scheduled: ScheduledTrial,
    attempt: int,
    cluster: Cluster,
    cluster_id: str,
    lane: Lane,
    images: Images,
    say: Callable[[str], None],
) -> str | None:
    """Write the record of one attempt into `folder`; returns why it is void, or None.

    Whatever happens on the way, faults are undone, the lane is wiped and the record is closed. An
    error of ours (not of the system under test) makes the attempt void and is recorded as such;
    only the death of this process leaves a record that is cut.
    """
    writer = RecordWriter(
        folder, describe(campaign, study, scheduled, attempt, cluster, cluster_id, lane, images)
    )
    writer.event("opened", data={"trial": scheduled.trial, "attempt": attempt})
    setting: Setting | None = None
    reason: str | None = None
    try:
        setting = _set(study, scheduled, attempt, cluster, cluster_id, lane, images, writer, say)
        _phases(setting)
    except TrialVoid as error:
        reason = str(error)
    except Exception as error:  # a bug of ours must not pass for a result
        reason = f"{writer.phase}: {type(error).__name__}: {error}"
    if reason is not None:
        writer.event("void", data={"reason": reason})
    if setting is not None:
        phases.wipe(setting)
        setting.pods.stop()
    writer.close()
    return reason


def _set(
    study: Study,
    scheduled: ScheduledTrial,
    attempt: int,
    cluster: Cluster,
    cluster_id: str,
    lane: Lane,
    images: Images,
    writer: RecordWriter,
    say: Callable[[str], None],
) -> Setting:
    """Find the lane's agents and measure their clocks."""
    agents = find_agents(cluster, lane)
    clocks = {role: agent.clock() for role, agent in agents.items()}
    for role, clock in clocks.items():
        writer.event(
            "clock",
            node=role,
            data={
                "offset_ns": clock.offset_ns,
                "error_ns": clock.error_ns,
                "same_kernel": clock.same_kernel,
                "measured_ns": clock.measured_ns,
            },
        )
    factors = scheduled.cell.factors
    mesh = Mesh(cluster, lane, images, factors, agents)
    pods = PodWatch(cluster, lane, factors.plane, writer)
    return Setting(
        study,
        scheduled,
        attempt,
        cluster,
        cluster_id,
        lane,
        mesh,
        agents,
        clocks,
        writer,
        pods,
        say,
    )


def _phases(setting: Setting) -> None:
    study, scheduled = setting.study, setting.scheduled
    path = PathProbe(
        "path",
        setting.agents["client"],
        setting.clocks["client"],
        setting.writer,
        study.probes,
        interruption_ns=int(study.judge.interruption_s * 1e9),
    )
    components = [
        ComponentProbe(
            role,
            agent,
            setting.clocks[role],
            setting.writer,
            scheduled.cell.factors.plane,
            setting.pods,
        )
        for role, agent in setting.agents.items()
    ]
    listener = NotificationProbe(setting.agents["client"], setting.clocks["client"], setting.writer)
    phases.clean(setting)
    phases.install(setting)
    phases.connect(setting, path, listener)
    _outage(setting, path, components)
    if scheduled.cell.factors.outage == "second":
        if phases.healed(setting, path):
            setting.outage = 2
            _outage(setting, path, components)
        else:
            text = "the first outage did not heal: there is no second one to look at"
            setting.writer.event("warning", data={"text": text})
    phases.after(setting)
    phases.collect(setting)
    problems = [path.problem, listener.problem, *(c.problem for c in components)]
    for problem in filter(None, problems):
        setting.writer.event("warning", data={"text": problem})


def _outage(setting: Setting, path: PathProbe, components: list[ComponentProbe]) -> None:
    injector = Injector(
        setting.scenario,
        setting.scheduled.cell.factors,
        setting.mesh,
        setting.agents,
        setting.clocks,
        setting.writer,
    )
    phases.steady(setting, path, components)
    fault_ns = phases.fault(setting, injector, path)
    phases.watch(setting, path, injector, fault_ns)
