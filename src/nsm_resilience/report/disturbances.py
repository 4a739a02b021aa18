# SPDX-License-Identifier: Apache-2.0
"""Disturbances between lanes in numbers of the paper; table `disturbances` has each stretch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def disturbances(found: pd.DataFrame, counted: pd.DataFrame) -> dict[str, Any]:
    """Counts of tables `disturbances` and `coincidences` as plain data.

    `losses` and `stalls` count the stretches looked at, those shared between lanes, and those
    expected by chance. `left_out` counts attempts in which a shared loss was left out, `unknown`
    those that rest on one.
    """
    # an attempt may have several, and what followed from one is not what followed from another
    losses = found[found["kind"] == "loss"]
    attempts = losses.drop_duplicates(["trial", "attempt", "followed"])
    return {
        "losses": _coincidence(counted, "loss"),
        "stalls": _coincidence(counted, "stall"),
        "left_out": int((attempts["followed"] == "left out").sum()),
        "unknown": int((attempts["followed"] == "unknown").sum()),
    }


def _coincidence(counted: pd.DataFrame, kind: str) -> dict[str, Any]:
    (row,) = counted[counted["kind"] == kind].to_dict("records")
    return {
        "stretches": int(row["stretches"]),
        "shared": int(row["shared"]),
        "by_chance": f"{row['by_chance']:.1f}",
        "by_chance_most": int(row["by_chance_most"]),
    }
