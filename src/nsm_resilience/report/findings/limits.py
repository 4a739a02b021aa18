# SPDX-License-Identifier: Apache-2.0
"""What limits all findings, in numbers: the machines, and how few trials there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.report.cell_rows import all_rows
from nsm_resilience.tables.language import least_to_most, listed

Campaign = Mapping[str, Any]
"""The numbers of one campaign (`report.numbers.make_numbers`)."""

RARE = 0.1
"""Chance of a failure in each trial, which few trials may miss."""


def machine(campaigns: Sequence[Campaign]) -> str:
    """Name the machine of each cluster by its processors; empty if it is not one machine.

    Nodes share a machine if all of them report its kernel.

    >>> one = {"nodes": ["a"], "one_kernel": True, "machine": [{"what": "CPUs", "value": "2, 4"}]}
    >>> machine([{"campaign": one}]), machine([{"campaign": {**one, "one_kernel": False}}])
    ('one machine with 2 to 4 processors', '')
    """
    begun = [one["campaign"] for one in campaigns if one["campaign"]["nodes"]]
    if not begun or not all(one["one_kernel"] for one in begun):
        return ""
    found = sorted(
        int(value)
        for one in begun
        for fact in one["machine"]
        if fact["what"] == "CPUs"
        for value in str(fact["value"]).split(", ")
        if value.isdigit()
    )
    if not found:
        return "one machine"
    noun = "processor" if found[-1] == 1 else "processors"
    return f"one machine with {least_to_most(found[0], found[-1])} {noun}"


def setting(campaigns: Sequence[Campaign]) -> str:
    """Say on what trials ran, and how many side by side at most; empty if no record says so.

    >>> one = {"nodes": [], "one_kernel": False, "machine": [], "lanes": 5}
    >>> setting([{"campaign": one}, {"campaign": {**one, "lanes": 1}}])
    'Trials ran at most 5 side by side.'
    """
    where = machine(campaigns)
    most = max((one["campaign"]["lanes"] for one in campaigns), default=0)
    lanes = f"at most {most} side by side" if most > 1 else "one at a time" if most else ""
    parts = [part for part in (f"on clusters of {where} each" if where else "", lanes) if part]
    return f"Trials ran {', '.join(parts)}." if parts else ""


def few(campaigns: Sequence[Campaign]) -> str:
    """Say what the cells with the fewest judged trials may miss; empty without any.

    >>> few([{"planes": [], "further": [{"n": 2}, {"n": 3}, {"n": 0}]}])[-42:]
    'passes unseen there with a chance of 81 %.'
    """
    sizes = [row["n"] for one in campaigns for row in all_rows(one) if row["n"]]
    if not sizes:
        return ""
    least = min(sizes)
    return (
        f"The smallest number of judged trials in a cell is {least}: a failure of one in ten "
        f"passes unseen there with a chance of {100 * (1 - RARE) ** least:.2g} %."
    )


def builds(campaigns: Sequence[Campaign]) -> str:
    """Say which campaigns ran several builds of one image; empty if none did.

    >>> build = {"name": "nsmd", "digest": "a"}
    >>> one = {"name": "mine", "images": [build, {**build, "digest": "b"}]}
    >>> builds([{"campaign": one}])[:35]
    '“mine” ran several builds of nsmd. '
    """
    found = []
    for one in (each["campaign"] for each in campaigns):
        names = Counter(image["name"] for image in one["images"])
        several = [name for name, n in names.items() if n > 1]
        if several:
            found.append(f"“{one['name']}” ran several builds of {listed(several)}.")
    if not found:
        return ""
    return (
        f"{' '.join(found)} The measures of a cell join theirs; the supplement has the digests, "
        "and the number of attempts of each."
    )
