# SPDX-License-Identifier: Apache-2.0
"""What lanes did to each other, as the paper and the site say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

LISTED = 12
"""Acts in the paper's table; the table `disturbances` holds all."""

NO_ACT = "no act that a record shows"


def disturbances(found: pd.DataFrame, counted: pd.DataFrame) -> dict[str, Any]:
    """Counts and acts of tables `disturbances` and `coincidences` as plain data.

    `losses` and `stalls` say how many stretches were looked at, how many are shared between lanes,
    and how many chance gives; `left_out` and `unknown` in how many attempts a shared loss was left
    out, and how many rest on one. `acts` has one row for each act that losses follow on, those with
    most echoes lost first.
    """
    losses = found[found["kind"] == "loss"]
    attempts = losses.drop_duplicates(["trial", "attempt"])
    return {
        "losses": _coincidence(counted, "loss"),
        "stalls": _coincidence(counted, "stall"),
        "left_out": int((attempts["followed"] == "left out").sum()),
        "unknown": int((attempts["followed"] == "unknown").sum()),
        "acts": _acts(losses)[:LISTED],
    }


def _coincidence(counted: pd.DataFrame, kind: str) -> dict[str, Any]:
    (row,) = counted[counted["kind"] == kind].to_dict("records")
    return {
        "stretches": int(row["stretches"]),
        "shared": int(row["shared"]),
        "by_chance": f"{row['by_chance']:.1f}",
        "by_chance_most": int(row["by_chance_most"]),
    }


def _acts(losses: pd.DataFrame) -> list[dict[str, Any]]:
    keys = losses["cause_trial"].fillna(NO_ACT) + "|" + losses["act_text"].fillna("")
    rows = []
    for _, own in losses.groupby(keys, sort=True):
        first = own.iloc[0]
        known = isinstance(first["cause_trial"], str)
        offsets = own["offset_ms"].dropna()
        rows.append(
            {
                "trial": first["cause_trial"] if known else NO_ACT,
                "what": first["act_text"] if known else "",
                "at": first["act_at"] if known else "",
                "paths": len(own),
                "echoes": int(own["echoes"].sum()),
                "longest": f"{own['length_s'].max():.1f}",
                "after": f"{offsets.min():.0f} to {offsets.max():.0f}" if len(offsets) else "",
                "followed": ", ".join(sorted(set(own["followed"]))),
            }
        )
    return sorted(rows, key=lambda row: (-row["echoes"], row["trial"]))
