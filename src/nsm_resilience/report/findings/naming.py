# SPDX-License-Identifier: Apache-2.0
"""A cell by what tells it from the others of its campaign and plane, in few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nsm_resilience.analysis.figures.cells import USUAL
from nsm_resilience.study.factors import level_name


def named(row: Mapping[str, Any]) -> str:
    """Scenario, kind of failure, and of client, outage and watch what is not usual.

    >>> usual = {"scenario": "S9", "failure": "kill", "client": "monitored", "outage": "first",
    ...          "watch": "usual"}
    >>> named(usual), named({**usual, "client": "plain", "watch": "full"})
    ('S9 kill', 'S9 kill, plain client, longer watch')
    """
    parts = [f"{row['scenario']} {level_name('failure', row['failure'])}".strip()]
    if row["client"] != "monitored":
        parts.append(f"{row['client']} client")
    others = [level_name(name, row[name]) for name in ("outage", "watch")]
    return ", ".join([*parts, *(other for other in others if other not in USUAL)])
