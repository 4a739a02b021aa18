# SPDX-License-Identifier: Apache-2.0
"""What one attempt of a trial is going to be: decided before it begins, and then only read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nsm_resilience.study.models import Study
from nsm_resilience.study.schedule import ScheduledTrial
from nsm_resilience.testbed.api import Cluster
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.config import Images


@dataclass(frozen=True)
class AttemptPlan:
    """One attempt: which trial of which study, its number, its lane, and its record.

    Attributes:
        folder: the record's folder; it must not exist.
        attempt: 1 for the first attempt of the trial.
        cluster_id: what the cluster must still be at the end.
        lane: held by the caller for as long as the attempt lasts.
        lanes_at_once: how many trials of the campaign may run at once while this one does.
        say: takes a line of progress.
    """

    folder: Path
    campaign: str
    study: Study
    scheduled: ScheduledTrial
    attempt: int
    cluster: Cluster
    cluster_id: str
    lane: Lane
    lanes_at_once: int
    images: Images
    say: Callable[[str], None]
