# SPDX-License-Identifier: Apache-2.0
"""Where the time of a campaign's lanes went, as the command line says it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

KIND_WORDS = {"study": "the study", "system": "the system", "ours": "the harness", "none": ""}


def efficiency(table: pd.DataFrame) -> dict[str, Any]:
    """The parts of the lanes' time as text, and what they come to; `parts` is empty without any.

    `required` is the share of the study and of the system's own start, in whole percent.
    """
    from nsm_resilience.tables.language import seconds

    shares = table.groupby("kind")["share"].sum()
    required = float(shares.get("study", 0.0) + shares.get("system", 0.0))
    lanes = table[table["kind"] != "none"]
    return {
        "parts": [
            {
                "part": row["part"],
                "of": KIND_WORDS[row["kind"]],
                "n": row["n"],
                "minutes": f"{row['total_s'] / 60:.1f}",
                "share": "" if row["kind"] == "none" else f"{100 * row['share']:.1f}",
                "median": seconds(row["median_s"]),
                "most": seconds(row["most_s"]),
            }
            for row in table[table["n"] > 0].to_dict("records")
        ],
        "required": round(100 * required),
        "hours": f"{float(lanes['total_s'].sum()) / 3600:.1f}",
    }


def efficiency_of(tables: Path) -> dict[str, dict[str, Any]]:
    """The same of each campaign, by name, from the folder with the tidy tables."""
    from nsm_resilience.report.numbers import read_tables

    whole = read_tables(tables)["efficiency"]
    return {str(name): efficiency(own) for name, own in whole.groupby("campaign", sort=False)}


def efficiency_lines(tables: Path) -> Iterator[str]:
    """The same as lines for a terminal."""
    found = efficiency_of(tables)
    if not any(own["parts"] for own in found.values()):
        yield f"{tables}: no attempt of any campaign says when and where it ran"
    for name, own in found.items():
        if own["parts"]:
            yield from _lines(name, own)


def _lines(name: str, found: dict[str, Any]) -> Iterator[str]:
    yield f"campaign {name}"
    yield f"{'part':20} {'for':12} {'n':>5} {'minutes':>8} {'%':>5} {'median s':>9} {'most s':>7}"
    for row in found["parts"]:
        yield (
            f"{row['part']:20} {row['of']:12} {row['n']:5} {row['minutes']:>8} {row['share']:>5} "
            f"{row['median']:>9} {row['most']:>7}"
        )
    yield (
        f"{found['required']} % of {found['hours']} hours of lane time are the study's and the "
        "system's own"
    )
