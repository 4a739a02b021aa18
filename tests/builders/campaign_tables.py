# SPDX-License-Identifier: Apache-2.0
"""Tables of a constructed campaign: no trial of it was ever run."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pandas as pd

from nsm_resilience.analysis.figures.cells import cell_id
from nsm_resilience.judge.rules import Rules
from nsm_resilience.record.commits import NOT_READ
from nsm_resilience.statistics.intervals import median_interval, wilson
from nsm_resilience.study.models import Cell, Study
from nsm_resilience.tables import schemas
from nsm_resilience.tables.attempts import attempt_row, counted_parts, parts_of
from nsm_resilience.tables.campaigns import CAMPAIGNS, RULE_CHANGES, campaign_row
from nsm_resilience.tables.cell import CELL, DEFAULTS
from nsm_resilience.tables.controls import GROUP
from nsm_resilience.tables.disturbances import coincidence_rows
from nsm_resilience.tables.sensitivity import sensitivity_rows

NAME = "constructed"
WATCH_S = 120.0

# path, outage (shortest, longest), does a new client connect, does a pod start, is it shown, told
Fate = tuple[str, tuple[float, float], bool, bool, bool, bool]


def cells_of(study: Study, planes: tuple[str, ...]) -> list[tuple[Cell, int]]:
    return [
        (
            Cell(scenario=cell.scenario, factors=cell.factors.model_copy(update={"plane": plane})),
            n,
        )
        for plane in planes
        for cell, n in study.cells()
    ]


def trial_row(
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
        **dict.fromkeys(schemas.TRIALS.names),
        "campaign": NAME, "trial": trial, "attempt": 1, "scenario": cell.scenario,
        **cell.factors.levels(), "company": None, "lane": "lane-1",
        "started": f"2026-11-{20 + order % 3:02}T{number:02}:00:00Z",
        "verdict": verdict,
        "reason": f"the path was {path} and a new client {connected}",
        "path_verdict": path, "outage_s": outage, "outage_censored": path == "dead",
        "interruptions": int(path != "alive"), "down_s": outage, "replies_sent": 6500,
        "replies_lost": int(outage * 50), "lost_outside": 0, "replies_late": 0,
        "longest_reply_s": 0.004, "late_sends": 0,
        "new_connection_s": chance.uniform(3, 5) if new else None, "new_connection_answered": new,
        "new_connection_verdict": "served" if new else "refused", "blind_s": None,
        "blind_at_least_s": None, "blind_censored": None,
        "bystander_s": 2.0 if bystander else None, "bystander_started": bystander,
        "detected_s": 1.5 if detected else None, "detected_by": "restart" if detected else None,
        "notified_s": 6.0 if told else None, "notified_by": "monitor log" if told else None,
        "detected_unknown": None, "notified_unknown": None,
        "listener_told_s": 6.0 if told else None,
        "listener_told_by": "stream to NSM broke" if told else None, "listener_watched": True,
        "injection_proof": "proved", "watch_s": WATCH_S,
        "record": f"records/{trial}/1", "evidence": json.dumps(evidence),
    }  # fmt: skip


def void_row(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: row[name] for name in ("campaign", "trial", *CELL, "lane", "started")}
    return {
        **dict.fromkeys(schemas.TRIALS.names), **kept, "attempt": 1, "verdict": "unknown",
        "reason": "void: the steady state was not green", "path_verdict": "unknown",
        "record": f"records/{row['trial']}/1", "evidence": "[]",
    }  # fmt: skip


def tables_of(
    trials: pd.DataFrame, study: Study, planes: tuple[str, ...]
) -> dict[str, pd.DataFrame]:
    rows = []
    for cell, _ in cells_of(study, planes):
        scenario = study.scenario(cell.scenario)
        factors = cell.factors.levels()
        own = trials[(trials[list(CELL)] == [cell.scenario, *factors.values()]).all(axis=1)]
        judged = own[own["verdict"].isin(["supported", "unsupported"])]
        n, k = len(judged), int((judged["verdict"] == "supported").sum())
        verdict = "not tested" if not n else {0: "unsupported", n: "supported"}.get(k, "flaky")
        interval = wilson(k, n)
        median, down = (
            median_interval(
                [
                    math.inf if c else s
                    for s, c in zip(judged[name], judged["outage_censored"], strict=True)
                ]
            )
            for name in ("outage_s", "down_s")
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
                "down_median_s": down.median,
                "interruptions_most": int(judged["interruptions"].max()) if n else 0,
                "blind_n": 0, "blind_median_s": math.nan, "blind_censored": 0,
            }
        )  # fmt: skip
    scenarios = schemas.SCENARIOS.frame(rows)
    return {
        "trials": trials, "scenarios": scenarios, "claims": _claims(scenarios),
        "outages": _outages(trials), "new_clients": schemas.NEW_CLIENTS.frame([]),
        "components": _components(trials),
        "phases": schemas.PHASES.frame([]),
        "processor": schemas.PROCESSOR.frame([]),
        "controls": schemas.CONTROLS.frame(_controls(trials)),
        "sensitivity": schemas.SENSITIVITY.frame(sensitivity_rows(NAME, Rules(), [])),
        "disturbances": schemas.DISTURBANCES.frame([]),
        "coincidences": schemas.COINCIDENCES.frame(coincidence_rows(NAME, [])),
        "campaigns": CAMPAIGNS.frame([campaign_row(NAME, _started(trials), NOT_READ, {})]),
        "rule_changes": RULE_CHANGES.frame([]),
    }  # fmt: skip


def _started(trials: pd.DataFrame) -> list[dict[str, Any]]:
    return [{"started": started} for started in trials["started"]]


def _claims(scenarios: pd.DataFrame) -> pd.DataFrame:
    def run(plane: str) -> pd.DataFrame:
        return scenarios[(scenarios["plane"] == plane) & (scenarios["n"] > 0)]

    def agreement(plane: str) -> str:
        if run(plane).empty:
            return "not tested"
        return "differs" if (run(plane)["agreement"] == "differs").any() else "reproduced"

    def deciding(plane: str) -> str:
        return ", ".join(cell_id(row) for row in run(plane).to_dict("records"))

    texts = {
        "C0": "7 of the 9 scenarios are supported",
        "C1": "damage of the socket files is not detected and makes the system inoperable",
        "C2": "when all key components have failed the client is not notified",
    }
    return schemas.CLAIMS.frame(
        [
            {
                "campaign": NAME, "claim": claim, "text": text, "plane": plane,
                "agreement": agreement(plane), "why": "constructed for a test",
                "scenarios": deciding(plane),
            }
            for claim, text in texts.items()
            for plane in ("kernel", "vpp")
        ]
    )  # fmt: skip


def _outages(trials: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            **{name: row[name] for name in schemas.OUTAGES.names[:4]}, "number": 1, "begin_s": 6.0,
            "end_s": None if row["outage_censored"] else 6.0 + row["outage_s"],
            "length_s": row["outage_s"], "censored": row["outage_censored"],
            "echoes_lost": row["replies_lost"], "first_seq": 800, "last_seq": 900,
        }
        for row in trials.to_dict("records")
        if row["interruptions"] == 1
    ]  # fmt: skip
    return schemas.OUTAGES.frame(rows)


def _controls(trials: pd.DataFrame) -> list[dict[str, Any]]:
    """One row for each plane on which S1 was run: an hour of nothing, without a watchdog."""
    own = trials[(trials["scenario"] == "S1") & (trials["path_verdict"] != "unknown")]
    return [
        {
            **dict.fromkeys(schemas.CONTROLS.names), **{name: DEFAULTS[name] for name in GROUP},
            "campaign": NAME, "plane": plane, "attempts": len(rows),
            "unknown": 0, "watched_s": 3600.0 * len(rows), "longest_watch_s": 3600.0, "gaps": 0,
            "down_s": 0.0, "echoes_sent": 180_000, "echoes_lost": 3, "echoes_late": 5,
            "sends_late": 7, "sampled": len(rows), "used_s_per_h": 58.2, "busiest": "nsmd-k8s",
            "busiest_share": 0.4, "spun": 0, "spun_s": 0.0,
        }
        for plane, rows in own.groupby("plane")
    ]  # fmt: skip


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
