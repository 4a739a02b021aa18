# SPDX-License-Identifier: Apache-2.0
"""Write fields of protocol buffers, as many kinds as a request takes (see the agent's `protobuf`).

Empty values are not written, as in proto3.
"""

from __future__ import annotations

from collections.abc import Mapping

from protobuf import VARINT, delimited, written


def text(field: int, value: str) -> bytes:
    """A field that holds a text."""
    return delimited(field, value.encode()) if value else b""


def truth(field: int, value: bool) -> bytes:
    """A field that holds a truth value."""
    return written(field << 3 | VARINT) + b"\x01" if value else b""


def texts(field: int, values: Mapping[str, str]) -> bytes:
    """A map of texts: one entry message each, in the order of the keys."""
    return b"".join(
        delimited(field, delimited(1, key.encode()) + delimited(2, value.encode()))
        for key, value in sorted(values.items())
    )
