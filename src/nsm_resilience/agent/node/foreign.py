# SPDX-License-Identifier: Apache-2.0
r"""Foreign bytes on this node as text that a record can hold.

Names of processes, files and interfaces, command lines, control groups and logs may hold any bytes.
They are read as bytes; bytes that are no UTF-8 are shown as `\xff`, so that different names stay
different. Python keeps such a byte in the name of a file as a lone surrogate, which is no valid
text: `printable` replaces it in the lines of scripts.
"""

from __future__ import annotations

import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


def text_of(raw: bytes) -> str:
    """Foreign bytes as text."""
    return raw.decode("utf-8", "backslashreplace")


def read(path: str) -> bytes:
    """The content of a file; OSError, also when its process ends during the reading."""
    with open(path, "rb") as stream:
        return stream.read()


def printable(value: Any) -> Any:
    """The same value, with every text in it, keys included, valid for UTF-8."""
    if isinstance(value, str):
        return _fit(value) if _SURROGATE.search(value) else value
    if isinstance(value, dict):
        return {printable(key): printable(held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable(held) for held in value]
    return value


def _fit(text: str) -> str:
    try:
        return text_of(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
