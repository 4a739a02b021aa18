# SPDX-License-Identifier: Apache-2.0
"""Trials without a fault, for the paper (issue 17, point 4)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nsm_resilience.study.factors import level_name
from nsm_resilience.tables.cell import DEFAULTS
from nsm_resilience.tables.controls import GROUP
from nsm_resilience.tables.language import seconds

if TYPE_CHECKING:
    import pandas as pd


def without_fault(controls: pd.DataFrame) -> list[dict[str, Any]]:
    """Return table `controls` of all campaigns as text, one dictionary for each row.

    `longest` is the longest watch in whole minutes. Empty texts: there was no watchdog (`alarms`,
    `alarms_per_h`, `acts`), or processor time was not sampled (`used`, `busiest`, `spun`).
    """
    return [
        {
            "campaign": str(row["campaign"]),
            "cells": _cells(row),
            "attempts": int(row["attempts"]),
            "apart": f" ({row['unknown']} unknown)" if row["unknown"] else "",
            "minutes": f"{row['watched_s'] / 60:.0f}",
            "longest": int(row["longest_watch_s"] // 60),
            **_alarms(row),
            "gaps": int(row["gaps"]),
            "down": seconds(float(row["down_s"])) if row["gaps"] else "",
            "lost": int(row["echoes_lost"]),
            "late": int(row["echoes_late"]),
            "sends_late": f"{100 * row['sends_late'] / (row['echoes_sent'] or 1):.2f}",
            "used": seconds(float(row["used_s_per_h"])),
            "busiest": _busiest(row),
            "spun": _spun(row),
        }
        for row in controls.to_dict("records")
    ]


def _cells(row: dict[Any, Any]) -> str:
    """Levels that the trials share; except for plane and remedy the usual one is left out.

    >>> _cells({**DEFAULTS, "plane": "vpp", "client": "plain"})
    'VPP, plain, no remedy'
    """
    said = (n for n in GROUP if n in ("plane", "remedy") or row[n] != DEFAULTS[n])
    return ", ".join(level_name(name, str(row[name])) for name in said)


def _alarms(row: dict[Any, Any]) -> dict[str, str]:
    if math.isnan(row["alarms_per_h"]):  # there was no watchdog
        return {"alarms": "", "alarms_per_h": "", "acts": ""}
    low, high = row["alarms_low_per_h"], row["alarms_high_per_h"]
    return {
        "alarms": str(int(row["false_alarms"])),
        "alarms_per_h": f"{row['alarms_per_h']:.2g} ({low:.2g}–{high:.2g})",
        "acts": str(int(row["acts"])),
    }


def _busiest(row: dict[Any, Any]) -> str:
    """The busiest component with its share in per cent; empty if it was not sampled."""
    if not isinstance(row["busiest"], str):
        return ""
    return f"{row['busiest']} {100 * row['busiest_share']:.0f}"


def _spun(row: dict[Any, Any]) -> str:
    import pandas as pd

    if pd.isna(row["spun"]):  # an integer that is missing is no NaN
        return ""
    sampled = int(row["sampled"])
    if not row["spun"]:
        return f"none of {sampled}"
    began = seconds(float(row["spun_from_s"]))
    times = f"{seconds(float(row['spun_s']))} s from {began} s on"
    return f"in {int(row['spun'])} of {sampled}, {times}"
