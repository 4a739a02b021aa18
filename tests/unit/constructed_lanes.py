# SPDX-License-Identifier: Apache-2.0
"""A constructed campaign by turns: its trials side by side differ by what a test wants."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from nsm_resilience.record.files import write_json
from nsm_resilience.record.layout import CampaignLayout, RecordLayout
from nsm_resilience.record.samples import frame
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Study
from nsm_resilience.study.schedule import ScheduledTrial, make_schedule
from nsm_resilience.tables.schemas import PHASES, TRIALS
from nsm_resilience.tables.write import write_table

STUDY = Path(__file__).parents[2] / "config" / "study-lanes.yaml"
NAME = "constructed-lanes"
LANES = 5
TRIAL_S = 80.0
BEGAN = datetime(2026, 11, 25, 6, tzinfo=UTC)

TYPICAL = {"S4": 3.8, "V1": 5.0}
"""Outages of the cells whose path stops; the others' never does. Seconds."""


@dataclass(frozen=True)
class ByTurns:
    """The campaign's folder with records, its tables, and its study."""

    campaign: Path
    tables: Path
    study: Study


def construct_lanes(
    root: Path,
    *,
    slower: Mapping[str, float] | None = None,
    late: float = 0.0,
    trials: int = 20,
    void: tuple[str, ...] = (),
    says: bool = True,
) -> ByTurns:
    """Write the campaign below `root`.

    slower: by scenario, seconds by which outages side by side are longer.
    late: share of echoes by which more are sent late side by side.
    trials: of each cell, both ways together.
    void: trials whose first attempt was void.
    says: whether records say how many trials could run at once.
    """
    campaign, tables = root / "results" / "unpacked" / NAME, root / "results" / "tables"
    data = yaml.safe_load(STUDY.read_text(encoding="utf-8"))
    data["campaign"] = [{**arm, "trials": trials} for arm in data["campaign"]]
    campaign.mkdir(parents=True)
    CampaignLayout(campaign).study.write_text(yaml.safe_dump(data), encoding="utf-8")
    study = load_study(CampaignLayout(campaign).study)
    chance = random.Random(7)
    rows, clock = [], 0.0
    for scheduled in make_schedule(study):
        more = 0.0 if scheduled.alone else (slower or {}).get(scheduled.cell.scenario, 0.0)
        clock += TRIAL_S if scheduled.alone else TRIAL_S / LANES
        row = _row(scheduled, clock, more, 0.0 if scheduled.alone else late, chance)
        attempts = [row]
        if scheduled.trial in void:
            attempts = [_void(row), {**row, "attempt": 2, "record": f"records/{row['trial']}/2"}]
        for attempt in attempts:
            _record(campaign / attempt["record"], scheduled, attempt, says)
        rows += attempts
    write_table(TRIALS, TRIALS.frame(rows), tables)
    phases = [
        {
            **{name: row[name] for name in ("campaign", "trial", "attempt", "scenario")},
            "phase": phase, "begin_s": None, "seconds": seconds,
        }
        for row in rows
        for phase, seconds in (("install", chance.gauss(17, 0.5)), ("watch", TRIAL_S - 17))
    ]  # fmt: skip
    write_table(PHASES, PHASES.frame(phases), tables)
    write_json(
        CampaignLayout(campaign).description,
        {
            "format": 1, "campaign": NAME, "created": rows[0]["started"], "source": "synthetic",
            "records": [
                {"trial": row["trial"], "attempt": row["attempt"], "path": row["record"]}
                for row in rows
            ],
        },
    )  # fmt: skip
    return ByTurns(campaign, tables, study)


def _row(
    scheduled: ScheduledTrial, clock: float, more: float, late: float, chance: random.Random
) -> dict[str, Any]:
    scenario, trial = scheduled.cell.scenario, scheduled.trial
    outage = TYPICAL[scenario] + more + chance.gauss(0, 0.15) if scenario in TYPICAL else 0.0
    broken = scenario != "S1"
    return {
        **dict.fromkeys(TRIALS.names), "campaign": NAME, "trial": trial, "attempt": 1,
        "scenario": scenario, **scheduled.cell.factors.levels(), "lane": "lane-1",
        "started": (BEGAN + timedelta(seconds=clock)).isoformat().replace("+00:00", "Z"),
        "verdict": "supported", "reason": "the path answers and a new client connected",
        "path_verdict": "recovered" if outage else "alive", "outage_s": outage,
        "outage_censored": False, "interruptions": int(outage > 0), "down_s": outage,
        "replies_sent": 1500, "replies_lost": int(outage * 50),
        "lost_outside": 0, "replies_late": 0, "longest_reply_s": 0.004,
        "late_sends": int(1500 * max(0.0, chance.gauss(0.02, 0.002) + late)),
        "new_connection_s": chance.gauss(2, 0.1), "new_connection_answered": True,
        "new_connection_verdict": "served" if True else "refused", "blind_s": None,
        "blind_at_least_s": None, "blind_censored": None,
        "bystander_s": chance.gauss(1.4, 0.1), "bystander_started": True,
        "detected_s": chance.gauss(1.2, 0.1) if broken else None,
        "detected_by": "restart" if broken else None, "listener_watched": True,
        "detected_unknown": None, "notified_unknown": None,
        "injection_proof": "proved" if broken else "no fault", "watch_s": 30.0,
        "record": f"records/{trial}/1", "evidence": "[]",
    }  # fmt: skip


def _void(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("campaign", "trial", "attempt", "scenario", "plane", "client", "failure", "outage",
            "watch", "remedy", "lane", "started", "record", "evidence")  # fmt: skip
    return {
        **dict.fromkeys(TRIALS.names), **{name: row[name] for name in kept},
        "verdict": "unknown", "path_verdict": "unknown", "reason": "void: the test wants it so",
    }  # fmt: skip


def _record(folder: Path, scheduled: ScheduledTrial, row: Mapping[str, Any], says: bool) -> None:
    at_once = {"lanes_at_once": 1 if scheduled.alone else LANES} if says else {}
    meta = {"format": 1, "campaign": NAME, "trial": row["trial"], "attempt": row["attempt"],
            "cell": scheduled.cell.id, "scenario": {}, "factors": {}, "windows": {}, "probes": {},
            "lane": row["lane"], "cluster": {"id": "c0"}, "started": row["started"],
            **at_once}  # fmt: skip
    RecordWriter(folder, meta).close()
    echoes = [
        {"seq": seq, "due_ns": seq, "sent_ns": seq, "rtt_ns": rtt,
         "fate": "lost" if rtt is None else "reply", "error": None}
        for seq, rtt in enumerate([300_000, 400_000, None, 500_000])
    ]  # fmt: skip
    samples = RecordLayout(folder).samples("path")
    samples.parent.mkdir(exist_ok=True)
    frame("path", echoes).to_parquet(samples, index=False)
