# SPDX-License-Identifier: Apache-2.0
"""Stands for nsmd's workspace: a real gRPC server that gives, shows and closes connections.

Raw bytes, no code of NSM. Arguments: the socket's path, and `grant` or `refuse`. It writes `ready`,
and every request and close that it got, in hex.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc


def field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


def main(path: str, temper: str) -> None:
    connections = [b"7"]

    def request(message: bytes, context: Any) -> bytes:
        print(f"request {message.hex()}", flush=True)
        if temper == "refuse":
            context.abort(grpc.StatusCode.UNKNOWN, "file exists")
        connections.append(b"8")
        return field(1, b"8")

    def close(message: bytes, context: Any) -> bytes:
        print(f"close {message.hex()}", flush=True)
        if temper == "refuse":
            context.abort(grpc.StatusCode.UNKNOWN, "file exists")
        return b""

    def monitor(_: bytes, context: Any) -> Iterator[bytes]:
        event = b"".join(
            field(2, field(1, known) + field(2, field(1, known))) for known in connections
        )
        yield event
        threading.Event().wait(5)

    def raw(data: bytes) -> bytes:
        return data

    unary, stream = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "networkservice.NetworkService",
                {"Request": unary(request, raw, raw), "Close": unary(close, raw, raw)},
            ),
            grpc.method_handlers_generic_handler(
                "connection.MonitorConnection", {"MonitorConnections": stream(monitor, raw, raw)}
            ),
        )
    )
    server.add_insecure_port(f"unix:{path}")
    server.start()
    print("ready", flush=True)
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    main(*sys.argv[1:])
