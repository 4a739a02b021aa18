# SPDX-License-Identifier: Apache-2.0
"""A constructed campaign with the remedy as a factor and scenarios of ours. NOTHING WAS RUN.

Its description says `synthetic`, so a paper made of it carries the notice. The records are written
by the real recorder; what happens in them is made up, so that every sentence has something to say:
the watchdog heals S8 and S9, does nothing for N1, and cuts a path in S6.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from constructed import CAMPAIGN, NINE, WINDOWS, Acts, build, make_study, note, study_text, wall
from constructed_watchdog import acts_at, finds, said, watched

from nsm_resilience.judge.campaign import judge_campaign
from nsm_resilience.study.models import Cell, Study
from nsm_resilience.tables.build import build_tables

OURS: list[dict[str, Any]] = [
    {"id": "N1", "title": "nsmdp hangs", "where": "endpoint's node", "source": "ours",
     "failure": "hang", "faults": [{"component": "nsmdp", "node": "endpoint"}]},
    {"id": "N2", "title": "both forwarders fail", "where": "both nodes", "source": "ours",
     "faults": [{"component": "forwarder", "node": n} for n in ("client", "endpoint")]},
]  # fmt: skip

Remedies = Sequence[str]


@dataclass
class BeyondCampaign:
    """Where it lies, and its tables."""

    folder: Path
    study: Study
    tables_dir: Path

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.tables_dir / f"{name}.parquet")


def construct_beyond(
    root: Path,
    *,
    nine: Remedies = ("none", "observe", "heal"),
    ours: Remedies = ("none", "heal"),
    n: int = 2,
    trials: int | None = None,
    only: Remedies = ("none", "observe", "heal"),
    run: Sequence[str] | None = None,
    name: str = CAMPAIGN,
) -> BeyondCampaign:
    """Write such a campaign into `root/<name>` and its tables into `root/tables`.

    Args:
        root: an existing folder.
        nine: arms of the nine.
        ours: arms of the scenarios of ours.
        n: trials of each cell that are planned.
        trials: of these, how many were run; None: all.
        only: arms that were run.
        run: scenarios that were run; None: all. The others are declared and lack trials.
        name: of the campaign.
    """
    arms: list[dict[str, Any]] = [
        {"scenarios": [s["id"] for s in NINE], "trials": n, "remedy": list(nine)},
        {"scenarios": ["S9"], "trials": n, "failure": ["delete"], "remedy": list(nine)},
        {"scenarios": [s["id"] for s in OURS], "trials": n, "remedy": list(ours)},
    ]
    folder = root / name
    study = make_study(folder, study_text(arms, [*NINE, *OURS]))
    for cell, planned in study.cells():
        if (run is None or cell.scenario in run) and cell.factors.remedy in only:
            for number in range(1, min(planned, trials or planned) + 1):
                _trial(folder, study, cell, number, name)
    _describe(folder, study, name)
    verdicts = root / "verdicts.jsonl"
    judge_campaign(folder, verdicts)
    build_tables(verdicts, folder, root / "tables")
    return BeyondCampaign(folder, study, root / "tables")


def _trial(folder: Path, study: Study, cell: Cell, number: int, name: str) -> None:
    remedy = cell.factors.remedy
    fate = _fate(cell.scenario, remedy, number)

    def described(meta: dict[str, Any]) -> None:
        meta["campaign"] = name
        meta["cluster"]["nodes"] = []

    acts: Acts = [*fate.pop("acts", ()), *(watched(remedy) if remedy != "none" else ())]
    build(
        folder, cell.scenario, study=study, number=number, factors=cell.factors.model_dump(),
        acts=acts, meta=described, **fate,
    )  # fmt: skip


def _fate(scenario: str, remedy: str, number: int) -> dict[str, Any]:
    """What happens: spans without replies, whether a new client connects, what is said."""
    told = said(3.0, "told", target="client default/client", to="client", by="workspace file")
    found = finds(2.0 + number / 10, "socket-lost", number)
    away = [(1.0, WINDOWS["watch_s"] + 1)]
    counts = {"count_before": 0, "count_after": 1}
    restart = (0.8, note("restart", source="kubernetes", node="client", target="nsmd", data=counts))
    if scenario in ("S8", "S9", "N1"):
        dead: dict[str, Any] = {"down": away, "answered_s": None, "settle": False}
        if remedy == "none":
            return {**dead, "acts": [restart] if scenario == "S9" else []}
        if remedy == "observe" or scenario == "N1":
            return {**dead, "acts": [*found, told]}
        acts = [*found, told, *acts_at(3.0, "socket-lost", number)]
        return {"down": [(1.0, 5.0 + number / 10)], "acts": acts}
    if scenario == "S6" and remedy == "heal":
        return {"down": [(3.5, 4.5)], "acts": [*found, *acts_at(3.0, "socket-lost", number)]}
    if scenario == "S1" and remedy == "observe" and number == 1:
        return {"acts": found}
    if scenario in ("S2", "S4", "N2"):
        return {"down": [(0.5, 2.0 + number / 5)], "acts": [restart]}
    return {}


def _describe(folder: Path, study: Study, name: str) -> None:
    records = []
    for path in sorted(folder.glob("records/*/*/*/meta.json")):
        cell, number, attempt = path.parent.parts[-3:]
        records.append(
            {
                "trial": f"{cell}/{number}", "attempt": int(attempt), "outcome": "complete",
                "path": path.parent.relative_to(folder).as_posix(), "reason": "",
                "started": wall(-9.0), "lane": "lane-1",
            }
        )  # fmt: skip
    description = {
        "format": 1, "campaign": name, "created": "2026-01-02T04:00:00Z", "source": "synthetic",
        "study_sha256": "0" * 64, "seed": study.seed,
        "scheduled": [{"order": i} for i in range(sum(n for _, n in study.cells()))],
        "records": records,
    }  # fmt: skip
    (folder / "campaign.json").write_text(json.dumps(description), encoding="utf-8")
