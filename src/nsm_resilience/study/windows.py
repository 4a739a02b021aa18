# SPDX-License-Identifier: Apache-2.0
"""Windows of a trial, rates of the probes, and the judge's thresholds; times in seconds."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from nsm_resilience.study.fault import Model, Seconds
from nsm_resilience.study.mistake import Mistake


def _check_settle(settle_s: float, watch_s: float, *key: str) -> None:
    """Mistake when a settle time does not fit into its watch; `key` is the key above both."""
    if settle_s >= watch_s:
        raise Mistake(
            f"settle_s ({settle_s:g}) must be shorter than watch_s ({watch_s:g}): a path that "
            "recovers needs the settle time inside the watch",
            (*key, "settle_s"),
            (*key, "watch_s"),
        )


class Windows(Model):
    """How long each phase of a trial is, fixed before the run (study.md, "One trial"); seconds."""

    steady_s: Seconds = 10.0
    settle_s: Seconds = 30.0
    watch_s: Seconds = 120.0
    new_connection_s: Seconds = 60.0
    bystander_s: Seconds = 30.0

    @model_validator(mode="after")
    def _settle_fits_into_watch(self) -> Self:
        _check_settle(self.settle_s, self.watch_s)
        return self


class FullWindows(Model):
    """The windows of cells with `watch: full`; defaults are those of `windows`; seconds."""

    watch_s: Seconds
    settle_s: Seconds | None = None
    steady_s: Seconds | None = None
    new_connection_s: Seconds | None = None
    bystander_s: Seconds | None = None

    def over(self, usual: Windows) -> Windows:
        """All windows; Mistake when they contradict each other or the watch is not longer."""
        if self.watch_s <= usual.watch_s:
            raise Mistake(
                f"full: watch_s ({self.watch_s:g}) must be longer than that of `windows` "
                f"({usual.watch_s:g})",
                ("full", "watch_s"),
                ("windows", "watch_s"),
            )
        _check_settle(self.settle_s or usual.settle_s, self.watch_s, "full")
        return Windows.model_validate({**usual.model_dump(), **self.model_dump(exclude_none=True)})


class Probes(Model):
    """Rates of the probes; seconds between two samples."""

    echo_interval_s: Annotated[float, Field(ge=0.005, le=1)] = 0.02
    echo_deadline_s: Annotated[float, Field(gt=0, le=10)] = Field(
        default=2.0, description="An echo without a reply after this is lost."
    )
    component_interval_s: Annotated[float, Field(ge=0.1, le=10)] = 0.5


class JudgeRules(Model):
    """Thresholds of the judge, fixed with the study so that no verdict is tuned afterwards."""

    ADDED_LATER = frozenset({"prompt_s", "shared_tolerance_s", "shared_least_s"})

    loss_run: Annotated[int, Field(ge=1, strict=True)] = Field(
        default=5,
        description="So many echoes in a row that were never answered are an interruption.",
    )
    loss_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.2,
        description="A path that loses more of its echoes outside interruptions does not live.",
    )
    late_reply_s: Annotated[float, Field(gt=0, le=10)] = Field(
        default=0.5, description="A reply that took longer is late: a quarter of the deadline."
    )
    late_reply_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.2,
        description="A path that answers more of its echoes late, in the settle time at the end of "
        "the watch, does not answer in time.",
    )
    probe_gap_s: Seconds = Field(
        default=1.0, description="A longer gap in what was sent means that the probe stopped."
    )
    late_fraction: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.05, description="More echoes than this sent late make the trial unknown."
    )
    prompt_s: Seconds = Field(
        default=10.0,
        description="A new client that connects within this was served when it asked; one that "
        "needs longer asked while new clients were refused.",
    )
    shared_tolerance_s: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.05,
        description="Losses or stalls in two lanes whose begins are no farther apart began "
        "together. Two and a half echo intervals: in either lane the first lost echo may be sent "
        "an interval after its cause, and half an interval late.",
    )
    shared_least_s: Seconds = Field(
        default=0.1,
        description="Shorter losses and stalls are not compared between lanes (seconds).",
    )

    def check(self, probes: Probes, windows: Windows) -> None:
        """Mistake when a threshold does not fit the rate of the probes or the windows."""
        if self.late_reply_s >= probes.echo_deadline_s:
            raise Mistake(
                f"judge: late_reply_s ({self.late_reply_s:g}) must be shorter than "
                f"probes.echo_deadline_s ({probes.echo_deadline_s:g}): what is answered later "
                f"is lost; write `late_reply_s: {probes.echo_deadline_s / 4:g}`",
                ("judge", "late_reply_s"),
                ("probes", "echo_deadline_s"),
            )
        if self.loss_run * probes.echo_interval_s >= windows.watch_s:
            raise Mistake(
                f"judge: loss_run ({self.loss_run:g}) echoes, one every echo_interval_s "
                f"({probes.echo_interval_s:g}), must be shorter than watch_s "
                f"({windows.watch_s:g}): no interruption would be seen; write `loss_run: "
                f"{type(self).model_fields['loss_run'].default}`",
                ("judge", "loss_run"),
                ("probes", "echo_interval_s"),
                ("windows", "watch_s"),
            )
