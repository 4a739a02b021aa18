# SPDX-License-Identifier: Apache-2.0
"""Paths inside a campaign's folder and inside a record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nsm_resilience.record.samples import COLUMNS

FORMAT = 2
"""Version of the record format that is written. Since 2 the closing event lists the record's files
(record/manifest.py)."""

READABLE = (1, 2)
"""Versions that are read; the reader refuses any other."""

RECORDED, UNPACKED, LIVE = Path("results/recorded"), Path("results/unpacked"), Path("results/live")
"""Folders of campaigns in the project's root: as archives, unpacked from them, and run here."""

CAMPAIGNS = (UNPACKED, LIVE)
"""Folders of campaigns whose records are not in archives."""

SAMPLES = tuple(COLUMNS)
"""Names of the sample tables of a record."""


@dataclass(frozen=True)
class CampaignLayout:
    """Paths of a campaign's folder."""

    folder: Path

    @property
    def description(self) -> Path:
        """The index of the campaign: schedule, records, machine, versions."""
        return self.folder / "campaign.json"

    @property
    def study(self) -> Path:
        """The study file that was run, verbatim."""
        return self.folder / "study.yaml"

    @property
    def commits(self) -> Path:
        """What git shows of the commits that the trials were run at."""
        return self.folder / "commits.json"

    @property
    def cluster(self) -> Path:
        """Marker of the cluster the live campaign runs on."""
        return self.folder / "cluster.json"

    @property
    def receipts(self) -> Path:
        """Folder of the receipts; only a live campaign has one."""
        return self.folder / "receipts"

    def receipt(self, trial: str) -> Path:
        """Outcomes of a trial's attempts (live campaigns)."""
        return self.receipts / f"{trial}.json"

    def attempts(self, trial: str) -> Path:
        """Folder of all attempts of a trial."""
        return self.folder / "records" / trial

    def attempt_numbers(self, trial: str) -> list[int]:
        """Attempts of a trial that left a folder, in order."""
        folder = self.attempts(trial)
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        return sorted(int(name) for name in names if name.isascii() and name.isdigit())

    def record(self, trial: str, attempt: int) -> Path:
        """Folder of one attempt's record."""
        return self.attempts(trial) / str(attempt)


@dataclass(frozen=True)
class RecordLayout:
    """Paths of one record."""

    folder: Path

    @property
    def meta(self) -> Path:
        """The trial as it was planned, and the cluster it ran on."""
        return self.folder / "meta.json"

    @property
    def events(self) -> Path:
        """The append-only log of the trial."""
        return self.folder / "events.jsonl"

    @property
    def kubernetes_events(self) -> Path:
        """Raw Kubernetes events of the lane's namespace."""
        return self.folder / "kubernetes-events.jsonl"

    def growing_samples(self, table: str) -> Path:
        """Samples while the trial runs."""
        return self.folder / "samples" / f"{table}.jsonl"

    def samples(self, table: str) -> Path:
        """Samples of a closed record."""
        return self.folder / "samples" / f"{table}.parquet"

    def snapshot(self, name: str) -> Path:
        """State of both nodes at one moment: before, fault, after."""
        return self.folder / "snapshots" / f"{name}.json"

    def log(self, node: str, pod: str, container: str) -> Path:
        """One container's log as its node wrote it."""
        return self.folder / "logs" / node / pod / f"{container}.log"
