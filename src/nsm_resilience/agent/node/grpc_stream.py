# SPDX-License-Identifier: Apache-2.0
"""One gRPC call that sends one message and then only listens: unary, or a server stream.

It implements the necessary parts of HTTP/2 (RFC 9113) and of gRPC: header blocks are written
without compression (RFC 7541, 6.2.3) and never read, because no decision depends on a header.
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator, Sequence

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
OUR_STREAM = 1
LARGEST_FRAME = 16384
"""Default of SETTINGS_MAX_FRAME_SIZE."""
LARGEST_MESSAGE = 4 * 1024 * 1024
"""Largest message that a gRPC client accepts by default."""


class Broken(Exception):
    """The other side ended the stream, or its connection is gone."""


class Unreadable(Exception):
    """The bytes are no gRPC that this module knows; the other side may be healthy."""


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame of HTTP/2."""
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def header(name: str, value: str) -> bytes:
    """A header, literal and never indexed; name and value are shorter than 127 bytes."""
    return b"\x10" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


class ServerStream:
    """The call over a connected socket. The caller sets its timeout."""

    def __init__(
        self,
        channel: socket.socket,
        method: str,
        message: bytes = b"",
        metadata: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Call `method`, as in `/package.Service/Method`, with a message (empty by default).

        `metadata` are further headers; the caller sets up TLS.
        """
        self._channel = channel
        self._received = bytearray()
        self._answered = False
        scheme = "https" if isinstance(channel, ssl.SSLSocket) else "http"
        headers = (
            (":method", "POST"), (":scheme", scheme), (":path", method),
            (":authority", "localhost"), ("te", "trailers"), ("content-type", "application/grpc"),
            *metadata,
        )  # fmt: skip
        block = b"".join(header(name, value) for name, value in headers)
        asked = struct.pack("!BI", 0, len(message)) + message  # not compressed
        self._send(
            PREFACE
            + frame(SETTINGS, 0, 0)
            + frame(HEADERS, END_HEADERS, OUR_STREAM, block)
            + frame(DATA, END_STREAM, OUR_STREAM, asked)
        )

    def wait_for_answer(self) -> None:
        """Return when the other side has shown that it speaks HTTP/2."""
        while not self._answered:
            self._read_frame()

    def messages(self) -> Iterator[bytes]:
        """The messages as they come. It ends only with Broken or Unreadable."""
        while True:
            while len(self._received) >= 5:
                compressed, length = struct.unpack_from("!BI", self._received)
                if compressed:
                    raise Unreadable("a message is compressed, which was not asked for")
                if length > LARGEST_MESSAGE:
                    raise Unreadable(f"a message of {length} bytes")
                if len(self._received) < 5 + length:
                    break
                message = bytes(self._received[5 : 5 + length])
                del self._received[: 5 + length]
                yield message
            self._read_frame()

    def _read_frame(self) -> None:
        head = self._read(9)
        length = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack("!BBI", head[3:])
        if length > LARGEST_FRAME or (not self._answered and kind != SETTINGS):
            raise Unreadable(f"no HTTP/2: {head.hex()}")
        payload = self._read(length)
        if kind == SETTINGS and not flags & ACK:
            self._send(frame(SETTINGS, ACK, 0))
            self._answered = True
        elif kind == PING and not flags & ACK:
            self._send(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            self._take_goaway(payload)
        elif stream & 0x7FFFFFFF == OUR_STREAM:
            self._take(kind, flags, payload)

    def _take(self, kind: int, flags: int, payload: bytes) -> None:
        """Take in a frame of our stream; unknown kinds are ignored (RFC 9113, 4.1)."""
        if kind == RST_STREAM:
            raise Broken(f"the stream was reset, HTTP/2 error {int.from_bytes(payload, 'big')}")
        if kind == DATA and payload:
            # A server waits when its window is used up, so the window is returned at once.
            room = struct.pack("!I", len(payload))
            self._send(frame(WINDOW_UPDATE, 0, 0, room) + frame(WINDOW_UPDATE, 0, OUR_STREAM, room))
            if flags & PADDED:
                if payload[0] >= len(payload):
                    raise Unreadable("the padding is longer than its frame")
                payload = payload[1 : len(payload) - payload[0]]
            self._received += payload
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            raise Broken("the other side ended the stream")

    def _take_goaway(self, payload: bytes) -> None:
        """Take in GOAWAY; streams that it does not exclude continue (RFC 9113, 6.8)."""
        if len(payload) < 8:
            raise Unreadable("GOAWAY is cut off")
        last, code = struct.unpack_from("!II", payload)
        if code or last & 0x7FFFFFFF < OUR_STREAM:
            said = payload[8:].decode("utf-8", "replace")
            raise Broken(f"the other side goes away, HTTP/2 error {code} {said}".rstrip())

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._channel.recv(count - len(data))
            if not part:
                raise Broken("the connection was closed")
            data += part
        return data

    def _send(self, data: bytes) -> None:
        self._channel.sendall(data)
