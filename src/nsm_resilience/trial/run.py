# SPDX-License-Identifier: Apache-2.0
"""Run one attempt of one trial, from a locked lane to a closed record."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Protocol

from nsm_resilience.agent.deploy import agents as find_agents
from nsm_resilience.faults.inject import Injector
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.mesh.manifests import CLIENT
from nsm_resilience.probes.datapath import PathProbe
from nsm_resilience.probes.fates import Fates
from nsm_resilience.probes.kinds import NODE_PROBES
from nsm_resilience.probes.node import NodeProbe
from nsm_resilience.probes.notification import NotificationProbe
from nsm_resilience.probes.pods import PodWatch
from nsm_resilience.probes.watchdog import WatchdogProbe
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.cells import SECOND_OUTAGE
from nsm_resilience.testbed.api import is_signed_out
from nsm_resilience.trial import phases
from nsm_resilience.trial.attempts import SIGNED_OUT
from nsm_resilience.trial.interrupt import REASON, OutOfTime, to_its_end
from nsm_resilience.trial.meta import AttemptPlan, describe
from nsm_resilience.trial.newcomers import Newcomers
from nsm_resilience.trial.setting import Setting, TrialVoid
from nsm_resilience.watchdog.deploy import Watchdog

LAST_ACT_S = 20.0
"""How long an interrupted attempt may take to clean its lane; seconds."""

NEEDED_LAST = ("pandas", "pyarrow.parquet", "nsm_resilience.judge.instruments")
"""Modules that an attempt needs at its end. They are imported during the wipe, which mostly waits,
so that the lane is free for the next trial at least half a second earlier."""


class Probe(Protocol):
    """Any probe that can report a problem."""

    problem: str | None


class RecordLost(RuntimeError):
    """An attempt's record cannot be written, so the attempt measured nothing."""

    def __init__(self, folder: Path, error: OSError) -> None:
        there = next(p for p in (folder, *folder.parents) if p.exists())
        free = shutil.disk_usage(there).free / 2**20
        super().__init__(
            f"the record in {folder} cannot be written: {error.strerror or error} ({free:.0f} MiB "
            "are free there). Faults are undone; make room, then the same command goes on"
        )


def run_attempt(plan: AttemptPlan) -> str | None:
    """Write the record of one attempt; returns why it is void, or None.

    In any case faults are undone, the lane is wiped and the record is closed. An error of ours (not
    of the system under test), or an interrupt, makes the attempt void and is recorded. The record
    is cut only if this process dies, or if the record can no longer be written.

    Raises:
        FileExistsError: The record exists already; it stays unchanged.
        RecordLost: The record cannot be written, for example because the disk is full.
        KeyboardInterrupt: A signal asked this process to end. Before that, faults are undone, the
            lane is wiped and the record closed, as far as possible in LAST_ACT_S.
    """
    meta = describe(plan)
    try:
        writer = RecordWriter(plan.folder, meta)
    except FileExistsError:  # an existing record, not a full disk
        raise
    except OSError as error:
        raise RecordLost(plan.folder, error) from error
    setting: Setting | None = None
    reason: str | None = None
    interrupt: KeyboardInterrupt | None = None
    try:
        writer.event("opened", data={"trial": plan.scheduled.trial, "attempt": plan.attempt})
        setting = _set(plan, writer)
        _phases(setting)
    except KeyboardInterrupt as error:
        interrupt, reason = error, str(error) or REASON
    except Exception as error:  # a bug of ours must not become a result
        reason = _why(error, writer.phase)
    with to_its_end(LAST_ACT_S, hurried=interrupt is not None):
        _end(plan, writer, setting, reason)
    if interrupt is not None:
        raise interrupt
    return reason


def _why(error: Exception, phase: str) -> str:
    told = isinstance(error, TrialVoid)
    why = str(error) if told else f"{phase}: {type(error).__name__}: {error}"
    return f"{SIGNED_OUT}: {why}" if is_signed_out(error) else why


def _end(
    plan: AttemptPlan, writer: RecordWriter, setting: Setting | None, reason: str | None
) -> None:
    """Clean the lane and close the record; RecordLost when the record cannot be written.

    OutOfTime when there is no time left to close it: the record stays cut.
    """
    try:
        if reason is not None:
            writer.event("void", data={"reason": reason})
        threading.Thread(target=_load, args=NEEDED_LAST, daemon=True).start()
        if setting is not None:
            phases.wipe(setting)
            setting.pods.stop()
        writer.close()
    except OutOfTime:
        writer.abandon()
        raise
    except OSError as error:
        if setting is not None:
            phases.undo(setting)
            setting.pods.stop()
        writer.abandon()
        raise RecordLost(plan.folder, error) from error


def _load(*modules: str) -> None:
    for module in modules:
        import_module(module)


def _set(plan: AttemptPlan, writer: RecordWriter) -> Setting:
    agents = find_agents(plan.cluster, plan.lane)
    clocks = {role: agent.clock() for role, agent in agents.items()}
    for role, clock in clocks.items():
        writer.event("clock", node=role, data=asdict(clock))
    factors = plan.scheduled.cell.factors
    remedy = None
    if factors.remedy != "none":
        watchdog = Watchdog(plan.cluster, plan.lane, factors, plan.images.agent)
        remedy = WatchdogProbe(watchdog, clocks, writer)
    return Setting(
        study=plan.study,
        scheduled=plan.scheduled,
        cluster=plan.cluster,
        cluster_id=plan.cluster_id,
        lane=plan.lane,
        mesh=Mesh(plan.cluster, plan.lane, plan.images, factors, agents),
        agents=agents,
        clocks=clocks,
        writer=writer,
        pods=PodWatch(plan.cluster, plan.lane, factors, writer),
        say=plan.say,
        remedy=remedy,
    )


def _phases(setting: Setting) -> None:
    study, scheduled, system = setting.study, setting.scheduled, setting.mesh.system
    writer, clocks, factors = setting.writer, setting.clocks, scheduled.cell.factors
    client, clock = setting.agents["client"], clocks["client"]
    fates = Fates(study.in_cell(scheduled.cell))
    path = PathProbe("path", client, clock, writer, study.probes, fates, system)
    of_nodes = [
        kind(role, agent, clocks[role], writer, factors, setting.pods)
        for kind in NODE_PROBES
        for role, agent in setting.agents.items()
    ]
    listening = system.listening_to(CLIENT, setting.lane.number)
    listener = NotificationProbe(client, clock, writer, listening)
    phases.clean(setting)
    phases.install(setting)
    phases.connect(setting, path, listener)
    newcomers = Newcomers(setting)
    _outage(setting, path, of_nodes, newcomers)
    if factors.outage == "second":
        because = phases.not_healed(setting, path)
        if because is None:
            setting.outage = 2
            _outage(setting, path, of_nodes, newcomers)
        else:
            setting.writer.event(
                "not_reached", data={"condition": SECOND_OUTAGE, "because": because}
            )
    phases.after(setting, newcomers)
    phases.undo_faults(setting)
    phases.collect(setting)
    phases.check_api(setting)
    for text in warnings(setting, [path, listener, *of_nodes]):
        setting.writer.event("warning", data={"text": text})


def warnings(setting: Setting, probes: Sequence[Probe]) -> Iterator[str]:
    """Problems that do not make an attempt void, in words."""
    remedy = [setting.remedy] if setting.remedy is not None else []
    for probe in [*probes, *remedy, *setting.logs]:
        if probe.problem:
            yield probe.problem
    for role, agent in setting.agents.items():
        if agent.dropped:
            yield f"the agent on the {role}'s node had to drop {agent.dropped} lines"
    for role, (count, text) in setting.problems.items():
        yield f"the agent on the {role}'s node did not answer {count} times, the last time: {text}"


def _outage(
    setting: Setting, path: PathProbe, of_nodes: list[NodeProbe], newcomers: Newcomers
) -> None:
    injector = Injector(setting.scenario, setting.mesh, setting.clocks, setting.writer)
    phases.steady(setting, path, of_nodes)
    fault_ns = phases.fault(setting, injector, path)
    judged = 2 if setting.scheduled.cell.factors.outage == "second" else 1
    if setting.outage == judged:
        newcomers.begin(fault_ns)
    phases.watch(setting, path, injector, fault_ns, newcomers)
