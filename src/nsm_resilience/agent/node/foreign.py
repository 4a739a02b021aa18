# SPDX-License-Identifier: Apache-2.0
r"""What others wrote on this node, as text that a record can hold.

Names of processes, files and interfaces, command lines, control groups and logs are bytes that
anybody may choose. They are read as bytes; what is no UTF-8 in them is shown as `\xff`, so that
two names stay two. A lone surrogate, which is how Python keeps such a byte in the name of a file,
is no text: no line of a script has one (`printable`).
"""

from __future__ import annotations

import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


def text_of(raw: bytes) -> str:
    """Bytes of somebody else as text."""
    return raw.decode("utf-8", "backslashreplace")


def read(path: str) -> bytes:
    """The content of a file; OSError, also for a process that ends while it is read."""
    with open(path, "rb") as stream:
        return stream.read()


def printable(value: Any) -> Any:
    """The same value, with every text in it (keys, too) fit for UTF-8."""
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
