# SPDX-License-Identifier: Apache-2.0
"""What would change with other thresholds, lanes and windows?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.tables.language import counted, listed


def windows(campaigns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say of each campaign how long was watched and how many paths were not back by then."""
    return [
        f"{one['campaign']['name']}: {_watches(one['campaign'])}, "
        f"{one['paths']['dead']} of {counted(one['counts']['judged'], 'judged trial')} with a path "
        "that had not come back to stay"
        for one in campaigns
        if one["counts"]["judged"]
    ]


def _watches(campaign: Mapping[str, Any]) -> str:
    full = f" or {campaign['full_watch_s']} s" if campaign["full_watch_s"] else ""
    return f"a watch of {campaign['windows']['watch_s']} s{full}"


def lanes(kinds: Sequence[Mapping[str, Any]]) -> str:
    """Say what trials alone and side by side differ in; empty where none were compared.

    Args:
        kinds: what `report.contrasts.contrast_numbers` counts by kind.
    """
    for kind in kinds:
        if kind["id"] == "company":
            words = [f"{n} {word}" for word, n in kind["words"].items() if n]
            return (
                f"Trials alone and trials side by side: {counted(kind['n'], 'comparison')}, "
                f"{listed(words)}."
            )
    return ""
