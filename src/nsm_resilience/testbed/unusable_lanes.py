# SPDX-License-Identifier: Apache-2.0
"""Lanes that could not be cleaned: out of use until they are proved clean.

Each lane has a file beside the lanes' locks, so that it outlives every runner and applies to all
campaigns on the cluster. The file keeps the history, from which a campaign's lost lanes are
reported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nsm_resilience.record.files import write_json
from nsm_resilience.testbed.base import TestbedError


@dataclass(frozen=True)
class UnusableLane:
    """A lane that was taken out of use. Times are UTC; `until` is empty while it is out of use."""

    lane: str
    why: str
    campaign: str
    trial: str
    since: str
    until: str = ""

    def __str__(self) -> str:
        return f"{self.lane} is out of use since {self.since}, after {self.trial}: {self.why}"


def lock_folder(campaign_folder: Path, cluster_id: str) -> Path:
    """Folder of the locks and histories of a cluster's lanes, for all campaigns in one place."""
    return campaign_folder.parent / ".locks" / cluster_id


def past_of(locks: Path, lane: str) -> list[UnusableLane]:
    """The lane's history: every time that it was taken out of use, in order."""
    try:
        rows = json.loads(_file(locks, lane).read_text(encoding="utf-8"))
        return [UnusableLane(**row) for row in rows]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, RecursionError) as error:
        raise TestbedError(
            f"{_file(locks, lane)} does not say when the lane was out of use "
            f"({' '.join(str(error).split())[:100]}); remove the file when the lane's nodes are "
            "clean"
        ) from error


def unusable(locks: Path, lane: str) -> UnusableLane | None:
    """The current entry of a lane that is out of use, or None."""
    past = past_of(locks, lane)
    return past[-1] if past and not past[-1].until else None


def take_out(locks: Path, lane: str, why: str, campaign: str, trial: str) -> UnusableLane:
    """Take a lane out of use. The caller holds its lock."""
    one = UnusableLane(lane, why, campaign, trial, _now())
    _write(locks, lane, [*past_of(locks, lane), one])
    return one


def put_back(locks: Path, lane: str) -> None:
    """Put a lane that was proved clean back into use."""
    past = past_of(locks, lane)
    if past and not past[-1].until:
        _write(locks, lane, [*past[:-1], replace(past[-1], until=_now())])


def lost_lanes(locks: Iterable[Path], campaign: str) -> Iterator[UnusableLane]:
    """The lanes that a campaign lost, over several clusters, in the order of their folders."""
    for folder in locks:
        for file in sorted(folder.glob("[!.]*.json")):
            yield from (one for one in past_of(folder, file.stem) if one.campaign == campaign)


def _file(locks: Path, lane: str) -> Path:
    return locks / f"{lane}.json"


def _write(locks: Path, lane: str, past: list[UnusableLane]) -> None:
    write_json(_file(locks, lane), [asdict(one) for one in past])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
