# SPDX-License-Identifier: Apache-2.0
"""One process at a time conducts a trial, also when the one that started the first was killed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from nsm_resilience.record.lock import one_at_a_time


def only_conductor(
    campaign_folder: Path, trial: str, say: Callable[[str], None]
) -> AbstractContextManager[None]:
    """Hold a trial's lock while the block runs; waits for a process that has it.

    When Snakemake is killed, the trial that it started goes on. The next call asks for the same
    trial again: it must wait for the first to end and then find its record, or the trial would be
    measured twice.
    """

    def waiting(owner: str) -> None:
        say(f"{trial}: {owner} runs it already; waiting for its end")

    return one_at_a_time(campaign_folder / "locks" / f"{trial.replace('/', '-')}.lock", waiting)
