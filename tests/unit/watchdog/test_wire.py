# SPDX-License-Identifier: Apache-2.0
"""What the watchdog writes is what the agent's reader, checked against protobuf, reads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

FIELDS = st.integers(1, 2**29 - 1)


@given(st.integers(0, 2**64 - 1))
def test_numbers_are_read_back(number: int) -> None:
    import protobuf

    data = protobuf.written(number)
    assert protobuf.varint(data, 0) == (number, len(data))


@given(FIELDS, st.text())
def test_texts_are_read_back_and_empty_ones_are_not_written(field: int, text: str) -> None:
    import protobuf
    import request

    data = request.text(field, text)
    assert protobuf.text(data, field) == text
    assert bool(data) == bool(text)


@given(FIELDS, st.dictionaries(st.text(), st.text()))
def test_maps_are_read_back(field: int, values: dict[str, str]) -> None:
    import protobuf
    import request

    entries = protobuf.messages(request.texts(field, values), field)
    assert {protobuf.text(e, 1): protobuf.text(e, 2) for e in entries} == values


def test_a_request_wants_the_addresses_of_both_ends() -> None:
    import protobuf
    import request

    inside = request.request_message(request.Wish("icmp", {}, interface="nsm0", network=4))
    for field in (request.CONNECTION, request.CONTEXT, request.IP_CONTEXT):
        (inside,) = protobuf.messages(inside, field)
    required = (request.SOURCE_REQUIRED, request.DESTINATION_REQUIRED)
    assert [protobuf.number(inside, field) for field in required] == [1, 1]


def test_known_bytes_of_the_format() -> None:
    """The examples of protobuf.dev, "Encoding": 150 in field 1, "testing" in field 2."""
    import protobuf
    import request

    assert protobuf.written(150) == bytes.fromhex("9601")
    assert request.text(2, "testing") == bytes.fromhex("12 07 74 65 73 74 69 6e 67")
