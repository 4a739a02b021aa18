# SPDX-License-Identifier: Apache-2.0
"""Sentences on the paper's own campaign: its paths, its probes, its controls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nsm_resilience.tables.language import counted, least_to_most, listed, was

Numbers = Mapping[str, Any]
"""The numbers of one campaign (`report.numbers.make_numbers`)."""


def account(numbers: Numbers) -> dict[str, str]:
    """All sentences of this module, by name; empty if there is nothing to say."""
    return {
        "paths": paths(numbers),
        "late": late(numbers["paths"]),
        "controls": controls(numbers["controls"]),
    }


def paths(numbers: Numbers) -> str:
    """Count the fates of the established path, each judged trial once."""
    found, judged = numbers["paths"], numbers["counts"]["judged"]
    back = f"{found['recovered']} stopped and came back"
    if found["recovered"]:
        what = "an outage" if found["recovered"] == 1 else "outages"
        back += f" ({what} of {least_to_most(found['shortest'], found['longest'])} s)"
    parts = [f"{found['alive']} never stopped", back, f"{found['dead']} had not come back to stay"]
    if found["late"]:
        parts.append(f"{found['late']} answered with too many late replies")
    if found["gone"]:
        parts.append(f"{found['gone']} had lost the client or the only endpoint")
    of = counted(judged, "judged trial")
    return f"Of the paths of {of}, at the end of the watch: {listed(parts)}."


def late(found: Mapping[str, Any]) -> str:
    """Say how many of our own echoes were sent late; empty without any."""
    if not found["echoes"]:
        return ""
    share = 100 * found["late_sends"] / found["echoes"]
    return (
        f"Sent late, by more than half an interval: {found['late_sends']:,} of "
        f"{counted(found['echoes'], 'echo', 'echoes')} ({share:.2f} %)."
    )


def controls(found: Mapping[str, Any]) -> str:
    """Say how often trials without a fault and without a remedy were judged to fail."""
    if not found["n"]:
        return "No control without a remedy was judged, so the rate of false alarms is not known."
    return (
        f"Of {counted(found['n'], 'control')} without a remedy {found['alarms']} "
        f"{was(found['alarms'])} judged unsupported (95 % interval of that share "
        f"{found['interval']}), and in "
        f"{found['stopped']} the path stopped."
    )
