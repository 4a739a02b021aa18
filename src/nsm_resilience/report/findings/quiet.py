# SPDX-License-Identifier: Apache-2.0
"""What came without any fault: false alarms per hour, gaps of the path, processor time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.tables.language import counted

Row = Mapping[str, Any]

AN_HOUR = 60
"""Minutes of the longest watch from which on a campaign's controls are told one by one: what comes
once an hour is not seen in two minutes."""


def quiet(rows: Sequence[Row]) -> list[str]:
    """One sentence for each row of `report.without_fault` whose longest watch is an hour."""
    return [_said(row) for row in rows if row["longest"] >= AN_HOUR]


def _said(row: Row) -> str:
    apart = f", {row['unknown']} of {counted(row['attempts'], 'trial')} unknown"
    where = f"{row['plane']} plane, {row['remedy']} ({row['campaign']}"
    where += f"{apart if row['unknown'] else ''})"
    return (
        f"{where[:1].upper()}{where[1:]}: {counted(int(row['minutes']), 'minute')} without a "
        f"fault, {_gaps(row)}{_alarms(row)}{_busy(row)}."
    )


def _gaps(row: Row) -> str:
    gaps = counted(row["gaps"], "interruption")
    return f"{gaps} of the path ({row['down']} s)" if row["gaps"] else f"{gaps} of the path"


def _alarms(row: Row) -> str:
    if not row["alarms"]:
        return ""
    alarms = counted(int(row["alarms"]), "false alarm")
    return f", {alarms} of the watchdog, {row['alarms_per_h']} an hour"


def _busy(row: Row) -> str:
    if not row["busiest"]:
        return ""
    component, _, share = row["busiest"].rpartition(" ")
    return (
        f", {row['used']} s of processor time an hour for the system\u2019s components; over 30 s "
        f"the busiest, {component}, used {share} % of a processor"
    )
