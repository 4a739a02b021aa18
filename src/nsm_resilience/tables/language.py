# SPDX-License-Identifier: Apache-2.0
"""How counts and times are written in sentences, tables and figures."""

from __future__ import annotations

import math
from collections.abc import Sequence


def listed(items: Sequence[str], *, last: str = "and") -> str:
    """Join items as a list in a sentence.

    >>> listed(["S1"]), listed(["S1", "S2"]), listed(["S1", "S2", "S3"]), listed([])
    ('S1', 'S1 and S2', 'S1, S2 and S3', 'none')
    """
    if len(items) < 2:
        return items[0] if items else "none"
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def counted(n: int, one: str, more: str = "") -> str:
    """Write a number with its noun.

    >>> counted(1, "trial"), counted(0, "trial"), counted(2, "study", "studies")
    ('1 trial', '0 trials', '2 studies')
    """
    return f"{n:,} {one if n == 1 else more or one + 's'}"


def was(n: int) -> str:
    """The verb for a number.

    >>> was(0), was(1), was(2)
    ('were', 'was', 'were')
    """
    return "was" if n == 1 else "were"


def least_to_most(least: int | str, most: int | str) -> str:
    """Write two numbers as a span, or as one if they are written the same.

    >>> least_to_most(6, 8), least_to_most(8, 8), least_to_most("7.50", "7.50")
    ('6 to 8', '8', '7.50')
    """
    return str(most) if least == most else f"{least} to {most}"


def each(sizes: Sequence[int]) -> str:
    """Say how many trials each of several cells has.

    >>> each([8]), each([6, 8]), each([1, 1])
    ('8 trials each', '6 to 8 trials each', '1 trial each')
    """
    least, most = min(sizes), max(sizes)
    return f"{least_to_most(least, most)} {'trial' if most == 1 else 'trials'} each"


def shortened(text: str, most: int) -> str:
    """Cut a text to so many characters, of which the last is then `…`.

    >>> shortened("abc", 3), shortened("abcd", 3)
    ('abc', 'ab…')
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def seconds(value: float | None) -> str:
    """Write seconds with three significant digits; empty for no value.

    >>> seconds(0.1234), seconds(12.34), seconds(123.4), seconds(0.0)
    ('0.123', '12.3', '123', '0')
    """
    if value is None or math.isnan(value):
        return ""
    if math.isinf(value):
        return "not reached"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 3)}f}"


def median_seconds(value: float, seen: float) -> str:
    """Write a median; one among censored trials as longer than the median of what was seen.

    >>> median_seconds(12.34, 12.34), median_seconds(math.inf, 113.68), median_seconds(math.inf, 0)
    ('12.3', '> 113', '> 0')
    """
    return longer_than(seen) if math.isinf(value) else seconds(value)


def longer_than(seen: float) -> str:
    """Write a bound from below, rounded down: more is not known."""
    digits = max(0, 2 - math.floor(math.log10(seen))) if seen > 0 else 0
    return f"> {seconds(math.floor(seen * 10**digits) / 10**digits)}"
