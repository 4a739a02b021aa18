# SPDX-License-Identifier: Apache-2.0
"""The new clients of one trial: each asks at its instant and waits until its patience ends.

Clients of the watch ask between two pulls of the probes, and nothing waits for their answers:
several may wait at once, each with a pod and a prober of its own. The watch does not end before the
last of them has asked. Those that still wait then keep waiting after it, beside the clients that
ask after the watch, each of which asks when the one before has its result. Last, an ordinary pod is
started.
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
"""A new client's prober ends after this many replies."""


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
    """The new clients of a trial; in a trial of a second outage they ask in the second."""

    setting: Setting
    _due: list[tuple[int, NewClient]] = field(default_factory=list)
    """Clients of the watch that have not asked yet, with their instants; empty before the judged
    fault."""
    _late: list[NewClient] = field(init=False)
    _waiting: list[_Waiting] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._late = [c for c in self.setting.scenario.clients if c.at_s is None]

    def begin(self, fault_ns: int) -> None:
        """Start the clients' times at the instant of the judged fault; from now on `look` asks."""
        clients = self.setting.scenario.clients
        self._due = [(fault_ns + int(c.at_s * 1e9), c) for c in clients if c.at_s is not None]

    def look(self) -> None:
        """Start clients whose instant has come, and record results of those that are done."""
        for waiting in list(self._waiting):
            if waiting.probe.first_reply_ns is not None or time.monotonic_ns() >= waiting.end_ns:
                self._waiting.remove(waiting)
                self._end(waiting)
        while self._due and time.monotonic_ns() >= self._due[0][0]:
            self._ask(self._due.pop(0)[1])

    def looked(self) -> bool:
        """`look` as a condition that never ends a wait."""
        self.look()
        return False

    @property
    def all_asked(self) -> bool:
        """Whether all clients of this watch have asked."""
        return not self._due

    def after(self) -> None:
        """Start the clients that ask after the watch, and wait until all have a result."""
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
    """The progress of a pod's start as a clause."""
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

    `pump` is called between two queries: it keeps the probes going, and notices when the API server
    is away.
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
