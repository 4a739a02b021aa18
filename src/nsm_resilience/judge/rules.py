# SPDX-License-Identifier: Apache-2.0
"""The judge's thresholds, which a study may set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nsm_resilience.study.models import Study

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rules:
    """Thresholds and windows of one record; seconds unless the name says otherwise.

    Attributes:
        loss_run: So many echoes in a row without an answer are an interruption (a count).
        loss_share: A path that loses more of its echoes outside interruptions does not live.
        late_reply_s: A reply that took longer is late.
        late_reply_share: A path that answers more of its echoes late, in the settle time at the end
            of the watch, does not answer in time.
        probe_gap_s: A longer gap in what was sent means that the data path probe stopped.
        late_fraction: More echoes than this sent later than half an interval: unknown.
        component_gap_s: A longer gap between samples of one node means that the component probe
            stopped. Ten intervals: readiness and restarts are steps, so a short gap hides nothing.
        steady_loss_fraction: More echoes than this lost before the fault: not steady. Isolated
            losses happen on a busy machine; an interruption in the steady state never passes.
        prompt_s: A new client that connects within this was served when it asked. Ten seconds is
            the kubelet's first back-off: whoever was refused once comes again after that.
        tolerance_s: How much shorter than declared a window may be for the clock's sake.
        interval_s: Seconds between two echoes.
        component_interval_s: Seconds between two samples of the component probe.
        steady_s: Time that must be green before the fault.
        settle_s: Time that the path must answer before the watch ends.
        watch_s: Length of the watch when the path does not recover earlier.
        new_connection_s: How long a new client may take.
        shared_tolerance_s: What begins in two lanes no farther apart has begun together. Two and a
            half intervals of the echoes: the first one lost may be sent an interval after what
            loses it, and half an interval late, in either lane.
        shared_least_s: Shorter losses and stalls are not compared between lanes. Five intervals.
    """

    loss_run: int = 5
    loss_share: float = 0.2
    late_reply_s: float = 0.5
    late_reply_share: float = 0.2
    probe_gap_s: float = 1.0
    late_fraction: float = 0.05
    component_gap_s: float = 5.0
    steady_loss_fraction: float = 0.01
    prompt_s: float = 10.0
    tolerance_s: float = 0.25
    interval_s: float = 0.02
    component_interval_s: float = 0.5
    steady_s: float = 10.0
    settle_s: float = 30.0
    watch_s: float = 120.0
    new_connection_s: float = 60.0
    shared_tolerance_s: float = 0.05
    shared_least_s: float = 0.1

    @classmethod
    def of(cls, meta: dict[str, Any]) -> Rules:
        """The rules that a record was made under, from its `meta.json`.

        What it says under a key that is no rule any more (`interruption_s`, until issue 14) is not
        used; what it does not say has its default.

        Raises ValueError when a threshold is not a positive number.
        """
        given: dict[str, Any] = {
            **dict(meta.get("judge") or {}),
            **dict(meta["windows"]),
            "interval_s": dict(meta["probes"])["echo_interval_s"],
            "component_interval_s": dict(meta["probes"])["component_interval_s"],
        }
        known = {name: given[name] for name in cls.__slots__ if name in given}
        for name, value in known.items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not (value > 0 and math.isfinite(value)):
                raise ValueError(f"meta.json: `{name}` must be a positive number, not {value!r}")
        if "loss_run" in known and known["loss_run"] != int(known["loss_run"]):
            raise ValueError(f"meta.json: `loss_run` is a count, not {known['loss_run']!r}")
        run = int(known.pop("loss_run", cls().loss_run))
        return cls(loss_run=run, **{name: float(value) for name, value in known.items()})

    @classmethod
    def of_study(cls, study: Study) -> Rules:
        """The rules that a study states."""
        return cls.of(
            {
                "judge": study.judge.model_dump(),
                "windows": study.windows.model_dump(),
                "probes": study.probes.model_dump(),
            }
        )


def to_ns(seconds: float) -> int:
    """Seconds as whole nanoseconds."""
    return round(seconds * NANOSECONDS)


def to_s(nanoseconds: int) -> float:
    """Nanoseconds as seconds, to the microsecond: finer digits are noise and spoil the tables."""
    return round(int(nanoseconds) / NANOSECONDS, 6)
