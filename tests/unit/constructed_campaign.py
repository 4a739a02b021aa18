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
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from constructed_snapshot import snapshot

from nsm_resilience.analysis.figures.typical import typical_trials
from nsm_resilience.judge.rules import Rules
from nsm_resilience.record.events import Event
from nsm_resilience.statistics.intervals import median_interval, wilson
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Cell, Study
from nsm_resilience.tables import schemas
from nsm_resilience.tables.attempts import attempt_row, counted_parts, parts_of
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.disturbances import coincidence_rows
from nsm_resilience.tables.efficiency import AttemptTime, efficiency_rows
from nsm_resilience.tables.sensitivity import sensitivity_rows
from nsm_resilience.tables.write import write_table

STUDY = Path(__file__).parents[2] / "config" / "study.yaml"
NAME = "constructed"
WATCH_S = 120.0

# path, outage (shortest, longest), does a new client connect, does a pod start, is it shown, told
Fate = tuple[str, tuple[float, float], bool, bool, bool, bool]
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
        for order, (cell, n) in enumerate(_run(_cells(study, planes), only, cells_per_scenario)):
            choices = fates.get(cell.scenario, [FINE])
            for number in range(1, min(n, most_trials) + 1):
                fate = choices[(number - 1) % len(choices)]
                trials.append(_trial(cell, number, order, fate, chance))
        for number in range(voids):
            again = trials[-1 - number]
            again.update(attempt=2, record=f"records/{again['trial']}/2")
            trials.insert(0, _void(again))
    table = schemas.TRIALS.frame(trials)
    built = Constructed(root, _tables(table, study, planes), study, voids, fates)
    _write(built, source, records)
    return built


def _cells(study: Study, planes: tuple[str, ...]) -> list[tuple[Cell, int]]:
    return [
        (
            Cell(scenario=cell.scenario, factors=cell.factors.model_copy(update={"plane": plane})),
            n,
        )
        for plane in planes
        for cell, n in study.cells()
    ]


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


def _trial(
    cell: Cell, number: int, order: int, fate: Fate, chance: random.Random
) -> dict[str, Any]:
    path, (least, most), new, bystander, detected, told = fate
    outage = {"alive": 0.0, "dead": WATCH_S - 7}.get(path, chance.uniform(least, most))
    verdict = "supported" if path != "dead" and new else "unsupported"
    trial = f"{cell.id}/{number:02}"
    connected = "connected" if new else "did not connect"
    evidence = [
        {
            "what": "injection", "file": "events.jsonl", "line": 2, "first_seq": None,
            "last_seq": None, "text": "the old process is gone and the new one started later",
        },
        {
            "what": "path", "file": "samples/path.parquet", "line": None, "first_seq": 640,
            "last_seq": 6420, "text": f"the path is {path}",
        },
    ]  # fmt: skip
    return {
        "campaign": NAME, "trial": trial, "attempt": 1, "scenario": cell.scenario,
        **cell.factors.levels(), "company": None, "lane": "lane-1",
        "started": f"2026-11-{20 + order % 3:02}T{number:02}:00:00Z",
        "verdict": verdict,
        "reason": f"the path was {path} and a new client {connected}",
        "path_verdict": path, "outage_s": outage, "outage_censored": path == "dead",
        "interruptions": int(path != "alive"), "down_s": outage, "replies_sent": 6500,
        "replies_lost": int(outage * 50), "lost_outside": 0, "replies_late": 0,
        "longest_reply_s": 0.004, "late_sends": 0,
        "shared_losses": 0, "shared_losses_s": 0.0, "shared_echoes_lost": 0, "shared_stalls": 0,
        "shared_stalls_s": 0.0,
        "new_connection_s": chance.uniform(3, 5) if new else None, "new_connection_answered": new,
        "new_connection_verdict": "served" if new else "refused", "blind_s": None,
        "blind_at_least_s": None, "blind_censored": None,
        "bystander_s": 2.0 if bystander else None, "bystander_started": bystander,
        "detected_s": 1.5 if detected else None, "detected_by": "restart" if detected else None,
        "notified_s": 6.0 if told else None, "notified_by": "monitor log" if told else None,
        "detected_unknown": None, "notified_unknown": None,
        "listener_told_s": 6.0 if told else None,
        "listener_told_by": "stream to NSM broke" if told else None, "listener_watched": True,
        **_no_watchdog(), "injection_proof": "proved", "watch_s": WATCH_S,
        "record": f"records/{trial}/1", "evidence": json.dumps(evidence),
    }  # fmt: skip


def _no_watchdog() -> dict[str, None]:
    return dict.fromkeys(name for name in schemas.TRIALS.names if name.startswith("watchdog_"))


def _void(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: row[name] for name in ("campaign", "trial", *CELL, "lane", "started")}
    return {
        **dict.fromkeys(schemas.TRIALS.names), **kept, "attempt": 1, "verdict": "unknown",
        "reason": "void: the steady state was not green", "path_verdict": "unknown",
        "record": f"records/{row['trial']}/1", "evidence": "[]",
    }  # fmt: skip


def _tables(trials: pd.DataFrame, study: Study, planes: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    rows = []
    for cell, _ in _cells(study, planes):
        scenario = study.scenario(cell.scenario)
        factors = cell.factors.levels()
        own = trials[(trials[list(CELL)] == [cell.scenario, *factors.values()]).all(axis=1)]
        judged = own[own["verdict"].isin(["supported", "unsupported"])]
        n, k = len(judged), int((judged["verdict"] == "supported").sum())
        verdict = "not tested" if not n else {0: "unsupported", n: "supported"}.get(k, "flaky")
        interval = wilson(k, n)
        median = median_interval(
            [
                math.inf if c else s
                for s, c in zip(judged["outage_s"], judged["outage_censored"], strict=True)
            ]
        )
        agreement = "agrees" if verdict == scenario.claimed else "differs"
        rows.append(
            {
                "campaign": NAME, "scenario": scenario.id, "title": scenario.title,
                "source": scenario.source, **factors, "n": n, "k": k,
                **attempt_row(counted_parts(parts_of(own))), "verdict": verdict,
                "wilson_low": interval.low,
                "wilson_high": interval.high, "claimed": scenario.claimed,
                "agreement": agreement if n else "not tested", "outage_median_s": median.median,
                "outage_median_low_s": median.low, "outage_median_high_s": median.high,
                "censored": int(judged["outage_censored"].sum()),
                "down_median_s": float(judged["down_s"].median()) if n else None,
                "interruptions_median": float(judged["interruptions"].median()) if n else None,
                "interruptions_most": int(judged["interruptions"].max()) if n else 0,
                "blind_n": 0, "blind_median_s": math.nan, "blind_median_low_s": math.nan,
                "blind_median_high_s": math.nan, "blind_censored": 0,
            }
        )  # fmt: skip
    scenarios = schemas.SCENARIOS.frame(rows)
    return {
        "trials": trials, "scenarios": scenarios, "claims": _claims(scenarios),
        "outages": _outages(trials), "new_clients": schemas.NEW_CLIENTS.frame([]),
        "components": _components(trials),
        "phases": schemas.PHASES.frame([]),
        "sensitivity": schemas.SENSITIVITY.frame(sensitivity_rows(NAME, Rules(), [])),
        "disturbances": schemas.DISTURBANCES.frame([]),
        "coincidences": schemas.COINCIDENCES.frame(coincidence_rows(NAME, [])),
        "efficiency": schemas.EFFICIENCY.frame(efficiency_rows(NAME, _times(trials))),
    }  # fmt: skip


PHASES = (("clean", 2.0), ("install", 18.0), ("connect", 4.0), ("steady", 10.0), ("fault", 2.0),
          ("watch", 120.0), ("after", 20.0), ("collect", 2.0), ("wipe", 5.0))  # fmt: skip


def _times(trials: pd.DataFrame) -> list[AttemptTime]:
    return [
        AttemptTime(
            row["lane"],
            datetime.fromisoformat(row["started"]),
            not str(row["reason"]).startswith("void:"),
            PHASES,
        )
        for row in trials.to_dict("records")
    ]


def _claims(scenarios: pd.DataFrame) -> pd.DataFrame:
    def agreement(plane: str) -> str:
        run = scenarios[(scenarios["plane"] == plane) & (scenarios["n"] > 0)]
        if run.empty:
            return "not tested"
        return "differs" if (run["agreement"] == "differs").any() else "reproduced"

    texts = {
        "C0": "7 of the 9 scenarios are supported",
        "C1": "damage of the socket files is not detected and makes the system inoperable",
        "C2": "when all key components have failed the client is not notified",
    }
    return schemas.CLAIMS.frame(
        [
            {
                "campaign": NAME, "claim": claim, "text": text, "plane": plane,
                "agreement": agreement(plane), "why": "constructed for a test", "scenarios": "S1",
            }
            for claim, text in texts.items()
            for plane in ("kernel", "vpp")
        ]
    )  # fmt: skip


def _outages(trials: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            **{name: row[name] for name in schemas.OUTAGES.names[:7]}, "number": 1, "begin_s": 6.0,
            "end_s": None if row["outage_censored"] else 6.0 + row["outage_s"],
            "length_s": row["outage_s"], "censored": row["outage_censored"],
            "echoes_lost": row["replies_lost"], "first_seq": 800, "last_seq": 900,
        }
        for row in trials.to_dict("records")
        if row["interruptions"] == 1
    ]  # fmt: skip
    return schemas.OUTAGES.frame(rows)


BROKEN = {"S2": "nsmd", "S3": "nsmd", "S4": "forwarder", "S5": "forwarder", "S6": "nsmd-k8s"}


def _components(trials: pd.DataFrame) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for row in trials[trials["path_verdict"] != "unknown"].to_dict("records"):
        base = {name: row[name] for name in ("campaign", "trial", "attempt", "scenario")}

        def add(node: str, thing: str, t_s: float, what: str, value: str, base: Any = base) -> None:
            rows.append(
                {**base, "node": node, "component": thing, "t_s": t_s, "what": what, "value": value}
            )

        for node in ("client", "endpoint"):
            for thing in ("nsmd", "nsmd-k8s", "nsmdp", "forwarder"):
                add(node, thing, -0.2, "process", "running 100")
                add(node, thing, -0.2, "restart", "0")
                add(node, thing, -0.2, "ready", "true")
            add(node, "nsm.io.sock", -0.2, "socket", "answers 7")
        node = "endpoint" if row["scenario"] in ("S3", "S5") else "client"
        if row["scenario"] in BROKEN:
            thing = BROKEN[row["scenario"]]
            add(node, thing, 0.3, "process", "gone")
            add(node, thing, 2.2, "process", "running 200")
            add(node, thing, 2.7, "restart", "1")
            add(node, thing, 1.2, "ready", "false")
            add(node, thing, 12.2, "ready", "true")
        if row["scenario"] == "S8":
            add("client", "nsm.io.sock", 0.4, "socket", "file 8")
    return schemas.COMPONENTS.frame(rows)


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
