# SPDX-License-Identifier: Apache-2.0
"""The new clients of one trial: each asks at its instant and waits for as long as it is patient.

Those that ask in the watch do so between two pulls of the probes, and nothing waits for their
answers: several may wait side by side, each with a pod and a prober of its own. The watch is not
over before the last of them has asked; whoever still waits then is waited for after it, beside
those that ask after the watch, one of which asks when the one before has its answer. At last it is
seen whether an ordinary pod can start at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.probes.datapath import PathProbe
from nsm_resilience.probes.fates import Fates
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.scenario import BYSTANDER, NewClient
from nsm_resilience.testbed.api import API_FAULTS, ready
from nsm_resilience.trial.setting import Setting

REPLIES = 5
"""Echoes that a new client's prober wants answered; then it ends."""


@dataclass
class _Waiting:
    """A client that has asked. Instants are nanoseconds of the runner's clock."""

    client: NewClient
    asked_ns: int
    window_s: float
    probe: PathProbe

    @property
    def end_ns(self) -> int:
        return self.asked_ns + int(self.window_s * 1e9)


@dataclass
class Newcomers:
    """The new clients of a trial. In a trial of a second outage they ask in that one."""

    setting: Setting
    _due: list[tuple[int, NewClient]] = field(default_factory=list)
    """Who asks in the watch and has not yet, and when; nobody before the fault that is judged."""
    _late: list[NewClient] = field(init=False)
    _waiting: list[_Waiting] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._late = [c for c in self.setting.scenario.clients if c.at_s is None]

    def begin(self, fault_ns: int) -> None:
        """The fault that is judged came at this instant; from now on `look` asks."""
        clients = self.setting.scenario.clients
        self._due = [(fault_ns + int(c.at_s * 1e9), c) for c in clients if c.at_s is not None]

    def look(self) -> None:
        """Ask whose instant has come, and take the answers of those who wait no longer."""
        for waiting in list(self._waiting):
            if waiting.probe.first_reply_ns is not None or time.monotonic_ns() >= waiting.end_ns:
                self._waiting.remove(waiting)
                self._end(waiting)
        while self._due and time.monotonic_ns() >= self._due[0][0]:
            self._ask(self._due.pop(0)[1])

    def looked(self) -> bool:
        """`look`, for a wait that nothing ends but its time."""
        self.look()
        return False

    @property
    def all_asked(self) -> bool:
        """Whether nobody is left who is to ask in this watch."""
        return not self._due

    def after(self) -> None:
        """Let those ask who ask after the watch, and wait until everybody has an answer."""
        while self._late or self._waiting:
            if self._late:
                self._ask(self._late.pop(0))
            newest = self._waiting[-1]
            self.setting.pump_until(newest.end_ns, partial(self._is_over, newest))
            self.look()

    def _is_over(self, waiting: _Waiting) -> bool:
        self.look()
        return waiting not in self._waiting

    def _ask(self, client: NewClient) -> None:
        setting, mesh, writer = self.setting, self.setting.mesh, self.setting.writer
        probe = PathProbe(
            "new", setting.agents[client.node], setting.clocks[client.node], writer,
            setting.study.probes, Fates(setting.study), mesh.system, node=client.node,
            script_name=f"new-{client.id}", client=client.id,
        )  # fmt: skip
        setting.handlers[(client.node, probe.script_name)] = probe.on_line
        asked_ns = time.monotonic_ns()
        mesh.start_pod("client-plain.yaml", client.pod, mesh.lane.nodes[client.node])
        writer.event(
            "asked", node=client.node, target=client.pod, t_ns=asked_ns,
            data={"pod": client.pod, "client": client.id, "at_s": client.at_s},
        )  # fmt: skip
        uid = mesh.pod(client.pod)["metadata"]["uid"]
        window_s = client.waits_s(setting.windows.new_connection_s)
        probe.start(uid, until_replies=REPLIES, max_s=window_s)
        self._waiting.append(_Waiting(client, asked_ns, window_s, probe))

    def _end(self, waiting: _Waiting) -> None:
        setting, client, probe = self.setting, waiting.client, waiting.probe
        setting.agents[client.node].stop(probe.script_name)
        setting.pump()
        first = probe.first_reply_ns
        answered = first is not None and first <= waiting.end_ns
        setting.writer.event(
            "new_connection",
            node=client.node,
            target=client.pod,
            data={
                "client": client.id,
                "answered": answered,
                "seconds": (first - waiting.asked_ns) / 1e9 if answered and first else None,
                "window_s": waiting.window_s,
                "asked_ns": waiting.asked_ns,
                "stage": stage_of(setting.mesh, client.pod),
                "problem": probe.problem,
            },
        )


def stage(pod: Mapping[str, Any]) -> str:
    """How far a pod has come, in one sentence."""
    status = pod["status"]
    phase, reason = str(status.get("phase")), status.get("reason")
    for container in status.get("initContainerStatuses") or []:
        who, state = f"init container {container['name']}", container.get("state", {})
        if "waiting" in state:
            return f"{who} waits: {state['waiting'].get('reason')}"
        if "running" in state:
            return f"{who} runs: it asks and has no answer yet"
        ended = state.get("terminated")
        if ended is not None and ended["exitCode"] != 0:
            return f"{who} ended with {ended['exitCode']}: {ended.get('reason')}"
    missing = [c["type"] for c in status.get("conditions") or [] if c["status"] != "True"]
    if reason or phase == "Failed":
        return f"{phase}: {reason}: {status.get('message')}"
    return f"{phase}, not {', '.join(missing)}" if missing else phase


def stage_of(mesh: Mesh, name: str) -> str:
    """`stage` of a pod by name, also when the API server does not answer."""
    try:
        return stage(mesh.pod(name))
    except API_FAULTS as error:
        return f"unknown: {error}"


def bystander(
    mesh: Mesh, writer: RecordWriter, role: str, window_s: float, pump: Callable[[], None]
) -> None:
    """Start an ordinary pod and record how long it took to be Ready, or that it did not.

    Between two looks `pump` is called: the probes go on, and it sees when the API server is away.
    """
    asked_ns = time.monotonic_ns()
    mesh.start_bystander(BYSTANDER, mesh.lane.nodes[role])
    seconds: float | None = None
    while seconds is None and time.monotonic_ns() - asked_ns < window_s * 1e9:
        try:
            if ready(mesh.pod(BYSTANDER)):
                seconds = (time.monotonic_ns() - asked_ns) / 1e9
                break
        except API_FAULTS:
            pass
        pump()
        time.sleep(0.25)
    writer.event(
        "bystander",
        node=role,
        target=BYSTANDER,
        data={
            "started": seconds is not None,
            "seconds": seconds,
            "window_s": window_s,
            "asked_ns": asked_ns,
            "stage": stage_of(mesh, BYSTANDER),
        },
    )
