# SPDX-License-Identifier: Apache-2.0
"""A comparison of two campaigns for the paper: its tables on disk, and its numbers in words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.blocks import can_tell
from nsm_resilience.analysis.comparison import Comparison, Contrast, contrasts_of
from nsm_resilience.analysis.families import LEVEL, confidence_of
from nsm_resilience.analysis.figures.cells import level_name
from nsm_resilience.analysis.figures.comparison import describe_comparison
from nsm_resilience.report.numbers import read_named
from nsm_resilience.report.rows import with_variants
from nsm_resilience.report.sides import sides_of_tables
from nsm_resilience.report.wording import (
    median_seconds,
    p_of,
    signed,
    signed_interval,
    span,
    typographic,
)
from nsm_resilience.tables.comparison import (
    CHANGES,
    COMPARISON,
    COMPARISON_TABLES,
    ENVIRONMENT,
    MEASURES,
    SIDES,
    TIMES,
)
from nsm_resilience.tables.schemas import CELL
from nsm_resilience.tables.write import write_table

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

_DIGEST = re.compile(r"\b[0-9a-f]{32,}\b")
_DIGEST_SHOWN = 12


def write_comparison(comparison: Comparison, out_dir: Path) -> list[Path]:
    """Write the three tables as CSV and Parquet; the same comparison gives the same bytes."""
    return [
        *write_table(COMPARISON, comparison.verdicts, out_dir),
        *write_table(TIMES, comparison.times, out_dir),
        *write_table(ENVIRONMENT, comparison.environment, out_dir),
    ]


def add_comparison(
    numbers: Mapping[str, Any],
    other: Mapping[str, Any],
    tables_dir: Path,
    second_tables_dir: Path,
) -> dict[str, Any]:
    """Return the paper's numbers with the comparison, and with its figure among the figures.

    Args:
        numbers: the first campaign's numbers, see `numbers.make_numbers`.
        other: the same of the second.
        tables_dir: the first campaign's tables, and those of the comparison.
        second_tables_dir: the second campaign's tables.

    Raises:
        NumbersError: a table is missing.
    """
    tables = read_named(tables_dir, COMPARISON_TABLES, "nsm-resilience compare")
    first, second = sides_of_tables(tables_dir, second_tables_dir)
    figure = describe_comparison(first, second)
    return {
        **numbers,
        "figures": {**numbers["figures"], figure.name: figure.to_dict()},
        "tables": [
            *numbers["tables"],
            *({"name": name, "rows": len(table)} for name, table in tables.items()),
        ],
        "comparison": comparison_numbers(
            tables, (numbers, other), contrasts_of(first.scenarios, second.scenarios)
        ),
    }


def comparison_numbers(
    tables: Mapping[str, pd.DataFrame],
    campaigns: tuple[Mapping[str, Any], Mapping[str, Any]],
    contrasts: Sequence[Contrast],
) -> dict[str, Any]:
    """Return what the paper says of two campaigns, as plain data.

    Args:
        tables: the three tables of the comparison, by name.
        campaigns: numbers of the first and of the second campaign.
        contrasts: factors in which they differ throughout.
    """
    verdicts, times = tables[COMPARISON.name], tables[TIMES.name]
    names = [str(verdicts[side].iloc[0]) for side in SIDES]
    rows = pair_rows(verdicts, times, campaigns)
    changes = verdicts["change"].value_counts()
    facts = tables[ENVIRONMENT.name]
    differing = facts[facts["differs"]]
    return {
        "first": {"name": names[0], "clusters": campaigns[0]["campaign"]["clusters"]},
        "second": {
            "name": names[1],
            "clusters": campaigns[1]["campaign"]["clusters"],
            **{
                key: campaigns[1][key]
                for key in ("campaign", "counts", "links", "planes", "nine_declared")
            },
        },
        "contrasts": [
            {
                "factor": c.factor,
                "first": level_name(c.factor, c.first),
                "second": level_name(c.factor, c.second),
            }
            for c in contrasts
        ],
        "changes": {
            change.replace(" ", "_"): int(changes.get(change, 0)) for change in CHANGES
        },
        "rows": rows,
        "apart": apart(rows),
        "alpha": f"{LEVEL:g}",
        "family": int(verdicts["fisher_family"].max()),
        "least_clusters": least_clusters(int(verdicts["fisher_family"].max())),
        "by_cluster": bool(verdicts["share_cluster_low"].notna().any()),
        "environment": [
            {
                "what": str(row["what"]),
                **{side: _DIGEST.sub(lambda m: m[0][:_DIGEST_SHOWN], row[side] or "")
                   for side in SIDES},
            }
            for row in differing.to_dict("records")
        ],
        "same_facts": len(facts) - len(differing),
    }  # fmt: skip


def least_clusters(family: int) -> int:
    """How many clusters either campaign needs for intervals from them in a family of this size."""
    confidence = confidence_of(family)
    return next(
        n for n in itertools.count(1) if can_tell(range(n), range(n), confidence, paired=False)
    )


def pair_rows(
    verdicts: pd.DataFrame,
    times: pd.DataFrame,
    campaigns: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> list[Row]:
    """Return one row per pair of cells that either campaign has judged trials of, in words."""
    known = _known(campaigns)
    rows = []
    for pair in verdicts[verdicts["change"] != "neither"].to_dict("records"):
        own = times[(times[list(CELL)].fillna("") == [pair[n] or "" for n in CELL]).all(axis=1)]
        measures = {row["measure"]: row for row in own.to_dict("records")}
        rows.append(
            {
                **{name: pair[name] or "" for name in CELL},
                "title": typographic(str(pair["title"])),
                "where": "",
                "short": typographic(str(pair["title"])),
                **known.get(str(pair["scenario"]), {}),
                "change": str(pair["change"]),
                **{
                    side: {
                        "kn": f"{pair[f'{side}_k']}/{pair[f'{side}_n']}",
                        "verdict": str(pair[f"{side}_verdict"]),
                        "n": int(pair[f"{side}_n"]),
                    }
                    for side in SIDES
                },
                "difference": signed(pair["share_difference"]),
                "interval": signed_interval(pair["share_low"], pair["share_high"]),
                "p": p_of(pair, "fisher"),
                "apart": pair["fisher_holm_p"] <= LEVEL,
                "cluster_interval": signed_interval(
                    pair["share_cluster_low"], pair["share_cluster_high"]
                ),
                "times": {
                    measure: _time(measures[measure], measure, campaigns) for measure in MEASURES
                },
            }
        )
    return with_variants(rows, {})


def _time(
    row: Mapping[Any, Any],
    measure: str,
    campaigns: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> Row:
    window = "new_connection_s" if measure == "new_connection" else "watch_s"
    found: Row = {}
    for side, numbers in zip(SIDES, campaigns, strict=True):
        limit = float(numbers["campaign"]["windows"][window])
        if window == "watch_s" and row["watch"] == "full":
            limit = float(numbers["campaign"]["full_watch_s"] or limit)
        found[side] = median_seconds(row[f"{side}_median_s"], limit)
        interval = span(row[f"{side}_low_s"], row[f"{side}_high_s"], limit)
        found[f"{side}_interval"] = "" if interval == found[side] else interval
    return {
        **found,
        "delta": signed(row["cliff_delta"]),
        "cluster_interval": signed_interval(row["delta_cluster_low"], row["delta_cluster_high"]),
        "p": p_of(row, "rank"),
        "apart": float(row["rank_holm_p"]) <= LEVEL,
    }


def apart(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return for each measure the cells in which the campaigns are apart beyond chance."""
    return {
        measure: [
            f"{row['scenario']} ({row['variant']})" if row["variant"] else str(row["scenario"])
            for row in rows
            if row["times"][measure]["apart"]
        ]
        for measure in MEASURES
    }


def _known(campaigns: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return where each scenario's fault is and what it breaks in a few words, by scenario.

    The first campaign's words before all. The tables of two campaigns are wide: the short names of
    the figures leave room for them.
    """
    rows = [
        row
        for numbers in campaigns
        for row in (*(r for p in numbers["planes"] for r in p["rows"]), *numbers["further"])
    ]
    return {
        row["scenario"]: {
            "where": row["where"],
            "short": row["label"].partition(": ")[0].removeprefix(f"{row['scenario']} "),
        }
        for row in reversed(rows)
    }
