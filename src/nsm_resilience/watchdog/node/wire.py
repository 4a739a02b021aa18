# SPDX-License-Identifier: Apache-2.0
"""Write protocol buffers without their library: as much of the wire format as a request takes.

The format is that of protobuf.dev, "Encoding"; reading is in the agent's `protobuf` module. Empty
values are not written, as in proto3.
"""

from __future__ import annotations

from collections.abc import Mapping

VARINT, DELIMITED = 0, 2


def varint(number: int) -> bytes:
    """A number of 0 to 2^64 - 1."""
    if not 0 <= number < 1 << 64:
        raise ValueError(f"{number} is no unsigned number of 64 bits")
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def delimited(field: int, value: bytes) -> bytes:
    """A field that holds a message or bytes, also when it is empty."""
    return varint(field << 3 | DELIMITED) + varint(len(value)) + value


def text(field: int, value: str) -> bytes:
    """A field that holds a text."""
    return delimited(field, value.encode()) if value else b""


def truth(field: int, value: bool) -> bytes:
    """A field that holds a truth value."""
    return varint(field << 3 | VARINT) + b"\x01" if value else b""


def texts(field: int, values: Mapping[str, str]) -> bytes:
    """A map of texts: one entry message each, in the order of the keys."""
    return b"".join(
        delimited(field, delimited(1, key.encode()) + delimited(2, value.encode()))
        for key, value in sorted(values.items())
    )
