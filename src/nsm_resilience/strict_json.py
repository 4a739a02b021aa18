# SPDX-License-Identifier: Apache-2.0
r"""JSON that means the same to every reader: numbers are finite and fit, text is whole.

Python's own parser lets through what no other reads (`NaN`, `1e400` as infinity), integers of any
length, half a character (`"\ud800"`), and a key twice in one object, of which one reader takes the
first and another the last. In a record they are damage: nothing of ours writes any.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

LARGEST = 2**63 - 1
"""The largest integer of the tables, and of a clock in nanoseconds."""

SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character: no UTF-8 text has one."""


class JsonError(ValueError):
    """A text is no JSON, or holds what JSON cannot."""


def parse_json(text: str | bytes) -> Any:
    """What a JSON text says.

    Raises:
        JsonError: If it is no JSON or no UTF-8, nests too deeply, or holds a number that is not
            finite, an integer beyond 64 bits, half a character, or a key twice in one object.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        found = json.loads(
            text,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_fits,
            object_pairs_hook=_object,
        )
    except RecursionError as error:
        raise JsonError("nests too deeply") from error
    except ValueError as error:
        raise JsonError(str(error)) from error
    if "\\u" in text:  # only an escape can bring half a character into what was UTF-8
        half = SURROGATE.search(json.dumps(found, ensure_ascii=False))
        if half is not None:
            raise JsonError(f"holds half a character (U+{ord(half.group()):X})")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise JsonError(f"the key {ascii(key)[:40]} is there twice in one object; keep one")
        found[key] = value
    return found


def _no_number(name: str) -> float:
    raise JsonError(f"{name} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise JsonError(f"{text[:20]} is beyond every number")
    return value


def _fits(text: str) -> int:
    value = int(text) if len(text) < 21 else LARGEST + 1
    if not -LARGEST - 1 <= value <= LARGEST:
        raise JsonError(f"{text[:30]} does not fit 64 bits")
    return value
