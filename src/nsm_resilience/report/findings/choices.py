# SPDX-License-Identifier: Apache-2.0
"""What would change with other thresholds, lanes and windows?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.report.cell_rows import all_rows, levels_of
from nsm_resilience.tables.language import counted, listed, was

Campaign = Mapping[str, Any]
"""The numbers of one campaign (`report.numbers.make_numbers`)."""


def longer_watches(campaigns: Sequence[Campaign]) -> str:
    """Compare cells with a longer watch and the same cells with the usual one."""
    parts = []
    for campaign in campaigns:
        cells = {levels_of(row): row for row in all_rows(campaign) if row["n"]}
        for row in cells.values():
            usual = cells.get(levels_of(row, watch="usual"))
            if row["watch"] == "full" and usual is not None:
                parts.append(
                    f"{usual['cell']} ({campaign['campaign']['name']}): supported in "
                    f"{usual['kn']}, and over "
                    f"{campaign['campaign']['full_watch_s']} s in {row['kn']}"
                )
    if not parts:
        return "No cell was watched for the usual time and for longer in one campaign."
    return f"The same cells watched for longer: {'; '.join(parts)}."


def repeated(campaigns: Sequence[Campaign]) -> str:
    """Name the cells with judged trials in several campaigns whose verdicts differ.

    Only campaigns that watched the cell for as many seconds are compared.
    """
    cells: dict[tuple[str, ...], list[tuple[str, Mapping[str, Any]]]] = {}
    for campaign in campaigns:
        for row in all_rows(campaign):
            if row["n"]:
                own = campaign["campaign"]
                key = (*levels_of(row), _watch_s(own, row))
                cells.setdefault(key, []).append((own["name"], row))
    several = [found for found in cells.values() if len(found) > 1]
    if not several:
        return "No cell was judged in several campaigns over the same watch."
    differing = [found for found in several if len({row["verdict"] for _, row in found}) > 1]
    said = []
    for found in differing:
        shares = ", ".join(f"{name}: {row['kn']}" for name, row in found)
        said.append(f"{found[0][1]['cell']} ({shares})")
    has = "have" if len(differing) > 1 else "has"
    return (
        f"Of {counted(len(several), 'cell')} judged in several campaigns over the same watch, "
        f"{len(differing) or 'none'} {has} another verdict there"
        f"{f': {listed(said)}' if said else ''}."
    )


def _watch_s(campaign: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """How long a cell of a campaign was watched at most, in seconds as text."""
    full = row["watch"] == "full"
    return str(campaign["full_watch_s"] if full else campaign["windows"]["watch_s"])


def company(campaigns: Sequence[Campaign]) -> str:
    """Say whether trials ran side by side, and how losses shared between lanes were treated."""
    most = max((one["campaign"]["lanes"] for one in campaigns), default=0)
    if most <= 1:
        return "All trials ran one at a time." if most else "No record names a lane."
    left_out, unknown = (
        sum(one["disturbances"][key] for one in campaigns) for key in ("left_out", "unknown")
    )
    return (
        "Trials ran side by side, so before any verdict all attempts of a campaign are laid beside "
        "each other, and a loss that coincides with one in another lane, or with an act "
        "of another lane, is no outage of the system under test. Such a loss was left out of the "
        f"outages of {counted(left_out, 'attempt')}; {counted(unknown, 'attempt')} that "
        f"{'rests' if unknown == 1 else 'rest'} on one {was(unknown)} judged unknown."
    )


def lanes(kinds: Sequence[Mapping[str, Any]]) -> str:
    """Compare trials alone and side by side; empty if none were compared."""
    for kind in kinds:
        if kind["id"] == "company":
            words = [f"{n} {word}" for word, n in kind["words"].items() if n]
            beyond = Counter(f"{row['measure']} {row['word']}" for row in kind["clear"])
            measures = [f"{measure} in {n}" for measure, n in sorted(beyond.items())]
            return (
                "The same cells alone and side by side: "
                f"{counted(kind['n'], 'comparison')}, {listed(words)}"
                + (f" (side by side: {listed(measures)})" if measures else "")
                + "."
            )
    return ""
