# SPDX-License-Identifier: Apache-2.0
"""Can a new client get a connection, and can an ordinary pod start at all?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.scenario import BYSTANDER, NewClient
from nsm_resilience.testbed.api import API_FAULTS, ready


def ask(mesh: Mesh, writer: RecordWriter, client: NewClient) -> tuple[Any, int]:
    """Create a new client; returns its pod and the instant it was asked for."""
    asked_ns = time.monotonic_ns()
    mesh.start_pod("client-plain.yaml", client.pod, mesh.lane.nodes[client.node])
    writer.event(
        "asked", node=client.node, target=client.pod, t_ns=asked_ns,
        data={"pod": client.pod, "client": client.id, "at_s": client.at_s},
    )  # fmt: skip
    return mesh.pod(client.pod), asked_ns


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
