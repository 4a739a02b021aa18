# SPDX-License-Identifier: Apache-2.0
"""How the report writes numbers and dates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from nsm_resilience.tables.language import longer_than, median_seconds, seconds

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def down_time(median_down_s: float, seen_s: float, most: int) -> str:
    """Write how long a path was down: during an outage it may answer at times.

    Empty without any interruption. Source: issue 14, section 3.

    Args:
        median_down_s: infinite if it is among the censored.
        seen_s: the median of what was seen.
    """
    if most == 0 or math.isnan(median_down_s):
        return ""
    down = median_seconds(median_down_s, seen_s)
    return f"down {down} in {'1' if most == 1 else f'up to {most}'}"


def span(low: float, high: float, seen_low: float, seen_high: float) -> str:
    """Write the interval of a median; of a censored end how long it was seen at least."""
    if math.isnan(low) or math.isnan(high):
        return ""
    upper = longer_than(seen_high) if math.isinf(high) else seconds(high)
    lower = longer_than(seen_low) if math.isinf(low) else seconds(low)
    if lower == upper:
        return upper
    return f"{lower} to {upper}" if math.isinf(high) else f"{lower}–{upper}"


def share_interval(low: float, high: float) -> str:
    """Write an interval of a share with two decimals."""
    return "" if math.isnan(low) or math.isnan(high) else f"{low:.2f}–{high:.2f}"


LEAST_P = 0.001
"""A smaller p is not written out."""


def p_value(p: float) -> str:
    """Write a p; empty for none.

    >>> p_value(0.0357), p_value(0.1), p_value(0.00001), p_value(1.0)
    ('0.036', '0.10', '< 0.001', '1')
    """
    if math.isnan(p):
        return ""
    if p == 1:
        return "1"
    return f"< {LEAST_P:g}" if p < LEAST_P else f"{p:#.2g}"


def adjusted_p(p: float, least: float, method: str = "exact") -> str:
    r"""Write an adjusted p; if the sizes cannot reach the level, the least possible one.

    Args:
        p: adjusted p; NaN if it cannot reach the level, or nothing was compared.
        least: the least p that these sizes can give; NaN if nothing was compared.

    >>> adjusted_p(0.03, 0.01), adjusted_p(math.nan, 0.1), adjusted_p(math.nan, math.nan)
    ('0.030', '≥\xa00.10', '')
    >>> adjusted_p(0.13, 0.001, "Monte Carlo, m = 99,999; unadjusted p 0.012 to 0.014")
    '≈\xa00.13 (m = 99,999; unadjusted p 0.012 to 0.014)'
    """
    if math.isnan(least):
        return ""
    if math.isnan(p):
        return f"≥\u00a0{p_value(least)}"
    if method == "exact":
        return p_value(p)
    return f"≈\u00a0{p_value(p)} ({method.removeprefix('Monte Carlo, ')})"


def typographic(text: str) -> str:
    """Write typewriter apostrophes, as in the study's files, as typographic ones."""
    return text.replace("'", "\u2019")


def parse_time(text: str) -> datetime:
    """Read an ISO time; one without a zone is taken as UTC."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def dates(moment: datetime) -> dict[str, object]:
    """Write one moment for people and for the typesetter."""
    return {
        "iso": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "unix": int(moment.timestamp()),
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "en": f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}",
    }


_WORDS = {"cpu": "CPU", "cpus": "CPUs", "gib": "GiB"}
_NAMES = {"nsm_resilience": "nsm-resilience"}


def flattened(data: Mapping[str, object], prefix: str = "") -> list[dict[str, str]]:
    """Write a nested description as rows of what and value, in the order given."""
    rows: list[dict[str, str]] = []
    for key, value in data.items():
        words = [_WORDS.get(word, word) for word in key.split("_")]
        name = prefix + _NAMES.get(key, " ".join(words))
        if isinstance(value, Mapping):
            rows += flattened(value, f"{name}: ")
        elif isinstance(value, list | tuple):
            if value:
                rows.append({"what": name, "value": ", ".join(str(item) for item in value)})
        elif value is not None and value != "":
            rows.append({"what": name, "value": plain(value)})
    return rows


def plain(value: object) -> str:
    """Write a value of YAML or JSON as a word or a number."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
