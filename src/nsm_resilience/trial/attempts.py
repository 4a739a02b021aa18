# SPDX-License-Identifier: Apache-2.0
"""The attempts of a trial, with their outcomes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from nsm_resilience.record.files import write_json
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.reader import RecordError, read_record
from nsm_resilience.trial.interrupt import REASON as INTERRUPTED

SIGNED_OUT = "signed out"
"""Prefix of the reason of an attempt that is void because the cluster refused the login."""


@dataclass(frozen=True)
class Attempt:
    """One attempt. `outcome`: complete, void (the runner gave up) or cut (the runner died)."""

    attempt: int
    outcome: str
    reason: str
    started: str
    lane: str

    @property
    def lane_failed(self) -> bool:
        """Whether it was void because its lane could not be cleaned (trial.phases.clean).

        The trial then continues at once on another lane.
        """
        return self.outcome == "void" and self.reason.startswith("clean: ")

    @property
    def counts(self) -> bool:
        """Whether it counts towards the allowed attempts: it was void because of the trial itself.

        An attempt that was cut, interrupted, signed out or without a clean lane does not count.
        """
        return self.outcome == "void" and not (
            self.lane_failed or self.reason.startswith((INTERRUPTED, SIGNED_OUT))
        )


def attempts_of(campaign: CampaignLayout, trial: str) -> list[Attempt]:
    """All attempts that left a folder, in order."""
    numbers = campaign.attempt_numbers(trial)
    return [_look(campaign.record(trial, number), number) for number in numbers]


def _look(folder: Path, number: int) -> Attempt:
    try:
        record = read_record(folder)
    except RecordError as error:
        return Attempt(number, "cut", str(error).removeprefix(f"{folder}/"), "", "")
    reason = record.void_reason or record.cut or ""
    meta = record.meta
    return Attempt(number, record.outcome, reason, meta.get("started", ""), meta.get("lane", ""))


def write_receipt(campaign: CampaignLayout, trial: str, attempts: list[Attempt]) -> None:
    """Write the file that tells Snakemake that the trial is done, complete or not."""
    write_json(campaign.receipt(trial), {"trial": trial, "attempts": [asdict(a) for a in attempts]})
