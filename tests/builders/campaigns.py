# SPDX-License-Identifier: Apache-2.0
"""A constructed campaign for tests of the figures and the report: no trial of it was ever run.

Every folder made here says `"source": "synthetic"` unless a test asks for another word.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from nsm_resilience.analysis.figures.typical import typical_trials
from nsm_resilience.record.events import Event
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Cell, Study
from nsm_resilience.tables import schemas
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.write import write_table
from tests.builders.campaign_tables import (
    NAME,
    Fate,
    cells_of,
    tables_of,
    trial_row,
    void_row,
)
from tests.builders.snapshots import snapshot

STUDY = Path(__file__).parents[2] / "config" / "study.yaml"
FINE: Fate = ("alive", (0, 0), True, True, False, False)
BACK: Fate = ("recovered", (9, 41), True, True, True, False)
DEAD: Fate = ("dead", (0, 0), True, True, True, True)
DEAF: Fate = ("alive", (0, 0), False, False, False, False)

FATES: dict[str, dict[str, list[Fate]]] = {
    "supported": {},
    "mixed": {
        "S2": [("dead", (0, 0), False, True, True, True)],
        "S3": [DEAD, DEAD, DEAD, BACK],
        "S4": [BACK],
        "S5": [("recovered", (0.4, 3), True, True, True, False), DEAD],
        "S8": [DEAF],
        "S9": [DEAD, BACK],
    },
}


@dataclass
class Constructed:
    """Where a constructed campaign lies, and its tables."""

    root: Path
    tables: dict[str, pd.DataFrame]
    study: Study
    voids: int = 0
    fates: dict[str, list[Fate]] = field(default_factory=dict)

    @property
    def campaign(self) -> Path:
        return self.root / "results" / "unpacked" / NAME

    @property
    def tables_dir(self) -> Path:
        return self.root / "results" / "tables"


def construct(
    root: Path,
    kind: str,
    *,
    source: str = "synthetic",
    voids: int = 0,
    planes: tuple[str, ...] = ("kernel",),
    most_trials: int = 10,
    records: bool = True,
    only: tuple[str, ...] = (),
    cells_per_scenario: int | None = None,
) -> Constructed:
    """Write a campaign's description, tables and a few records below `root`.

    kind: `untested` (nothing was run), `supported` (everything holds) or `mixed`.
    only: scenarios that were run; empty for all.
    cells_per_scenario: cells of each that were run, in the order of the study; None for all.
    """
    study = load_study(STUDY)
    chance = random.Random(7)
    fates = FATES.get(kind, {})
    trials: list[dict[str, Any]] = []
    if kind != "untested":
        for order, (cell, n) in enumerate(_run(cells_of(study, planes), only, cells_per_scenario)):
            choices = fates.get(cell.scenario, [FINE])
            for number in range(1, min(n, most_trials) + 1):
                fate = choices[(number - 1) % len(choices)]
                trials.append(trial_row(cell, number, order, fate, chance))
        for number in range(voids):
            again = trials[-1 - number]
            again.update(attempt=2, record=f"records/{again['trial']}/2")
            trials.insert(0, void_row(again))
    table = schemas.TRIALS.frame(trials)
    built = Constructed(root, tables_of(table, study, planes), study, voids, fates)
    _write(built, source, records)
    return built


def _run(
    cells: list[tuple[Cell, int]], only: tuple[str, ...], per_scenario: int | None
) -> list[tuple[Cell, int]]:
    seen: Counter[str] = Counter()
    chosen = []
    for cell, n in cells:
        seen[cell.scenario] += 1
        if (not only or cell.scenario in only) and seen[cell.scenario] <= (per_scenario or 99):
            chosen.append((cell, n))
    return chosen


def _write(built: Constructed, source: str, records: bool) -> None:
    trials = built.tables["trials"]
    for table in schemas.TABLES:
        write_table(table, built.tables[table.name], built.tables_dir)
    built.campaign.mkdir(parents=True, exist_ok=True)
    (built.campaign / "study.yaml").write_text(STUDY.read_text(encoding="utf-8"), "utf-8")
    description = {
        "format": 1, "campaign": NAME, "created": "2026-11-23T18:00:00Z", "source": source,
        "study_sha256": "0" * 64, "seed": 20191218,
        "scheduled": [{"order": i} for i in range(sum(n for _, n in built.study.cells()))],
        "records": [
            {
                "trial": row["trial"], "attempt": row["attempt"], "path": row["record"],
                "outcome": "void" if str(row["reason"]).startswith("void:") else "complete",
                "reason": str(row["reason"]).partition("void: ")[2], "started": row["started"],
            }
            for row in trials.to_dict("records")
        ],
        "machines": [{"cpu": "a constructed processor", "cores": 2, "memory_gib": 7.8}],
        "versions": {"kind": "0.30.0", "docker": "27.0"},
    }  # fmt: skip
    (built.campaign / "campaign.json").write_text(json.dumps(description), encoding="utf-8")
    if records:
        for row in typical_trials(trials).to_dict("records"):
            _record(built.campaign / row["record"], row, built.study)


def _record(folder: Path, row: dict[Any, Any], study: Study) -> None:
    (folder / "samples").mkdir(parents=True)
    meta = {
        "format": 1, "campaign": NAME, "trial": row["trial"],
        "cell": row["trial"].rpartition("/")[0],
        "scenario": study.scenario(row["scenario"]).model_dump(mode="json"),
        "factors": {name: row[name] for name in CELL[1:]}, "attempt": row["attempt"],
        "windows": study.windows.model_dump(), "probes": study.probes.model_dump(),
        "cluster": {
            "id": "c0", "name": "constructed", "kubernetes": "v1.34.4",
            "nodes": [
                {"name": f"{role}-node", "role": role, "kernel": "6.1.0", "os": "Debian 12",
                 "runtime": "containerd 2.1"}
                for role in ("client", "endpoint")
            ],
        },
        "images": {"registry": "registry.invalid/networkservicemesh", "tag": "v0.2.0"},
        "judge": study.judge.model_dump(),
        "software": {"nsm_resilience": "0.1.0", "python": "3.11.7", "git_commit": "c0ffee" * 6,
                     "git_dirty": False},
    }  # fmt: skip
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    (folder / "snapshots").mkdir()
    before = json.dumps(snapshot(row["plane"], row["client"]))
    (folder / "snapshots" / "before.json").write_text(before, encoding="utf-8")
    zero, second = 100_000_000_000, 1_000_000_000

    def event(seq: int, t_s: float, kind: str, data: dict[str, Any]) -> Event:
        wall = "2026-11-23T18:00:00.000000Z"
        return Event(seq, zero + int(t_s * second), wall, "runner", "watch", kind, data=data)

    events = [
        event(0, 0, "fault_instant", {"t_fault_ns": zero}),
        event(1, 0.1, "injection", {
            "fault": {"component": "nsmd", "node": "client"}, "method": "SIGKILL",
            "t_begin_ns": zero, "t_done_ns": zero + second // 100, "before": {},
        }),
        event(2, row["watch_s"], "watch_end", {"because": "window over"}),
        event(3, row["watch_s"] + 1, "closed", {"complete": True, "events": 3}),
    ]  # fmt: skip
    lines = "".join(e.to_line() + "\n" for e in events)
    (folder / "events.jsonl").write_text(lines, encoding="utf-8")
    _echoes(row, zero, second).to_parquet(folder / "samples" / "path.parquet", index=False)


def _echoes(row: dict[Any, Any], zero: int, second: int) -> pd.DataFrame:
    chance = random.Random(row["trial"])
    sent = [zero + int((i * 0.02 - 10) * second) for i in range(int((row["watch_s"] + 10) / 0.02))]
    end = math.inf if row["outage_censored"] else 6 + row["outage_s"]
    away = row["interruptions"] == 1
    replied = [not (away and 6 <= (t - zero) / second < end) for t in sent]
    rtt = [int(chance.lognormvariate(0, 0.3) * 150_000) if ok else None for ok in replied]
    return pd.DataFrame(
        {
            "seq": range(len(sent)), "due_ns": sent, "sent_ns": sent,
            "rtt_ns": pd.array(rtt, dtype="Int64"),
            "fate": ["reply" if ok else "lost" for ok in replied],
            "error": pd.array([None] * len(sent), dtype="string"),
        }
    )  # fmt: skip
