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

    rulebook.md explains each of them.
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

        Retired keys (`interruption_s`, until issue 14) are ignored; missing keys have defaults.

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
    """Nanoseconds as seconds, rounded to the microsecond: finer digits are noise in the tables."""
    return round(int(nanoseconds) / NANOSECONDS, 6)
