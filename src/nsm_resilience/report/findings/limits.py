# SPDX-License-Identifier: Apache-2.0
"""What limits all findings, in numbers: the machines, and how few trials there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.tables.language import counted, least_to_most, listed

Campaign = Mapping[str, Any]
"""The numbers of one campaign (`report.numbers.make_numbers`)."""

RARE = 0.1
"""Chance of a failure that few trials may miss."""


def machine(campaigns: Sequence[Campaign]) -> str:
    """Name the machine below each cluster by its processors, where records say them.

    >>> machine([{"campaign": {"machine": [{"what": "CPUs", "value": "2, 4"}]}}])
    'one machine with 2 to 4 processors'
    """
    found = sorted(
        int(value)
        for one in campaigns
        for fact in one["campaign"]["machine"]
        if fact["what"] == "CPUs"
        for value in str(fact["value"]).split(", ")
        if value.isdigit()
    )
    if not found:
        return "one machine"
    noun = "processor" if found[-1] == 1 else "processors"
    return f"one machine with {least_to_most(found[0], found[-1])} {noun}"


def few(campaigns: Sequence[Campaign]) -> str:
    """Say what the cells with the fewest judged trials may miss; empty without any.

    >>> few([{"campaign": {"name": "a"}, "trials_per_cell": {"least": 2}}])
    'A failure of one trial in ten passes unseen with a chance of 81 % in 2 trials (“a”).'
    """
    least: dict[int, list[str]] = {}
    for one in campaigns:
        n = one["trials_per_cell"]["least"]
        if n:
            least.setdefault(n, []).append(f"“{one['campaign']['name']}”")
    told = [
        f"{100 * (1 - RARE) ** n:.0f} % in {counted(n, 'trial')} ({', '.join(names)})"
        for n, names in sorted(least.items())
    ]
    if not told:
        return ""
    return f"A failure of one trial in ten passes unseen with a chance of {listed(told)}."
