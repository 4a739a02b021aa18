# SPDX-License-Identifier: Apache-2.0
"""The echo prober's own parts: packets, replies, the peer of an address, the fate of an echo."""

import json
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsm_resilience import agent


def as_reply(packet: bytes) -> bytes:
    header = b"\x45" + bytes(19)
    return header + bytes([0]) + packet[1:]


@given(st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_a_reply_is_known_by_its_full_number_and_nonce(ident: int, seq: int, nonce: int) -> None:
    import echo

    sent = echo.packet(ident, seq, nonce)
    assert echo.checksum(sent) == 0
    assert echo.reply_of(as_reply(sent), ident, nonce) == seq
    assert echo.reply_of(as_reply(sent), ident, nonce ^ 1) is None
    assert echo.reply_of(as_reply(sent), ident ^ 1, nonce) is None
    assert echo.reply_of(b"\x45" + bytes(19) + sent, ident, nonce) is None  # our own request


def test_the_checksum_is_that_of_rfc_1071() -> None:
    import echo

    # RFC 1071, section 3: the sum of these words is 0xddf2, its complement 0x220d
    assert echo.checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D


@pytest.mark.parametrize(
    ("address", "prefix", "peer"),
    [
        ("172.16.1.1", 30, "172.16.1.2"),
        ("172.16.1.6", 30, "172.16.1.5"),
        ("10.0.0.0", 31, "10.0.0.1"),
        ("10.0.0.1", 24, None),
        ("172.16.1.4", 30, None),
    ],
)
def test_the_peer_is_the_other_end_of_a_small_network(
    address: str, prefix: int, peer: str | None
) -> None:
    import echo

    assert echo.peer_of(socket.inet_aton(address), prefix) == peer


def test_an_echo_without_an_interface_has_the_fate_send_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import echo

    prober = echo.Prober({"interface": "absent0", "interval_ns": 10**7, "deadline_ns": 10**9})
    prober.target.look()
    prober.send(0, time.monotonic_ns())
    prober.settle(everything=True)
    line = json.loads(capsys.readouterr().out)
    assert line["rows"][0][4:] == ["send_error", "ENODEV"]


def test_an_echo_is_lost_only_after_its_deadline(capsys: pytest.CaptureFixture[str]) -> None:
    import echo

    prober = echo.Prober({"interface": "absent0", "interval_ns": 10**7, "deadline_ns": 10**9})
    now = time.monotonic_ns()
    prober.pending = {0: (now - 2 * 10**9, now - 2 * 10**9), 1: (now, now)}
    prober.settle()
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(r[0], r[4]) for r in rows] == [(0, "lost")]
    assert list(prober.pending) == [1]


def test_packets_are_in_network_order() -> None:
    import echo

    assert struct.unpack_from("!BB", echo.packet(1, 2, 3)) == (8, 0)


def test_a_prober_leaves_the_network_of_a_pod_that_is_gone_and_finds_its_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Staying would keep the interface of a dead client alive, and it would answer."""
    import echo
    import processes

    where: list[object] = []
    alive: dict[int, tuple[str, int]] = {7: ("S", 70)}
    monkeypatch.setattr(processes, "stat_of", alive.get)
    monkeypatch.setattr(processes, "of_pod", lambda uid: sorted(alive))
    monkeypatch.setattr(processes, "in_own_network", lambda pid: True)
    monkeypatch.setattr(echo, "network_of_process", lambda pid: "own")
    monkeypatch.setattr(echo, "enter", where.append)
    monkeypatch.setattr(echo, "enter_network", where.append)
    monkeypatch.setattr(echo, "SEARCH_NS", 0)
    target = echo.Target("nsm0")
    inside = echo.Inside("u", 7)
    inside.look(target)
    assert where == [7]
    del alive[7]
    inside.look(target)
    assert where == [7, "own"]
    inside.look(target)
    alive[9] = ("S", 90)
    inside.look(target)
    inside.look(target)
    assert where[-1] == 9 and where.count(9) == 1


def test_a_prober_whose_time_is_over_and_that_is_stopped_then_ends_as_it_should() -> None:
    """Stopped in the moment of its end it ended with code -15, as one that failed."""
    node = Path(agent.__file__).parent / "node"
    order = {"pod_uid": "none", "interface": "x", "peer": None, "interval_ns": 10**7,
             "deadline_ns": 10**7, "give_up_ns": 0}  # fmt: skip
    code = (
        "import atexit, os, signal, echo\n"
        "atexit.register(os.kill, os.getpid(), signal.SIGTERM)\n"
        "echo.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(order)],
        env={**os.environ, "PYTHONPATH": str(node)}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["because"] == "the pod never had a process"
