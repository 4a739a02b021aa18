# SPDX-License-Identifier: Apache-2.0
"""What the paper and the terminal say of trials alone and trials side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.differences import Difference
from nsm_resilience.analysis.families import LEVEL
from nsm_resilience.analysis.figures.cells import cell_labels, in_order, short_names
from nsm_resilience.analysis.lanes import RELATIVE
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.report.campaign import read_description
from nsm_resilience.report.factors import interval, signed
from nsm_resilience.report.lane_trials import lanes_at_once
from nsm_resilience.report.numbers import apart_in_words, read_named
from nsm_resilience.report.wording import p_of, seconds, signed_interval
from nsm_resilience.report.wording import signed as signed_share
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.tables.attempts import counted_parts
from nsm_resilience.tables.lanes import (
    LANE_TRIALS,
    LANE_VERDICTS,
    LANES,
    LANES_TABLES,
    MEASURES,
    WAYS,
    unit_of,
)
from nsm_resilience.tables.schemas import CELL

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study


def add_lanes(numbers: Mapping[str, Any], tables_dir: Path, campaign: Path) -> dict[str, Any]:
    """Return the paper's numbers with what the campaign `lanes:` says.

    Args:
        numbers: the paper's numbers, see `numbers.make_numbers`.
        tables_dir: where tables `lanes` and `lanes_trials` are.
        campaign: the folder of the campaign that they are made of.

    Raises:
        NumbersError: one of the two tables is missing.
    """
    tables = read_named(tables_dir, LANES_TABLES, "nsm-resilience lanes")
    return {
        **numbers,
        "tables": [
            *numbers["tables"],
            *({"name": name, "rows": len(table)} for name, table in tables.items()),
        ],
        "lanes": {
            "source": str(read_description(campaign)["source"]),
            **lanes_numbers(
                tables[LANES.name],
                tables[LANE_TRIALS.name],
                load_recorded_study(CampaignLayout(campaign).study),
            ),
        },
    }


def lanes_numbers(lanes: pd.DataFrame, lane_trials: pd.DataFrame, study: Study) -> dict[str, Any]:
    """Return counts, rows and rule of the comparison as plain data, numbers as they are written."""
    rows = _rows(lanes, study)
    return {
        "campaign": str(lane_trials["campaign"].iloc[0]),
        "at_once": [str(number) for number in lanes_at_once(lane_trials)],
        "blocks": study.turns.blocks if study.turns is not None else None,
        "ways": {way: _way(lane_trials[lane_trials["way"] == way]) for way in WAYS},
        "rows": rows,
        "counts": {word: sum(row["verdict"] == word for row in rows) for word in LANE_VERDICTS},
        "relative": f"{100 * RELATIVE:g}",
        "alpha": f"{LEVEL:g}",
        "family": int(lanes["rank_family"].max()) if len(lanes) else 0,
        "turns": {way: int(lanes[f"{way}_turns"].max()) if len(lanes) else 0 for way in WAYS},
        "by_turn": bool(lanes["delta_turn_low"].notna().any()),
    }


def _way(own: pd.DataFrame) -> dict[str, Any]:
    """Count attempts and trials of one way, and say how many others ran beside a judged one."""
    judged = own[own["counted"]]
    parts = counted_parts(own["part"])
    return {
        "attempts": len(own),
        "judged": len(judged),
        "supported": int((judged["verdict"] == "supported").sum()),
        "apart": apart_in_words(parts),
        "beside": seconds(float(judged["beside"].mean())) if len(judged) else "",
    }


def _apart(way: Mapping[str, Any]) -> str:
    return ", ".join(f"{it['n']} {it['word']}" for it in way["apart"]) or "none apart"


def _rows(lanes: pd.DataFrame, study: Study) -> list[dict[str, Any]]:
    """Write the rows of table `lanes` in words, cells named as in the figures."""
    cells = in_order(lanes.drop_duplicates(list(CELL)))
    labels = dict(
        zip(
            cells[list(CELL)].itertuples(index=False, name=None),
            cell_labels(cells, short_names(study)),
            strict=True,
        )
    )
    return [
        {
            "cell": labels[tuple(row[name] for name in CELL)],
            "measure": MEASURES[row["measure"]],
            "unit": unit_of(row["measure"]),
            **{way: _value(row, way) for way in WAYS},
            "shift": signed(row["shift"]) or "open",
            "interval": interval(Difference(row["shift"], row["shift_low"], row["shift_high"])),
            "margin": seconds(row["margin"]),
            "delta": signed_share(row["cliff_delta"]),
            "delta_interval": signed_interval(row["delta_low"], row["delta_high"]),
            "p": p_of(row, "rank"),
            "by_turn": signed_interval(row["delta_turn_low"], row["delta_turn_high"]),
            "verdict": str(row["verdict"]),
        }
        for row in lanes.to_dict("records")
    ]


def _value(row: Mapping[Any, Any], way: str) -> dict[str, Any]:
    return {
        "n": int(row[f"{way}_n"]),
        "censored": int(row[f"{way}_censored"]),
        "median": seconds(row[f"{way}_median"]),
    }


def lanes_lines(tables_dir: Path, campaign: Path) -> Iterator[str]:
    """Say the same on a terminal."""
    tables = read_named(tables_dir, LANES_TABLES, "nsm-resilience lanes")
    study = load_recorded_study(CampaignLayout(campaign).study)
    found = lanes_numbers(tables[LANES.name], tables[LANE_TRIALS.name], study)
    for way in WAYS:
        own = found["ways"][way]
        yield (
            f"{way:8} {own['attempts']} attempts, {own['judged']} judged ({own['supported']} "
            f"supported), {_apart(own)}, {own['beside'] or '–'} others beside a "
            "judged one"
        )
    yield f"{'cell':34} {'measure':30} {'alone':>11} {'together':>11} {'shift':>8}  verdict"
    for row in found["rows"]:
        medians = [f"{row[way]['median'] or '–':>11}" for way in WAYS]
        measure = ", ".join(filter(None, (row["measure"], row["unit"])))
        yield (
            f"{row['cell']:34} {measure:30} {' '.join(medians)} {row['shift']:>8}  {row['verdict']}"
        )
    counts = found["counts"]
    yield (
        f"{'/'.join(found['at_once'])} lanes against one, {len(found['rows'])} comparisons: "
        f"{counts['equal']} equal, {counts['biased']} biased, {counts['open']} open"
    )
