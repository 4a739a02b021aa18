# SPDX-License-Identifier: Apache-2.0
"""Stands for SPIRE's agent: a real gRPC server in a process of its own, on one socket.

Argument: the socket's path. A line on its input is the answer from then on, in hex, or `refuse`. It
writes `ready`, and for every call `asked`, or `without header` when it lacks the one that the
Workload API asks for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc


def say(text: str) -> None:
    print(text, flush=True)


def main(path: str) -> None:
    answers: list[bytes] = []

    def fetch(request: bytes, context: Any) -> Iterator[bytes]:
        if ("workload.spiffe.io", "true") not in context.invocation_metadata():
            say("without header")
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "security header missing")
        say("asked")
        if not answers:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no identity issued")
        yield answers[-1]

    def raw(data: bytes) -> bytes:
        return data

    handler = grpc.unary_stream_rpc_method_handler(fetch, raw, raw)
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("SpiffeWorkloadAPI", {"FetchX509SVID": handler}),)
    )
    server.add_insecure_port(f"unix:{path}")
    server.start()
    say("ready")
    for line in sys.stdin:
        order = line.strip()
        if order == "refuse":
            answers.clear()
        else:
            answers.append(bytes.fromhex(order))
        say("noted")
    server.stop(None)


if __name__ == "__main__":
    main(sys.argv[1])
