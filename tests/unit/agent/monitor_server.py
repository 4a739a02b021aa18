# SPDX-License-Identifier: Apache-2.0
"""Stands for NSM's monitor server: a real gRPC server in a process of its own, on one socket.

It sends raw bytes and has no code of NSM. Arguments: the socket's path and the initial state in
hex; for mutual TLS also the files of a key, of its certificate and of the authority that clients
are certified by. A line on its input is a message in hex for all who listen, or `end`. It writes
`ready`, and for every call `asked` with the request in hex and, when that is over, `gone`.
"""

from __future__ import annotations

import queue
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

END = b"end"


def say(text: str) -> None:
    print(text, flush=True)


def main(path: str, initial: bytes, *tls: str) -> None:
    listening: list[queue.Queue[bytes]] = []

    def monitor(request: bytes, context: Any) -> Iterator[bytes]:
        waiting: queue.Queue[bytes] = queue.Queue()
        listening.append(waiting)
        context.add_callback(lambda: say("gone"))
        say(f"asked {request.hex()}".strip())
        yield initial
        while (message := waiting.get()) != END:
            yield message

    def raw(data: bytes) -> bytes:
        return data

    handler = grpc.unary_stream_rpc_method_handler(monitor, raw, raw)
    methods = {"MonitorConnections": handler}
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("connection.MonitorConnection", methods),)
    )
    if tls:
        key, certificate, authority = (Path(file).read_bytes() for file in tls)
        server.add_secure_port(
            f"unix:{path}",
            grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True),
        )
    else:
        server.add_insecure_port(f"unix:{path}")
    server.start()
    say("ready")
    for line in sys.stdin:
        order = line.strip()
        for waiting in listening:
            waiting.put(END if order == "end" else bytes.fromhex(order))
    server.stop(None)


if __name__ == "__main__":
    main(sys.argv[1], bytes.fromhex(sys.argv[2]), *sys.argv[3:])
