# SPDX-License-Identifier: Apache-2.0
"""Messages of a monitor stream, as the client of each NSM understands them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.agent.listening import event, field

REAL = Path(__file__).with_name("real") / "monitor-stream.txt"


def real_stream() -> list[bytes]:
    """What a forwarder's kill, and later a manager's, were told as by NSM v1.18.0."""
    lines = [line for line in REAL.read_text().splitlines() if not line.startswith("#")]
    return [base64.b64decode(line.partition("|")[2]) for line in lines]


def test_a_real_stream_of_today_is_read_as_the_client_knows_its_connection() -> None:
    import monitor_stream

    found = [monitor_stream.connection_event(message, "client") for message in real_stream()]
    client = [["client-0", "UP"]], [["client-0", "DOWN"]], [["client-0", "RESELECT_REQUESTED"]]
    up, down, reselect = client
    assert found == [
        {"type": "INITIAL", "connections": up},
        {"type": "UPDATE", "connections": down},
        {"type": "UPDATE", "connections": down},
        {"type": "DELETE", "connections": up},
        {"type": "UPDATE", "connections": up},
        {"type": "UPDATE", "connections": reselect},
        {"type": "INITIAL", "connections": []},
        {"type": "UPDATE", "connections": up},
    ]


def test_without_a_client_a_connection_has_the_name_that_the_manager_gave_it() -> None:
    import monitor_stream

    found = monitor_stream.connection_event(real_stream()[0])
    assert found is not None
    assert found["connections"] == [["ea698093-d15a-40ce-984f-7c6cc49fed42", "UP"]]


def test_news_of_others_is_none_and_the_initial_state_always_is_some() -> None:
    import monitor_stream

    initial, down = real_stream()[:2]
    for other in ("clien", "client-0", "nobody"):
        assert monitor_stream.connection_event(initial, other) == {
            "type": "INITIAL",
            "connections": [],
        }
        assert monitor_stream.connection_event(down, other) is None


@pytest.mark.parametrize(("index", "heeded"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_client_heeds_its_next_hop_alone(index: int, heeded: bool) -> None:
    import monitor_stream

    segments = [("client", "client-0"), ("nsmgr", "a"), ("forwarder", "b"), ("nsmgr", "c")]
    path = (field(1, index) if index else b"") + b"".join(
        field(2, field(1, name) + field(2, known_as)) for name, known_as in segments
    )
    connection = field(1, "its own") + field(6, path) + field(9, 1)
    message = field(1, 1) + field(2, field(1, "its own") + field(2, connection))
    expected = {"type": "UPDATE", "connections": [["client-0", "DOWN"]]} if heeded else None
    assert monitor_stream.connection_event(message, "client") == expected
    # seen from the forwarder, the manager behind it is the next hop
    assert (monitor_stream.connection_event(message, "forwarder") is not None) == (index in (2, 3))


@pytest.mark.parametrize("name", ["client", "c" * 200])
def test_what_is_asked_for_is_a_path_through_the_client(name: str) -> None:
    import monitor_stream
    import protobuf

    ((asked, segment),) = protobuf.fields(monitor_stream.selector(name))
    assert asked == 1 and isinstance(segment, bytes)
    assert list(protobuf.fields(segment)) == [(1, name.encode())]


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_an_event_or_an_error(data: bytes) -> None:
    import monitor_stream

    try:
        found = monitor_stream.connection_event(data)
    except ValueError:
        return
    assert set(found) == {"type", "connections"}


@given(
    st.integers(0, 2),
    st.dictionaries(st.text(min_size=1, max_size=8), st.integers(0, 1), max_size=4),
    st.data(),
)
def test_an_event_is_read_as_written_and_cut_anywhere_never_as_another_connection(
    kind: int, connections: dict[str, int], data: st.DataObject
) -> None:
    import monitor_stream

    written = event(kind, *connections.items())
    found = monitor_stream.connection_event(written)
    assert found["type"] == ("INITIAL", "UPDATE", "DELETE")[kind]
    expected = sorted([name, "DOWN" if state else "UP"] for name, state in connections.items())
    assert found["connections"] == expected
    cut = written[: data.draw(st.integers(0, len(written)))]
    try:
        part = monitor_stream.connection_event(cut)
    except ValueError:
        return
    assert all(row in expected for row in part["connections"])
