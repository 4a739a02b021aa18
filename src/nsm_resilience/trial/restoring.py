# SPDX-License-Identifier: Apache-2.0
"""Restore a shared part of the cluster that a fault has hit, before the trial ends.

A wipe of the lane does not touch shared parts. So after any fault (kill, deletion, stop, damaged
socket) the runner waits until the part serves again, or recreates it. For each such fault it
records an event `undo` in the phase `undo`, at the instant of the proof.
"""

from __future__ import annotations

import time

from nsm_resilience.faults.base import hits_shared, plan
from nsm_resilience.mesh.shared_health import NotServing, prove_serving
from nsm_resilience.testbed.api import API_FAULTS
from nsm_resilience.trial.setting import Setting


def restore_shared(setting: Setting) -> str | None:
    """Make shared parts serve the lane again; returns the problem, or None without one.

    A problem does not end this trial, whose watch is over; but the next one on the lane cannot
    begin.
    """
    factors = setting.scheduled.cell.factors
    hit = [one for one in plan(setting.scenario, factors) if hits_shared(one, factors)]
    if not hit:
        return None
    begin_ns = time.monotonic_ns()
    problem: str | None = None
    try:
        proof = prove_serving(
            setting.cluster, setting.mesh.system, setting.lane, setting.agents, setting.pump
        )
        checks, made_anew = proof.checks, proof.made_anew
    except NotServing as error:
        problem, checks, made_anew = str(error), error.checks, error.made_anew
    except API_FAULTS as error:
        problem, checks, made_anew = str(error), (), ()
    for one in hit:
        setting.writer.event(
            "undo",
            node=one.role,
            target=one.fault.target,
            data={
                "id": one.id, "ok": problem is None, "checks": list(checks),
                "made_anew": list(made_anew), "t_begin_ns": begin_ns,
            },
        )  # fmt: skip
    if problem is not None:
        setting.writer.event("warning", data={"text": problem})
    return problem
