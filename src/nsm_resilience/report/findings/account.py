# SPDX-License-Identifier: Apache-2.0
"""What is said of the paper's own campaign: its attempts, its paths, its controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.tables.attempts import MEANINGS
from nsm_resilience.tables.language import counted, least_to_most, listed, was

Numbers = Mapping[str, Any]
"""The numbers of one campaign (`report.numbers.make_numbers`)."""


def account(numbers: Numbers) -> dict[str, str]:
    """All sentences of this module, by name; empty ones where there is nothing to say."""
    return {
        "attempts": attempts_made(numbers),
        "cells": cells(numbers["trials_per_cell"]),
        "paths": paths(numbers),
        "late": late(numbers["paths"]),
        "controls": controls(numbers["controls"]),
    }


def attempts_made(numbers: Numbers) -> str:
    """Say how many attempts were made, judged, and why others count in no verdict."""
    counts, scheduled = numbers["counts"], numbers["campaign"]["scheduled"]
    apart = [f"{part['n']} {part['word']} ({MEANINGS[part['part']]})" for part in counts["apart"]]
    text = (
        f"{counted(scheduled, 'trial')} scheduled, {counted(counts['attempts'], 'attempt')} made, "
        f"{counts['judged']} of them judged"
    )
    if not apart:
        return f"{text}."
    return f"{text}; in no verdict, with their records kept: {listed(apart)}."


def cells(sizes: Mapping[str, int]) -> str:
    """Say how many judged trials the cells have."""
    if sizes["cells"] == 0:
        return "No cell has a judged trial."
    many = least_to_most(sizes["least"], sizes["most"])
    return f"Judged trials of a cell, of {counted(sizes['cells'], 'cell')} run: {many}."


def paths(numbers: Numbers) -> str:
    """Say what became of the established path, each judged trial in one place."""
    found, judged = numbers["paths"], numbers["counts"]["judged"]
    back = f"{found['recovered']} stopped and came back"
    if found["recovered"]:
        back += f" (outages of {found['shortest']} to {found['longest']} s)"
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
    """Say how often trials without a fault were judged to fail."""
    if not found["n"]:
        return "No control was judged, so the rate of false alarms is not known."
    return (
        f"Of {counted(found['n'], 'control')} without a fault {found['alarms']} "
        f"{was(found['alarms'])} judged unsupported (95 % interval of that share "
        f"{found['interval']}), and in "
        f"{found['interrupted']} the path was interrupted."
    )


def differences(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say of each row that differs from the paper what became of it.

    Args:
        rows: rows of the table of the nine (`report.rows.cell_rows`).
    """
    return [_difference(row) for row in rows if row["agreement"] == "differs"]


def _difference(row: Mapping[str, Any]) -> str:
    name = f"{row['scenario']}, “{row['title']}” on {row['where']}"
    if row["variant"]:
        name += f", {row['variant']}"
    words = (
        ("alive", "never stopped"), ("recovered", "came back"), ("late", "answered too late"),
        ("dead", "had not come back to stay"), ("gone", "had lost client or endpoint"),
    )  # fmt: skip
    path = [f"{text} in {row['path'][word]}" for word, text in words if row["path"][word]]
    blind = ""
    if row["blind_known"]:
        blind = f"; none was taken for {row['blind']} s (median)"
    return (
        f"{name}: the paper says {row['claimed']}, supported were {row['k']} of "
        f"{counted(row['n'], 'trial')} (interval {row['interval']}). The path {listed(path)}; a "
        f"new client connected in {row['new_answered']} of {row['new_asked']}{blind}."
    )
