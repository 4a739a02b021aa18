# SPDX-License-Identifier: Apache-2.0
"""After the watch: can a new client get a connection, and can an ordinary pod start at all?"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.testbed.api import API_FAULTS, ready

NEWCOMER = "newcomer"
BYSTANDER = "bystander"


def ask(mesh: Mesh, writer: RecordWriter, role: str) -> tuple[Any, int]:
    """Create a new client on one node; returns its pod and the instant it was asked for."""
    asked_ns = time.monotonic_ns()
    pod = f"{NEWCOMER}-{role}"
    mesh.start_pod("client-plain.yaml", pod, mesh.lane.nodes[role])
    writer.event("asked", node=role, target=pod, t_ns=asked_ns, data={"pod": pod})
    return mesh.pod(pod), asked_ns


def stage(pod: Any) -> str:
    """How far a pod has come, in one sentence."""
    for status in pod.status.init_container_statuses or []:
        if status.state.waiting is not None:
            return f"init container {status.name} waits: {status.state.waiting.reason}"
        if status.state.running is not None:
            return f"init container {status.name} runs: it asks and has no answer yet"
        ended = status.state.terminated
        if ended is not None and ended.exit_code != 0:
            return f"init container {status.name} ended with {ended.exit_code}: {ended.reason}"
    conditions = [c for c in pod.status.conditions or [] if c.status != "True"]
    if pod.status.reason or pod.status.phase == "Failed":
        return f"{pod.status.phase}: {pod.status.reason}: {pod.status.message}"
    if conditions:
        return f"{pod.status.phase}, not {', '.join(c.type for c in conditions)}"
    return str(pod.status.phase)


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
    mesh.start_pod("bystander.yaml", BYSTANDER, mesh.lane.nodes[role])
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
