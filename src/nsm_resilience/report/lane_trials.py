# SPDX-License-Identifier: Apache-2.0
"""Read what ran beside each attempt of a campaign, and write the tables that show if lanes bias."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.figures.cells import judged
from nsm_resilience.analysis.lanes import Ran, beside, compare_lanes
from nsm_resilience.record.files import read_object
from nsm_resilience.record.layout import CampaignLayout, RecordLayout
from nsm_resilience.record.reader import read_record
from nsm_resilience.report.numbers import read_named
from nsm_resilience.report.wording import parse_time
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.tables.attempts import parts_of
from nsm_resilience.tables.lanes import LANE_TRIALS, LANES
from nsm_resilience.tables.schemas import CELL, PHASES, TRIALS
from nsm_resilience.tables.write import write_table

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]


class LanesError(ValueError):
    """A campaign cannot show whether lanes bias; the message says which one could."""


def write_lanes(campaign: Path, tables_dir: Path, out_dir: Path) -> list[Path]:
    """Write tables `lanes` and `lanes_trials` of a campaign as CSV and Parquet.

    Args:
        campaign: the campaign's folder, with its records.
        tables_dir: its tidy tables.
        out_dir: where the two tables go.

    Raises:
        LanesError: its records do not say how many trials could run at once, or all say the same.
        NumbersError: a table is missing.
    """
    import pandas as pd

    tables = read_named(tables_dir, (TRIALS, PHASES), "nsm-resilience tables")
    trials = tables[TRIALS.name]
    phases = pd.read_parquet(
        tables_dir / f"{PHASES.name}.parquet", columns=["trial", "attempt", "phase", "seconds"]
    )
    rows = lane_rows(campaign, trials, phases)
    ways = {row["way"] for row in rows}
    if len(ways) < 2:
        raise LanesError(
            f"{campaign}: its records do not show trials both alone and side by side"
            f"{f', only {ways.pop()}' if ways else ''}; run a study with `turns:`, for example "
            "config/study-lanes.yaml, and name that campaign as `lanes:`"
        )
    lane_trials = LANE_TRIALS.frame(rows)
    study = load_recorded_study(CampaignLayout(campaign).study)
    return [
        *write_table(LANES, compare_lanes(trials, lane_trials, study), out_dir),
        *write_table(LANE_TRIALS, lane_trials, out_dir),
    ]


def lane_rows(campaign: Path, trials: pd.DataFrame, phases: pd.DataFrame) -> list[Row]:
    """Return the rows of `lanes_trials`: of each attempt whose record says what was allowed."""
    lengths = phases.groupby(["trial", "attempt"])["seconds"].sum().to_dict()
    installs = phases[phases["phase"] == "install"].set_index(["trial", "attempt"])["seconds"]
    counting = set(judged(trials)["record"])
    found, ran = [], []
    for row in trials.assign(part=parts_of(trials)).to_dict("records"):
        if row["started"] is None:
            continue
        key = (row["trial"], row["attempt"])
        begin = parse_time(str(row["started"])).timestamp()
        ran.append(Ran(begin, begin + float(lengths.get(key, 0.0))))
        found.append((row, key))
    rows = []
    for (row, key), others in zip(found, beside(ran), strict=True):
        layout = RecordLayout(campaign / str(row["record"]))
        at_once = read_object(layout.meta).get("lanes_at_once")
        if not isinstance(at_once, int):
            continue
        counts = row["record"] in counting
        rows.append(
            {
                **{name: row[name] for name in ("campaign", "trial", "attempt", *CELL, "lane")},
                "way": "alone" if at_once == 1 else "together",
                "lanes_at_once": at_once,
                "beside": round(others, 3),
                "verdict": row["verdict"],
                "part": row["part"],
                "counted": counts,
                "install_s": installs.get(key, math.nan),
                "rtt_ms": median_round_trip_ms(layout.folder) if counts else math.nan,
                "late_share": _share(row["late_sends"], row["replies_sent"]) if counts else None,
            }
        )
    return rows


def median_round_trip_ms(record: Path) -> float:
    """Median round trip of the echoes of the established path that were answered; NaN for none."""
    path = read_record(record).table("path")
    return float(path["rtt_ns"].dropna().astype(float).median()) / 1e6


def _share(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else math.nan


def lanes_at_once(lane_trials: pd.DataFrame) -> Sequence[int]:
    """How many trials could run at once where they ran side by side, each number once."""
    return sorted(set(lane_trials.loc[lane_trials["way"] == "together", "lanes_at_once"]))
