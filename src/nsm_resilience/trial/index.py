# SPDX-License-Identifier: Apache-2.0
"""The description of a campaign: its schedule, its attempts, its clusters and machines."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nsm_resilience.record.files import write_json
from nsm_resilience.record.layout import CampaignLayout, RecordLayout
from nsm_resilience.record.packed import is_recorded
from nsm_resilience.study.load import load_recorded_study, sha256_of
from nsm_resilience.study.schedule import make_schedule
from nsm_resilience.testbed.unusable_lanes import lock_folder, lost_lanes
from nsm_resilience.trial.attempts import attempts_of


class NotLiveError(ValueError):
    """The campaign to be described is not a live one."""


def index_campaign(folder: Path) -> dict[str, Any]:
    """Write campaign.json from the existing records; every attempt is listed.

    Trials that were scheduled and never ran are in `scheduled` without a record, and the tables
    show them.

    Raises:
        NotLiveError: It is a recorded campaign, whose description is not written again.
    """
    if is_recorded(folder):
        raise NotLiveError(
            f"{folder} is a recorded campaign: its description is as it was recorded, and is not "
            "written again. A live one is in results/live/<name>"
        )
    campaign = CampaignLayout(folder)
    study = load_recorded_study(campaign.study)
    schedule = make_schedule(study)
    records = []
    metas: list[dict[str, Any]] = []
    for scheduled in schedule:
        for attempt in attempts_of(campaign, scheduled.trial):
            path = campaign.record(scheduled.trial, attempt.attempt)
            at = path.relative_to(folder).as_posix()
            where = {"trial": scheduled.trial, "attempt": attempt.attempt, "path": at}
            records.append({**where, **asdict(attempt)})
            metas += _meta_of(path)
    clusters = {m["cluster"]["id"]: m["cluster"] for m in metas}
    lost = lost_lanes((lock_folder(folder, identity) for identity in clusters), folder.name)
    hosts = [m["host"] for m in metas if m.get("host") is not None]
    started = [str(r["started"]) for r in records if r["started"]]
    description = {
        "format": 1,
        "campaign": folder.name,
        "study": study.name,
        "source": "live",
        "created": min(started, default=""),
        "last_started": max(started, default=""),
        "study_sha256": sha256_of(study),
        "seed": study.seed,
        "scheduled": [{"order": s.order, "block": s.block, "trial": s.trial} for s in schedule],
        "records": records,
        "clusters": list(clusters.values()),
        "lanes_out_of_use": [asdict(one) for one in lost],
        # machines and versions of the trials, from their records and not from this process
        "machines": [host for n, host in enumerate(hosts) if host not in hosts[:n]],
        "versions": metas[0].get("software") if metas else None,
    }
    write_json(campaign.description, description)
    return description


def _meta_of(record: Path) -> list[dict[str, Any]]:
    """A record's meta as a list of one, or of none when it cannot be read."""
    try:
        meta = json.loads(RecordLayout(record).meta.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    cluster = meta.get("cluster") if isinstance(meta, dict) else None
    return [meta] if isinstance(cluster, dict) and isinstance(cluster.get("id"), str) else []
