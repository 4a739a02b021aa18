# SPDX-License-Identifier: Apache-2.0
"""Read protocol buffers without their library, and write the few requests of the agent.

The wire format is that of protobuf.dev, "Encoding". Groups (wire types 3 and 4), long deprecated,
are refused. Every error in the bytes is a ValueError.
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED_64, DELIMITED, FIXED_32 = 0, 1, 2, 5


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and where it ends."""
    number = 0
    for count in range(10):  # ten bytes hold 64 bits
        if at >= len(data):
            raise ValueError("a number is cut off")
        number |= (data[at] & 0x7F) << (7 * count)
        at += 1
        if not data[at - 1] & 0x80:
            return number, at
    raise ValueError("a number is longer than ten bytes")


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of one message in order; a varint is a number, else bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        field, wire_type = key >> 3, key & 7
        if field == 0:
            raise ValueError("a field has the number 0")
        if wire_type == VARINT:
            number, at = varint(data, at)
            yield field, number
            continue
        if wire_type == DELIMITED:
            length, at = varint(data, at)
        elif wire_type in (FIXED_32, FIXED_64):
            length = 4 if wire_type == FIXED_32 else 8
        else:
            raise ValueError(f"field {field} has the wire type {wire_type}")
        if length > len(data) - at:
            raise ValueError(f"field {field} is cut off")
        yield field, data[at : at + length]
        at += length


def messages(data: bytes, wanted: int) -> list[bytes]:
    """All values of a field that holds messages or texts."""
    found = [value for field, value in fields(data) if field == wanted]
    return [_as_bytes(value, wanted) for value in found]


def text(data: bytes, wanted: int) -> str:
    """A text field, empty when it is missing; of several the last one."""
    found = messages(data, wanted)
    return found[-1].decode("utf-8", "replace") if found else ""


def number(data: bytes, wanted: int) -> int:
    """A number or enum field, 0 when it is missing; of several the last one."""
    found = [value for field, value in fields(data) if field == wanted]
    if found and not isinstance(found[-1], int):
        raise ValueError(f"field {wanted} holds no number")
    return int(found[-1]) if found else 0


def delimited(field: int, value: bytes) -> bytes:
    """The encoding of a field with a message, a text or bytes."""
    return written(field << 3 | DELIMITED) + written(len(value)) + value


def written(number: int) -> bytes:
    """The encoding of a number from 0 to 2^64 - 1 as a varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _as_bytes(value: int | bytes, field: int) -> bytes:
    if isinstance(value, int):
        raise ValueError(f"field {field} holds a number")
    return value
